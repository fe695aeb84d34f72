// Puts a message's files into the inbox/ of the sessions that get the message.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "attachments/staging.hpp"
#include "base/status.hpp"

namespace patchbay::attachments {

struct InboxFile {
  StagedFile file;
  std::string name;  // is_safe_file_name() holds, and no two of a message are equal
};

struct InboxTarget {
  const ConfinedFolder* session = nullptr;
  std::string row_id;  // of the messages_in row that will be committed next
};

// inbox/<folder_name_of_id(row_id)>/<file_name>: `localPath` in the row's content.
[[nodiscard]] std::string inbox_path(std::string_view row_id, std::string_view file_name);

// Durable when it returns ok: all files of the message, or (on failure) nothing under the final
// name. The files are cloned or copied, the folder appears in one rename, and a folder that a crash
// left without a row is replaced. The row may be committed after it.
[[nodiscard]] base::Status copy_into_inbox(const InboxTarget& target,
                                           std::span<const InboxFile> files);
// The same, the files themselves moved. On failure some of them may be gone from `files`' staging.
[[nodiscard]] base::Status move_into_inbox(const InboxTarget& target, std::span<InboxFile> files);

// One status a target, in their order: every target gets a copy, the last the files themselves.
[[nodiscard]] std::vector<base::Status> place_into_inboxes(std::span<const InboxTarget> targets,
                                                           std::vector<InboxFile> files);

// Removes inbox folders that no row owns. `is_known` gets folder names, as folder_name_of_id()
// makes them. The number of those removed; what cannot be removed stays and is logged.
[[nodiscard]] base::Result<std::size_t> remove_inbox_orphans(
    const ConfinedFolder& session, const std::function<bool(const std::string&)>& is_known);

}  // namespace patchbay::attachments
