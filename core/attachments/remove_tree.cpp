// Removal within a ConfinedFolder.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "attachments/confined_folder.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using base::Status;

constexpr std::size_t kEntriesAtOnce = 1024;

// unlinkat removes the entry itself: a link is never followed, a FIFO never opened.
int unlink_entry(const ConfinedFolder& folder, const std::string& name, int flags) {
  return ::unlinkat(folder.fd(), name.c_str(), flags) == 0 ? 0 : errno;
}

Status remove_entry(const ConfinedFolder& folder, const std::string& name, int depth,
                    std::size_t& budget);

// Empties `folder` and all below; `budget` entries at most.
Status remove_content(const ConfinedFolder& folder, int depth, std::size_t& budget) {
  if (depth == limits::kFolderDepth) {
    return {Code::kTooLarge, folder.shown_name() + " is nested over " +
                                 std::to_string(limits::kFolderDepth) +
                                 " folders deep; remove it by hand"};
  }
  for (;;) {
    PATCHBAY_ASSIGN(const Listing listing, folder.list(std::min(budget, kEntriesAtOnce)));
    for (const Entry& entry : listing.entries) {
      --budget;
      PATCHBAY_TRY(remove_entry(folder, entry.name, depth, budget));
    }
    if (listing.complete) {
      return {};
    }
    if (budget == 0) {
      return {Code::kTooLarge, folder.shown_name() + " is left in part: over " +
                                   std::to_string(limits::kFolderEntries) +
                                   " entries to remove at once"};
    }
  }
}

Status remove_entry(const ConfinedFolder& folder, const std::string& name, int depth,
                    std::size_t& budget) {
  int error = unlink_entry(folder, name, 0);
  if (error == EISDIR || error == EPERM) {
    PATCHBAY_ASSIGN(const ConfinedFolder inner, folder.open_subfolder(name));
    PATCHBAY_TRY(remove_content(inner, depth + 1, budget));
    error = unlink_entry(folder, name, AT_REMOVEDIR);
  }
  if (error != 0 && error != ENOENT) {
    return Status::from_errno(error, "removing " + folder.shown_name() + "/" + name);
  }
  return {};
}

}  // namespace

Status ConfinedFolder::remove_file(std::string_view name) const {
  if (!is_one_component(name)) {
    return {Code::kRefused, shown(name) + " is not the name of a file in this folder"};
  }
  const int error = unlink_entry(*this, std::string(name), 0);
  return error == 0 || error == ENOENT ? Status()
                                       : Status::from_errno(error, "removing " + shown(name));
}

Status ConfinedFolder::remove_tree(std::string_view name) const {
  if (!is_one_component(name)) {
    return {Code::kRefused, shown(name) + " is not the name of a folder in this folder"};
  }
  std::size_t budget = limits::kFolderEntries;
  return remove_entry(*this, std::string(name), 0, budget);
}

}  // namespace patchbay::attachments
