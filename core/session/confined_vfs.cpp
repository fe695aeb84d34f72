#include "session/confined_vfs.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "session/confined_open.hpp"

namespace patchbay::session {
namespace {

using base::Code;
using base::Status;

using OpenFunction = int (*)(const char*, int, int);
using StatFunction = int (*)(const char*, struct stat*);

// Written once, before the VFS is registered; read-only afterwards.
struct Beneath {
  sqlite3_vfs* unix_vfs = nullptr;
  OpenFunction unix_open = nullptr;
  StatFunction unix_stat = nullptr;
};
Beneath& beneath() {
  static Beneath instance;
  return instance;
}

extern "C" int patchbay_sqlite_open(const char* path, int flags, int mode) {
  const auto confined = parse_confined_path(path);
  return confined ? open_confined(*confined, flags, mode) : beneath().unix_open(path, flags, mode);
}

// By this the unix VFS finds a descriptor that it kept open for the sake of another connection's
// locks, and hands it out again without opening anything.
extern "C" int patchbay_sqlite_stat(const char* path, struct stat* facts) {
  const auto confined = parse_confined_path(path);
  return confined ? stat_confined(*confined, *facts) : beneath().unix_stat(path, facts);
}

// A copy of the methods without shared memory and memory maps: WAL mode is then impossible. The
// unix VFS has a handful of method tables, one for each way of locking.
const sqlite3_io_methods* first_version_of(const sqlite3_io_methods* methods) {
  struct Copy {
    const sqlite3_io_methods* original = nullptr;
    sqlite3_io_methods first_version{};
  };
  static std::mutex mutex;
  static std::array<Copy, 8> copies;  // guarded by mutex
  const std::lock_guard lock(mutex);
  for (Copy& copy : copies) {
    if (copy.original == nullptr) {
      copy.original = methods;
      copy.first_version = *methods;
      copy.first_version.iVersion = 1;
    }
    if (copy.original == methods) {
      return &copy.first_version;
    }
  }
  return nullptr;
}

extern "C" int patchbay_vfs_open(sqlite3_vfs* /*vfs*/, sqlite3_filename name, sqlite3_file* file,
                                 int flags, int* out_flags) {
  file->pMethods = nullptr;
  const auto path = name == nullptr ? std::nullopt : parse_confined_path(name);
  const bool database = (flags & SQLITE_OPEN_MAIN_DB) != 0 && path && is_database_name(path->name);
  const bool journal =
      (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0 && path && is_journal_name(path->name);
  if (!database && !journal) {
    vfs_report().refusal = (flags & SQLITE_OPEN_SUPER_JOURNAL) != 0
                               ? "its journal names a super-journal"
                               : "a file outside the session's databases was asked for";
    return SQLITE_CANTOPEN;
  }
  sqlite3_vfs* const unix_vfs = beneath().unix_vfs;
  const int result = unix_vfs->xOpen(unix_vfs, name, file, flags, out_flags);
  if (file->pMethods != nullptr) {
    const sqlite3_io_methods* methods = first_version_of(file->pMethods);
    if (methods == nullptr) {
      file->pMethods->xClose(file);
      file->pMethods = nullptr;
      return SQLITE_CANTOPEN;
    }
    file->pMethods = methods;
  }
  return result;
}

// Keeps the file itself for whoever has it mounted.
int empty_file(const ConfinedPath& path) {
  const base::UniqueFd fd(open_confined(path, O_RDWR, 0));
  if (!fd.valid()) {
    return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  }
  return ::ftruncate(fd.get(), 0) == 0 && ::fdatasync(fd.get()) == 0 ? SQLITE_OK
                                                                     : SQLITE_IOERR_DELETE;
}

int remove_file(const ConfinedPath& path, bool sync_folder) {
  if (::unlinkat(path.folder, path.name.c_str(), 0) != 0) {
    return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  }
  if (!sync_folder) {
    return SQLITE_OK;
  }
  const base::UniqueFd folder(::openat(path.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.valid() && ::fsync(folder.get()) == 0 ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

extern "C" int patchbay_vfs_delete(sqlite3_vfs* /*vfs*/, const char* name, int sync_folder) {
  const auto path = parse_confined_path(name);
  if (!path || !is_journal_name(path->name)) {
    vfs_report().refusal = "the deletion of a file that is no journal was asked for";
    return SQLITE_IOERR_DELETE;
  }
  return path->name == journal_name(DatabaseFile::kInbound) ? empty_file(*path)
                                                            : remove_file(*path, sync_folder != 0);
}

extern "C" int patchbay_vfs_access(sqlite3_vfs* /*vfs*/, const char* name, int /*flags*/,
                                   int* found) {
  *found = 0;
  const auto path = parse_confined_path(name);
  if (path && path->name.ends_with("-wal")) {
    return SQLITE_OK;  // never: a WAL file is not looked at
  }
  if (!path || !is_journal_name(path->name)) {
    // Only a super-journal is asked for under another name.
    vfs_report().refusal = "its journal names a super-journal";
    return SQLITE_IOERR_ACCESS;
  }
  const auto exists = confined_file_exists(*path);
  if (!exists.ok()) {
    vfs_report().refusal = exists.status().message();
    return SQLITE_IOERR_ACCESS;
  }
  *found = *exists ? 1 : 0;
  return SQLITE_OK;
}

extern "C" int patchbay_vfs_full_pathname(sqlite3_vfs* /*vfs*/, const char* name, int size,
                                          char* out) {
  // Not resolved: the unix VFS would follow the descriptor to the folder's path.
  const std::size_t length = std::strlen(name);
  if (length >= static_cast<std::size_t>(size)) {
    return SQLITE_CANTOPEN;
  }
  std::memcpy(out, name, length + 1);
  return SQLITE_OK;
}

Status register_once() {
  sqlite3_vfs* const unix_vfs = sqlite3_vfs_find("unix");
  if (unix_vfs == nullptr) {
    return {Code::kInternal, "this SQLite has no unix VFS"};
  }
  beneath().unix_vfs = unix_vfs;
  beneath().unix_open = reinterpret_cast<OpenFunction>(unix_vfs->xGetSystemCall(unix_vfs, "open"));
  beneath().unix_stat = reinterpret_cast<StatFunction>(unix_vfs->xGetSystemCall(unix_vfs, "stat"));
  static sqlite3_vfs shim;
  shim = *unix_vfs;
  shim.pNext = nullptr;
  shim.zName = kConfinedVfs;
  shim.xOpen = patchbay_vfs_open;
  shim.xDelete = patchbay_vfs_delete;
  shim.xAccess = patchbay_vfs_access;
  shim.xFullPathname = patchbay_vfs_full_pathname;
  shim.xDlOpen = nullptr;
  shim.xDlError = nullptr;
  shim.xDlSym = nullptr;
  shim.xDlClose = nullptr;
  const int opened = unix_vfs->xSetSystemCall(
      unix_vfs, "open", reinterpret_cast<sqlite3_syscall_ptr>(patchbay_sqlite_open));
  const int found = unix_vfs->xSetSystemCall(
      unix_vfs, "stat", reinterpret_cast<sqlite3_syscall_ptr>(patchbay_sqlite_stat));
  if (opened != SQLITE_OK || found != SQLITE_OK || sqlite3_vfs_register(&shim, 0) != SQLITE_OK) {
    return {Code::kInternal, "SQLite refused the VFS for session databases"};
  }
  return {};
}

}  // namespace

std::string_view file_name(DatabaseFile database) {
  return database == DatabaseFile::kInbound ? "inbound.db" : "outbound.db";
}

std::string journal_name(DatabaseFile database) {
  return std::string(file_name(database)) + "-journal";
}

Status register_confined_vfs() {
  static const Status result = register_once();
  return result;
}

std::string confined_path(int folder, DatabaseFile database) {
  std::string path = "/proc/self/fd/" + std::to_string(folder) + "/";
  path += file_name(database);
  return path;
}

VfsReport& vfs_report() {
  thread_local VfsReport report;
  return report;
}

base::Result<std::uint32_t> read_change_counter(int folder, DatabaseFile database) {
  constexpr sqlite3_int64 kOffset = 24;
  vfs_report() = {};
  const std::unique_ptr<char, void (*)(char*)> name(
      const_cast<char*>(
          sqlite3_create_filename(confined_path(folder, database).c_str(), "", "", 0, nullptr)),
      [](char* text) { sqlite3_free_filename(text); });
  sqlite3_vfs* const vfs = sqlite3_vfs_find(kConfinedVfs);
  const std::unique_ptr<void, void (*)(void*)> memory(
      std::calloc(1, static_cast<std::size_t>(vfs->szOsFile)), std::free);
  auto* const file = static_cast<sqlite3_file*>(memory.get());
  int out_flags = 0;
  const int opened =
      vfs->xOpen(vfs, name.get(), file, SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY, &out_flags);
  std::array<unsigned char, 4> bytes{};
  int read = SQLITE_IOERR;
  if (opened == SQLITE_OK) {
    read = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), kOffset);
  }
  if (file->pMethods != nullptr) {
    file->pMethods->xClose(file);
  }
  if (read != SQLITE_OK) {
    return Status(Code::kUnavailable, std::string(file_name(database)) + " has no header");
  }
  std::uint32_t counter = 0;
  for (const unsigned char byte : bytes) {
    counter = counter << 8U | byte;
  }
  return counter;
}

}  // namespace patchbay::session
