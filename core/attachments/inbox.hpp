// Puts a message's files into the inbox/ of the sessions that get the message.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "attachments/staging.hpp"
#include "base/clock.hpp"
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

// Names in the inbox of what was last changed before that time; none if there is no inbox. A file
// of a message lies in a folder that is named after its row (folder_name_of_id()).
[[nodiscard]] base::Result<std::vector<std::string>> list_inbox(const ConfinedFolder& session,
                                                                base::WallTime before);
// The number of those removed, with what is in them; what cannot be removed stays and is logged.
[[nodiscard]] base::Result<std::size_t> remove_from_inbox(const ConfinedFolder& session,
                                                          const std::vector<std::string>& names);

}  // namespace patchbay::attachments
