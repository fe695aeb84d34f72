// The only way in which the host opens session databases: a SQLite VFS that is bound to the
// descriptor of a session's folder and trusts nothing in it.
//
// - Four names exist: inbound.db, outbound.db and their journals. Super-journals, WAL, shared
// memory
//   and temporary files are refused, so a planted journal cannot lead out of the folder.
// - A file is opened in three steps: openat2 with O_PATH (which cannot block or run a driver),
//   fstat (regular, one link), reopening of exactly that inode.
// - Deleting inbound.db-journal empties it instead: the agent may have it mounted by itself, and an
//   unlinked file would leave its mount on a stale inode.
//
// Beneath it works SQLite's own "unix" VFS, with its locks and syncs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace patchbay::session {

inline constexpr const char* kConfinedVfs = "patchbay-confined";

enum class DatabaseFile : std::uint8_t { kInbound, kOutbound };
[[nodiscard]] std::string_view file_name(DatabaseFile database);
[[nodiscard]] std::string journal_name(DatabaseFile database);

// [any thread] Registers the VFS and its `open` once for the process. The first call must come
// before another thread uses SQLite.
[[nodiscard]] base::Status register_confined_vfs();

// The name under which SQLite opens the database in the folder behind this descriptor, which must
// stay open for as long as the connection.
[[nodiscard]] std::string confined_path(int folder, DatabaseFile database);

// What happened beneath SQLite on this thread since the caller last cleared it; SQLite's own error
// codes are too coarse to name the reason.
struct VfsReport {
  std::string refusal;               // "outbound.db-journal is a FIFO"; empty: nothing was refused
  std::uint64_t database_inode = 0;  // of the database opened last
};
[[nodiscard]] VfsReport& vfs_report();

// The database's change counter, read without any lock: a hint that is checked again under a lock.
[[nodiscard]] base::Result<std::uint32_t> read_change_counter(int folder, DatabaseFile database);

}  // namespace patchbay::session
