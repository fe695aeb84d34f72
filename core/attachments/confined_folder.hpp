// A folder that someone else can write to, entered without trusting anything in it.
//
// Every operation takes one path component and acts relative to the folder's descriptor, so moving
// or replacing the folder's path changes nothing. Files are opened in three steps: openat2 with
// O_PATH (which cannot block, truncate or run a driver), fstat, and the reopening of exactly that
// inode through /proc/self/fd; whatever is swapped in meanwhile is not what gets opened. Closing
// the O_PATH descriptor does not drop POSIX locks, so a SQLite file may be opened here too.
//
// Every failure names the file and the reason: "outbox/7/a.txt is a symbolic link".
// All functions block on the disk and may be called from any thread; the class holds no state but
// the descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::attachments {

// A regular file with exactly one link, positioned at its start.
struct OpenedFile {
  base::UniqueFd fd;
  std::uint64_t size = 0;  // bytes, when it was opened
  base::WallTime modified;
};

enum class EntryKind : std::uint8_t {
  kFile,
  kFolder,
  kSymbolicLink,
  kFifo,
  kSocket,
  kDevice,
  kUnknown
};

struct Entry {
  std::string name;
  EntryKind kind = EntryKind::kUnknown;
};

struct Listing {
  std::vector<Entry> entries;  // in no order
  bool complete = true;        // false: there are more entries than were asked for
};

// Who may use what is made. The data folder itself is closed to others; what an agent is to read
// may belong to another user inside its container.
enum class Access : std::uint8_t { kHostOnly, kAgentToo };

enum class Replace : std::uint8_t { kNever, kFile };

enum class Missing : std::uint8_t { kFails, kIsCreated };

class ConfinedFolder {
 public:
  // A folder of the host's own, by a path that comes from the host (links in it are the operator's
  // affair). With kIsCreated its last component is made if need be, for the host only.
  static base::Result<ConfinedFolder> open(const std::string& path,
                                           Missing missing = Missing::kFails);
  // Takes a descriptor of a folder. shown_name begins the names in messages.
  ConfinedFolder(base::UniqueFd folder, std::string shown_name);

  [[nodiscard]] int fd() const { return folder_.get(); }
  [[nodiscard]] const std::string& shown_name() const { return shown_name_; }
  // The same folder through a descriptor of its own.
  [[nodiscard]] base::Result<ConfinedFolder> duplicate() const;

  // kNotFound: there is none. kRefused: not a regular file, or one with several links.
  [[nodiscard]] base::Result<OpenedFile> open_read(std::string_view name) const;
  [[nodiscard]] base::Result<OpenedFile> open_read_write(std::string_view name) const;
  // A new, empty file, open for reading and writing. kAlreadyExists: whatever bears that name
  // stays.
  [[nodiscard]] base::Result<base::UniqueFd> create_exclusive(std::string_view name,
                                                              Access access) const;

  // kAlreadyExists: whatever bears that name stays.
  [[nodiscard]] base::Status make_folder(std::string_view name, Access access) const;
  // kRefused: it is something else than a folder. Messages call it `shown_as`; empty: its path.
  [[nodiscard]] base::Result<ConfinedFolder> open_subfolder(std::string_view name,
                                                            std::string shown_as = {}) const;
  [[nodiscard]] base::Result<ConfinedFolder> open_or_make_subfolder(std::string_view name,
                                                                    Access access) const;

  // What bears the name, not following a link. kNotFound: nothing.
  [[nodiscard]] base::Result<EntryKind> kind_of(std::string_view name) const;

  // Moves the entry itself, never what a link points to. kFile replaces a file (or an empty folder
  // by a folder); kNever ends in kAlreadyExists. Between filesystems: kRefused.
  [[nodiscard]] base::Status rename(std::string_view name, const ConfinedFolder& target_folder,
                                    std::string_view target_name, Replace replace) const;
  // Swaps two existing entries of this folder in one step.
  [[nodiscard]] base::Status exchange(std::string_view name, std::string_view other_name) const;

  // Both are content when there is nothing to remove.
  [[nodiscard]] base::Status remove_file(std::string_view name) const;
  // Whatever bears the name, with everything in it; a link is removed, never followed. kTooLarge:
  // over kFolderDepth deep or over kFolderEntries entries; then part of it is left.
  [[nodiscard]] base::Status remove_tree(std::string_view name) const;

  [[nodiscard]] base::Result<Listing> list(std::size_t max_entries = limits::kFolderEntries) const;

  // Makes creations, renames and removals in this folder durable.
  [[nodiscard]] base::Status sync() const;

 private:
  [[nodiscard]] std::string shown(std::string_view name) const;
  [[nodiscard]] base::Result<OpenedFile> open_checked(std::string_view name, int flags) const;

  base::UniqueFd folder_;
  std::string shown_name_;
};

// One component: not empty, not "." or "..", no '/' and no NUL, at most 255 bytes. What may be
// asked of a ConfinedFolder; names that Patchbay gives itself are narrower, see names.hpp.
[[nodiscard]] bool is_one_component(std::string_view name);

}  // namespace patchbay::attachments
