#include "attachments/confined_folder.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr std::size_t kComponentBytes = 255;  // NAME_MAX

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

// The same inode again, with other flags. O_NONBLOCK: a lease on the file (F_SETLEASE) would
// otherwise hold the open for 45 seconds; for reading and writing a regular file it means nothing.
int reopen(int path_fd, int flags) {
  const std::string link = "/proc/self/fd/" + std::to_string(path_fd);
  return ::open(link.c_str(), flags | O_NONBLOCK | O_CLOEXEC);
}

mode_t folder_mode(Access access) { return access == Access::kHostOnly ? 0700 : 0755; }
mode_t file_mode(Access access) { return access == Access::kHostOnly ? 0600 : 0644; }

EntryKind kind_of_mode(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return EntryKind::kFile;
    case S_IFDIR:
      return EntryKind::kFolder;
    case S_IFLNK:
      return EntryKind::kSymbolicLink;
    case S_IFIFO:
      return EntryKind::kFifo;
    case S_IFSOCK:
      return EntryKind::kSocket;
    case S_IFCHR:
    case S_IFBLK:
      return EntryKind::kDevice;
    default:
      return EntryKind::kUnknown;
  }
}

std::string_view words_for(EntryKind kind) {
  switch (kind) {
    case EntryKind::kFile:
      return "a file";
    case EntryKind::kFolder:
      return "a folder";
    case EntryKind::kSymbolicLink:
      return "a symbolic link";
    case EntryKind::kFifo:
      return "a FIFO";
    case EntryKind::kSocket:
      return "a socket";
    case EntryKind::kDevice:
      return "a device";
    case EntryKind::kUnknown:
      break;
  }
  return "of an unknown kind";
}

Status refuse(const std::string& shown, std::string_view reason) {
  return {Code::kRefused, shown + " " + std::string(reason)};
}

base::WallTime modified_at(const struct stat& facts) {
  return base::WallTime(std::chrono::seconds(facts.st_mtim.tv_sec) +
                        std::chrono::milliseconds(facts.st_mtim.tv_nsec / 1'000'000));
}

}  // namespace

bool is_one_component(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= kComponentBytes &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

ConfinedFolder::ConfinedFolder(UniqueFd folder, std::string shown_name)
    : folder_(std::move(folder)), shown_name_(std::move(shown_name)) {}

Result<ConfinedFolder> ConfinedFolder::open(const std::string& path, Missing missing) {
  if (missing == Missing::kIsCreated && ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Status::from_errno(errno, "cannot create the folder " + path);
  }
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return Status::from_errno(errno, "cannot open the folder " + path);
  }
  return ConfinedFolder(std::move(fd), path);
}

Result<ConfinedFolder> ConfinedFolder::duplicate() const {
  UniqueFd fd(::fcntl(folder_.get(), F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) {
    return Status::from_errno(errno, shown_name_);
  }
  return ConfinedFolder(std::move(fd), shown_name_);
}

std::string ConfinedFolder::shown(std::string_view name) const {
  std::string result = shown_name_ + "/";
  for (const char c : base::to_valid_utf8(base::utf8_prefix(base::to_valid_utf8(name), 300))) {
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return result;
}

Result<OpenedFile> ConfinedFolder::open_checked(std::string_view name, int flags) const {
  if (!is_one_component(name)) {
    return refuse(shown(name), "is not the name of a file in this folder");
  }
  // O_NOFOLLOW lets O_PATH take hold of a link itself, so that the message can say what it is.
  const UniqueFd handle(open_beneath(folder_.get(), std::string(name), O_PATH | O_NOFOLLOW));
  if (!handle.valid()) {
    return errno == ELOOP ? refuse(shown(name), "is a symbolic link")
                          : Status::from_errno(errno, shown(name));
  }
  struct stat facts{};
  if (::fstat(handle.get(), &facts) != 0) {
    return Status::from_errno(errno, shown(name));
  }
  const EntryKind kind = kind_of_mode(facts.st_mode);
  if (kind != EntryKind::kFile) {
    return refuse(shown(name), "is " + std::string(words_for(kind)));
  }
  if (facts.st_nlink != 1) {
    return refuse(shown(name), "has " + std::to_string(facts.st_nlink) + " hard links");
  }
  UniqueFd fd(reopen(handle.get(), flags));
  if (!fd.valid() && errno == EAGAIN) {
    return Status(Code::kBusy, shown(name) + " is held by a lease of another process");
  }
  if (!fd.valid()) {
    return Status::from_errno(errno, shown(name));
  }
  return OpenedFile{.fd = std::move(fd),
                    .size = static_cast<std::uint64_t>(facts.st_size),
                    .modified = modified_at(facts)};
}

Result<OpenedFile> ConfinedFolder::open_read(std::string_view name) const {
  return open_checked(name, O_RDONLY);
}

Result<OpenedFile> ConfinedFolder::open_read_write(std::string_view name) const {
  return open_checked(name, O_RDWR);
}

Result<UniqueFd> ConfinedFolder::create_exclusive(std::string_view name, Access access) const {
  if (!is_one_component(name)) {
    return refuse(shown(name), "is not the name of a file in this folder");
  }
  // O_EXCL never follows a link in the last component, and there is only one component.
  UniqueFd fd(::openat(folder_.get(), std::string(name).c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file_mode(access)));
  if (!fd.valid()) {
    return Status::from_errno(errno, shown(name));
  }
  // The process's umask is not to decide what an agent can read.
  if (::fchmod(fd.get(), file_mode(access)) != 0) {
    return Status::from_errno(errno, shown(name));
  }
  return fd;
}

Status ConfinedFolder::make_folder(std::string_view name, Access access) const {
  if (!is_one_component(name)) {
    return refuse(shown(name), "is not the name of a folder in this folder");
  }
  if (::mkdirat(folder_.get(), std::string(name).c_str(), folder_mode(access)) != 0) {
    return Status::from_errno(errno, shown(name));
  }
  if (access == Access::kHostOnly) {
    return {};
  }
  PATCHBAY_ASSIGN(const ConfinedFolder made, open_subfolder(name));
  if (::fchmod(made.fd(), folder_mode(access)) != 0) {
    return Status::from_errno(errno, shown(name));
  }
  return {};
}

Result<ConfinedFolder> ConfinedFolder::open_subfolder(std::string_view name,
                                                      std::string shown_as) const {
  if (shown_as.empty()) {
    shown_as = shown(name);
  }
  if (!is_one_component(name)) {
    return refuse(shown_as, "is not the name of a folder in this folder");
  }
  UniqueFd fd(open_beneath(folder_.get(), std::string(name), O_RDONLY | O_DIRECTORY));
  if (fd.valid()) {
    return ConfinedFolder(std::move(fd), std::move(shown_as));
  }
  const int error = errno;
  if (error == ELOOP || error == ENOTDIR) {
    const Result<EntryKind> kind = kind_of(name);
    if (kind.ok() && *kind != EntryKind::kFolder) {
      return refuse(shown_as, "is " + std::string(words_for(*kind)) + ", not a folder");
    }
  }
  return Status::from_errno(error, shown_as);
}

Result<ConfinedFolder> ConfinedFolder::open_or_make_subfolder(std::string_view name,
                                                              Access access) const {
  Result<ConfinedFolder> opened = open_subfolder(name);
  if (opened.ok() || opened.status().code() != Code::kNotFound) {
    return opened;
  }
  const Status made = make_folder(name, access);
  if (!made.ok() && made.code() != Code::kAlreadyExists) {
    return made;
  }
  return open_subfolder(name);
}

Result<EntryKind> ConfinedFolder::kind_of(std::string_view name) const {
  if (!is_one_component(name)) {
    return refuse(shown(name), "is not a name in this folder");
  }
  struct stat facts{};
  if (::fstatat(folder_.get(), std::string(name).c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    return Status::from_errno(errno, shown(name));
  }
  return kind_of_mode(facts.st_mode);
}

Status ConfinedFolder::rename(std::string_view name, const ConfinedFolder& target_folder,
                              std::string_view target_name, Replace replace) const {
  if (!is_one_component(name) || !is_one_component(target_name)) {
    return refuse(shown(name) + " or " + target_folder.shown(target_name), "is not one name");
  }
  const unsigned flags = replace == Replace::kNever ? RENAME_NOREPLACE : 0;
  if (::renameat2(folder_.get(), std::string(name).c_str(), target_folder.fd(),
                  std::string(target_name).c_str(), flags) == 0) {
    return {};
  }
  if (errno == EXDEV) {
    return refuse(shown(name), "cannot be moved to " + target_folder.shown(target_name) +
                                   ": they are on different filesystems");
  }
  return Status::from_errno(errno,
                            "moving " + shown(name) + " to " + target_folder.shown(target_name));
}

Status ConfinedFolder::exchange(std::string_view name, std::string_view other_name) const {
  if (!is_one_component(name) || !is_one_component(other_name)) {
    return refuse(shown(name) + " or " + shown(other_name), "is not one name");
  }
  if (::renameat2(folder_.get(), std::string(name).c_str(), folder_.get(),
                  std::string(other_name).c_str(), RENAME_EXCHANGE) != 0) {
    return Status::from_errno(errno, "exchanging " + shown(name) + " and " + shown(other_name));
  }
  return {};
}

Result<Listing> ConfinedFolder::list(std::size_t max_entries) const {
  // A descriptor of its own: the position in a folder belongs to the open file, not to the number.
  UniqueFd own(open_beneath(folder_.get(), ".", O_RDONLY | O_DIRECTORY));
  if (!own.valid()) {
    return Status::from_errno(errno, shown_name_);
  }
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(own.get()), close);
  if (stream == nullptr) {
    return Status::from_errno(errno, shown_name_);
  }
  static_cast<void>(own.release());  // the stream closes it
  Listing listing;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      return errno == 0 ? Result<Listing>(std::move(listing))
                        : Result<Listing>(Status::from_errno(errno, shown_name_));
    }
    const std::string_view name = &entry->d_name[0];
    if (name == "." || name == "..") {
      continue;
    }
    if (listing.entries.size() == max_entries) {
      listing.complete = false;
      return listing;
    }
    EntryKind kind = kind_of_mode(DTTOIF(static_cast<mode_t>(entry->d_type)));
    if (entry->d_type == DT_UNKNOWN) {
      const Result<EntryKind> looked_up = kind_of(name);
      kind = looked_up.ok() ? *looked_up : EntryKind::kUnknown;
    }
    listing.entries.push_back({std::string(name), kind});
  }
}

Status ConfinedFolder::sync() const {
  if (::fsync(folder_.get()) != 0) {
    return Status::from_errno(errno, "syncing " + shown_name_);
  }
  return {};
}

}  // namespace patchbay::attachments
