// Bringing a session database's schema up to date, and checking that of one that is not ours.
#pragma once

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

// kCorrupt unless SQLite finds the whole file in order. Costs a read of all of it.
[[nodiscard]] base::Status check_whole(Database& database);

// The bytes of a new database of that kind.
[[nodiscard]] base::Result<std::string> make_template(DatabaseFile file);

}  // namespace patchbay::session
