#include "session/confined_open.hpp"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.hpp"
#include "session/confined_vfs.hpp"

namespace patchbay::session {
namespace {

constexpr std::string_view kPrefix = "/proc/self/fd/";

int open_beneath(int folder, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: a rename somewhere raced with the walk and the kernel cannot tell; ask again.
  for (int attempt = 0;; ++attempt) {
    const long fd = ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || attempt == 100) {
      return static_cast<int>(fd);
    }
  }
}

std::string_view kind_words(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "a folder";
    case S_IFLNK:
      return "a symbolic link";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    default:
      return "a device";
  }
}

// Why a file of these facts must not be opened; empty if it may.
std::string objection(const std::string& name, const struct stat& facts) {
  if (!S_ISREG(facts.st_mode)) {
    return name + " is " + std::string(kind_words(facts.st_mode));
  }
  if (facts.st_nlink > 1) {
    return name + " has " + std::to_string(facts.st_nlink) + " hard links";
  }
  return {};
}

// Nothing is wrong with the file: it may be opened later.
bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO || error == EINTR;
}

int refuse(std::string reason) {
  vfs_report().refusal = std::move(reason);
  // Not EACCES: SQLite would take that for a folder that is read-only.
  errno = ELOOP;
  return -1;
}

// The inode behind an O_PATH descriptor. O_NONBLOCK: a lease on the file would otherwise hold the
// open for 45 seconds; for reading and writing a regular file it means nothing.
int reopen(int path_fd, int flags) {
  const std::string link = std::string(kPrefix) + std::to_string(path_fd);
  const int kept = flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW);
  return ::open(link.c_str(), kept | O_NONBLOCK | O_CLOEXEC);
}

}  // namespace

std::optional<ConfinedPath> parse_confined_path(std::string_view path) {
  if (!path.starts_with(kPrefix)) {
    return std::nullopt;
  }
  path.remove_prefix(kPrefix.size());
  ConfinedPath result;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), result.folder);
  if (error != std::errc() || result.folder < 0) {
    return std::nullopt;
  }
  path.remove_prefix(static_cast<std::size_t>(end - path.data()));
  if (!path.empty() && path.front() != '/') {
    return std::nullopt;
  }
  result.name = path.empty() ? path : path.substr(1);
  return result;
}

bool is_journal_name(std::string_view name) {
  return name == "inbound.db-journal" || name == "outbound.db-journal";
}

bool is_database_name(std::string_view name) {
  return name == "inbound.db" || name == "outbound.db";
}

int open_confined(const ConfinedPath& path, int flags, int mode) {
  if (path.name.empty()) {
    // For the sync of the folder after a journal was made; refused, SQLite would skip it silently.
    return ::openat(path.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  if (!is_database_name(path.name) && !is_journal_name(path.name)) {
    return refuse(path.name + " is no file of a session database");
  }
  // An agent that makes and removes the file all the time must not keep us here.
  for (int attempt = 0; attempt < 3; ++attempt) {
    const base::UniqueFd handle(open_beneath(path.folder, path.name, O_PATH | O_NOFOLLOW));
    if (!handle.valid() && errno == ENOENT && (flags & O_CREAT) != 0) {
      const int fd = ::openat(path.folder, path.name.c_str(),
                              (flags & ~O_TRUNC) | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
      if (fd >= 0 || errno != EEXIST) {
        return fd;
      }
      continue;
    }
    if (!handle.valid()) {
      const bool is_no_attack = errno == ENOENT || is_shortage(errno);
      return is_no_attack ? -1 : refuse(path.name + " cannot be opened");
    }
    struct stat facts{};
    if (::fstat(handle.get(), &facts) != 0) {
      return -1;
    }
    if (std::string reason = objection(path.name, facts); !reason.empty()) {
      return refuse(std::move(reason));
    }
    if (is_database_name(path.name)) {
      vfs_report().database_inode = facts.st_ino;
    }
    const int fd = reopen(handle.get(), flags);
    if (fd < 0 && errno == EAGAIN) {
      return refuse(path.name + " is held by a lease of another process");
    }
    return fd;
  }
  return refuse(path.name + " is being replaced again and again");
}

int stat_confined(const ConfinedPath& path, struct stat& facts) {
  if (!is_database_name(path.name) && !is_journal_name(path.name)) {
    errno = ENOENT;
    return -1;
  }
  if (::fstatat(path.folder, path.name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    return -1;
  }
  if (!objection(path.name, facts).empty()) {
    errno = ELOOP;
    return -1;
  }
  if (is_database_name(path.name)) {
    vfs_report().database_inode = facts.st_ino;
  }
  return 0;
}

base::Result<bool> confined_file_exists(const ConfinedPath& path) {
  struct stat facts{};
  if (::fstatat(path.folder, path.name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? base::Result<bool>(false)
                           : base::Result<bool>(base::Status::from_errno(errno, path.name));
  }
  if (std::string reason = objection(path.name, facts); !reason.empty()) {
    return base::Status(base::Code::kRefused, std::move(reason));
  }
  return facts.st_size > 0;
}

}  // namespace patchbay::session
