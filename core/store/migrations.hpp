// The schema of the central database, as numbered steps.
#pragma once

#include <span>
#include <string>

#include "base/status.hpp"

namespace SQLite {
class Database;
}

namespace patchbay::store {

struct Migration {
  int version;
  const char* name;
  const char* sql;
};

// In order, from 1. A step that was released is never changed: add another.
[[nodiscard]] std::span<const Migration> all_migrations();

// Applies what is missing, each step in a transaction of its own. kRefused: the schema is newer
// than `migrations`; nothing is touched.
[[nodiscard]] base::Status migrate(SQLite::Database& database, const std::string& path,
                                   std::span<const Migration> migrations = all_migrations());

}  // namespace patchbay::store
