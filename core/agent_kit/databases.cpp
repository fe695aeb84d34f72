#include "agent_kit/databases.hpp"

#include <SQLiteCpp/Statement.h>
#include <span>
#include <sqlite3.h>

#include "session/schema.hpp"

namespace patchbay::agent_kit {
namespace {

namespace schema = session::schema;

constexpr int kBusyTimeoutMs = 5000;

SQLite::Database with_rules(SQLite::Database database) {
  database.exec("PRAGMA foreign_keys = ON");
  database.exec("PRAGMA mmap_size = 0");
  return database;
}

bool has_column(SQLite::Database& database, const schema::LateColumn& late) {
  SQLite::Statement columns(database, "SELECT 1 FROM pragma_table_info(?) WHERE name = ?");
  columns.bind(1, std::string(late.table));
  columns.bind(2, std::string(late.column));
  return columns.executeStep();
}

void bring_up_to_date(SQLite::Database& database, std::span<const std::string_view> tables,
                      std::span<const schema::LateColumn> late_columns) {
  for (const std::string_view table : tables) {
    database.exec(std::string(table));
  }
  for (const schema::LateColumn& late : late_columns) {
    if (!has_column(database, late)) {
      database.exec("ALTER TABLE " + std::string(late.table) + " ADD COLUMN " +
                    std::string(late.column) + " " + std::string(late.declaration));
    }
  }
}

}  // namespace

base::Status status_of(const SQLite::Exception& error, std::string_view what) {
  using base::Code;
  Code code = Code::kIo;
  switch (error.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      code = Code::kBusy;
      break;
    case SQLITE_READONLY:  // a hot journal, which the host rolls back
    case SQLITE_CANTOPEN:
      code = Code::kUnavailable;
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      code = Code::kCorrupt;
      break;
    case SQLITE_TOOBIG:
      code = Code::kTooLarge;
      break;
    default:
      break;
  }
  return {code, std::string(what) + ": " + error.what()};
}

AgentSession::Databases::Databases(const std::string& folder)
    : inbound_path_(folder + "/inbound.db"),
      outbound_(with_rules(
          SQLite::Database(folder + "/outbound.db", SQLite::OPEN_READWRITE, kBusyTimeoutMs))) {
  // A rollback journal is durable only once its folder is synced, which EXTRA adds.
  outbound_.exec("PRAGMA synchronous = EXTRA");
  bring_up_to_date(outbound_, schema::kOutboundTables, schema::kOutboundLateColumns);
}

AgentSession::Databases::Databases()
    : inbound_(with_rules(SQLite::Database(":memory:", SQLite::OPEN_READWRITE))),
      outbound_(with_rules(SQLite::Database(":memory:", SQLite::OPEN_READWRITE))) {
  bring_up_to_date(*inbound_, schema::kInboundTables, schema::kInboundLateColumns);
  for (const std::string_view index : schema::kInboundIndexes) {
    inbound_->exec(std::string(index));
  }
  bring_up_to_date(outbound_, schema::kOutboundTables, schema::kOutboundLateColumns);
}

SQLite::Database AgentSession::Databases::open_inbound() const {
  return with_rules(SQLite::Database(inbound_path_, SQLite::OPEN_READONLY, kBusyTimeoutMs));
}

}  // namespace patchbay::agent_kit
