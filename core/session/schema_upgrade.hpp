// Bringing a session database's schema up to date, and checking that of one that is not ours.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"
#include "session/database.hpp"

namespace patchbay::session {

// Makes what is missing: tables, late columns, indexes. Inside the caller's transaction.
[[nodiscard]] base::Status bring_up_to_date(Database& database, DatabaseFile file);

// kRefused unless `table` is a plain table: no view, no virtual table, with rowids, without
// generated columns, no column of its own named rowid. Inside a transaction, after a first read.
[[nodiscard]] base::Status check_plain_table(Database& database, const char* table,
                                             const char* key_column);

// kCorrupt unless SQLite finds the whole file in order. Costs a read of all of it; that the indexes
// agree with their tables costs some more.
enum class Depth : std::uint8_t { kPages, kWithIndexes };
[[nodiscard]] base::Status check_whole(Database& database, Depth depth);

// The bytes of a new database of that kind; with `user_version`, which SQLite leaves to us.
inline constexpr std::int64_t kToBeRefilled = 1;  // inbound.db in place of one that was set aside
[[nodiscard]] base::Result<std::string> make_template(DatabaseFile file,
                                                      std::int64_t user_version = 0);

}  // namespace patchbay::session
