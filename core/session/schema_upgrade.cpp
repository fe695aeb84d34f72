#include "session/schema_upgrade.hpp"

#include <memory>
#include <span>
#include <sqlite3.h>

#include "base/text.hpp"
#include "session/schema.hpp"

namespace patchbay::session {
namespace {

using base::Result;
using base::Status;

Status execute_all(Database& database, std::span<const std::string_view> statements) {
  for (const std::string_view statement : statements) {
    PATCHBAY_TRY(database.execute(std::string(statement).c_str()));
  }
  return {};
}

Status add_missing_columns(Database& database, std::span<const schema::LateColumn> columns) {
  for (const schema::LateColumn& late : columns) {
    const std::string table(late.table);
    const std::string column(late.column);
    if (database.has_plain_column(table.c_str(), column.c_str())) {
      continue;
    }
    std::string sql = "ALTER TABLE " + table;
    sql += " ADD COLUMN " + column;
    sql += " ";
    sql += late.declaration;
    PATCHBAY_TRY(database.execute(sql.c_str()));
  }
  return {};
}

bool is_rowid_name(std::string_view column) { return base::to_lower(column) == "rowid"; }

}  // namespace

Status bring_up_to_date(Database& database, DatabaseFile file) {
  if (file == DatabaseFile::kInbound) {
    PATCHBAY_TRY(execute_all(database, schema::kInboundTables));
    PATCHBAY_TRY(add_missing_columns(database, schema::kInboundLateColumns));
    return execute_all(database, schema::kInboundIndexes);
  }
  PATCHBAY_TRY(execute_all(database, schema::kOutboundTables));
  return add_missing_columns(database, schema::kOutboundLateColumns);
}

Status check_plain_table(Database& database, const char* table, const char* key_column) {
  if (!database.has_plain_column(table, key_column)) {
    return database.refuse(std::string(table) + " is no plain table with a column " + key_column);
  }
  PATCHBAY_ASSIGN(Statement root, database.prepare("SELECT rootpage FROM sqlite_schema WHERE"
                                                   " lower(name) = ?1 AND type = 'table'"));
  root.bind(1, std::string_view(table));
  PATCHBAY_ASSIGN(const bool found, root.step());
  if (!found || root.number(0) <= 1) {
    return database.refuse(std::string(table) + " is no plain table");
  }
  // Known by now to be no virtual table, so listing its columns runs no code of a module.
  PATCHBAY_ASSIGN(Statement columns,
                  database.prepare("PRAGMA table_xinfo(" + std::string(table) + ")"));
  constexpr int kName = 1;
  constexpr int kHidden = 6;
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, columns.step());
    if (!row) {
      break;
    }
    if (columns.number(kHidden) != 0) {
      return database.refuse(std::string(table) + " has a generated column");
    }
    if (is_rowid_name(columns.text(kName))) {
      return database.refuse(std::string(table) + " has a column named rowid");
    }
  }
  const auto rowid = database.prepare("SELECT rowid FROM " + std::string(table));
  return rowid.ok() ? Status() : database.refuse(std::string(table) + " has no rowid");
}

Status check_whole(Database& database, Depth depth) {
  database.allow_steps_for_whole_file();
  PATCHBAY_ASSIGN(Statement check,
                  database.prepare(depth == Depth::kPages ? "PRAGMA quick_check(1)"
                                                          : "PRAGMA integrity_check(1)"));
  PATCHBAY_ASSIGN(const bool row, check.step());
  if (row && check.text(0) == "ok") {
    return {};
  }
  return {base::Code::kCorrupt,
          database.shown() + " is damaged: " +
              base::to_valid_utf8(row ? check.text(0).substr(0, 200) : std::string_view())};
}

Result<std::string> make_template(DatabaseFile file, std::int64_t user_version) {
  PATCHBAY_ASSIGN(Database database, Database::open_in_memory());
  PATCHBAY_TRY(bring_up_to_date(database, file));
  const std::string mark = "PRAGMA user_version = " + std::to_string(user_version);
  PATCHBAY_TRY(database.execute(mark.c_str()));
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> bytes(
      sqlite3_serialize(database.handle(), "main", &size, 0), sqlite3_free);
  if (bytes == nullptr) {
    return Status(base::Code::kInternal, "SQLite cannot serialise a new session database");
  }
  return std::string(bytes.get(), bytes.get() + size);
}

}  // namespace patchbay::session
