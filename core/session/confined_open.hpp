// Opening the files of a session folder for SQLite. Used by the confined VFS alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "base/status.hpp"

namespace patchbay::session {

// "/proc/self/fd/<folder>/<name>", or without a name for the folder itself.
struct ConfinedPath {
  int folder = -1;
  std::string name;
};
[[nodiscard]] std::optional<ConfinedPath> parse_confined_path(std::string_view path);

// True for the two journals.
[[nodiscard]] bool is_journal_name(std::string_view name);
// True for the two databases.
[[nodiscard]] bool is_database_name(std::string_view name);

// As open(2): a descriptor, or -1 with errno, the reason then in vfs_report().refusal unless the
// file is just missing.
[[nodiscard]] int open_confined(const ConfinedPath& path, int flags, int mode);

// As lstat(2), but fails on whatever open_confined() would refuse.
[[nodiscard]] int stat_confined(const ConfinedPath& path, struct stat& facts);

// Whether a file of that name with at least one byte is there. Something that is no plain file is a
// refusal (kRefused).
[[nodiscard]] base::Result<bool> confined_file_exists(const ConfinedPath& path);

}  // namespace patchbay::session
