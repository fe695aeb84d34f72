#include "plain_sqlite.hpp"

#include <span>
#include <sqlite3.h>
#include <stdexcept>

#include "session/schema.hpp"

namespace patchbay::bench {
namespace {

constexpr int kBusyMs = 5000;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

Statement first_row(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database, sql.c_str(), -1, &raw, nullptr) != SQLITE_OK) {
    throw std::runtime_error(std::string(sqlite3_errmsg(database)) + ": " + sql);
  }
  Statement statement(raw);
  if (sqlite3_step(raw) != SQLITE_ROW) {
    throw std::runtime_error("no row: " + sql);
  }
  return statement;
}

}  // namespace

void PlainDatabase::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

PlainDatabase::PlainDatabase(const std::string& path) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database_.reset(raw);
  if (opened != SQLITE_OK) {
    throw std::runtime_error("cannot open " + path);
  }
  sqlite3_busy_timeout(raw, kBusyMs);
}

void PlainDatabase::run(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw std::runtime_error(std::string(sqlite3_errmsg(database_.get())) + ": " + sql);
  }
}

std::int64_t PlainDatabase::number(const std::string& sql) {
  return sqlite3_column_int64(first_row(database_.get(), sql).get(), 0);
}

std::string PlainDatabase::text(const std::string& sql) {
  const Statement row = first_row(database_.get(), sql);
  const unsigned char* bytes = sqlite3_column_text(row.get(), 0);
  return bytes == nullptr ? std::string() : reinterpret_cast<const char*>(bytes);
}

void make_inbound_tables(const std::string& path) {
  PlainDatabase database(path);
  for (const auto statements :
       {std::span(session::schema::kInboundTables), std::span(session::schema::kInboundIndexes)}) {
    for (const std::string_view statement : statements) {
      database.run(std::string(statement));
    }
  }
}

void make_outbound_tables(const std::string& path) {
  PlainDatabase database(path);
  for (const std::string_view statement : session::schema::kOutboundTables) {
    database.run(std::string(statement));
  }
}

void open_insert_close(const std::string& path, int number) {
  PlainDatabase database(path);
  database.run("PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA");
  const std::string text = std::to_string(number);
  database.run(
      "INSERT INTO messages_in(id, seq, kind, timestamp, platform_id, channel_type, content) "
      "VALUES('m" +
      text + "', " + std::to_string(2 * number) +
      ", 'chat', '2026-01-01T00:00:00.000Z', 'telegram:group:-1', 'telegram', "
      "'{\"text\":\"hello " +
      text + "\",\"sender\":\"Ann\",\"senderId\":\"42\"}')");
}

}  // namespace patchbay::bench
