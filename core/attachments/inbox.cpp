#include "attachments/inbox.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "attachments/names.hpp"
#include "attachments/transfer.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"

namespace patchbay::attachments {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr std::string_view kInbox = "inbox";
constexpr std::string_view kIncoming = ".incoming-";

Status copy_file(const InboxFile& source, const ConfinedFolder& folder) {
  PATCHBAY_ASSIGN(const base::UniqueFd copy,
                  folder.create_exclusive(source.name, Access::kAgentToo));
  PATCHBAY_TRY(clone_or_copy(source.file.fd(), copy.get(), source.file.size()));
  if (::fsync(copy.get()) != 0) {
    return Status::from_errno(errno, "syncing " + folder.shown_name() + "/" + source.name);
  }
  return {};
}

Status move_file(InboxFile& source, const ConfinedFolder& folder) {
  // Durable already; it only has to become readable for the agent.
  if (::fchmod(source.file.fd(), 0644) != 0) {
    return Status::from_errno(errno, folder.shown_name() + "/" + source.name);
  }
  const Status moved = source.file.move_into(folder, source.name);
  // Staging may lie on another filesystem than this session.
  return moved.code() == Code::kRefused ? copy_file(source, folder) : moved;
}

// The folder gets its final name as a whole; one that a crash left without a row gives way.
Status publish(const ConfinedFolder& inbox, const std::string& temporary, const std::string& name) {
  Status renamed = inbox.rename(temporary, inbox, name, Replace::kNever);
  if (renamed.code() != Code::kAlreadyExists) {
    return renamed;
  }
  PATCHBAY_TRY(inbox.exchange(temporary, name));
  return inbox.remove_tree(temporary);
}

template <class PutFile>
Status place(const InboxTarget& target, const PutFile& put_files) {
  PATCHBAY_ASSIGN(const ConfinedFolder inbox,
                  target.session->open_or_make_subfolder(kInbox, Access::kAgentToo));
  const std::string name = folder_name_of_id(target.row_id);
  const std::string temporary = std::string(kIncoming) + name;
  PATCHBAY_TRY(inbox.remove_tree(temporary));  // of an attempt that a crash ended
  PATCHBAY_TRY(inbox.make_folder(temporary, Access::kAgentToo));
  const auto fill_and_publish = [&]() -> Status {
    PATCHBAY_ASSIGN(const ConfinedFolder folder, inbox.open_subfolder(temporary));
    PATCHBAY_TRY(put_files(folder));
    PATCHBAY_TRY(folder.sync());
    PBAY_FAILPOINT("inbox.before_rename");
    return publish(inbox, temporary, name);
  };
  Status placed = fill_and_publish();
  if (!placed.ok()) {
    if (const Status removed = inbox.remove_tree(temporary); !removed.ok()) {
      base::log_warning("attachments.inbox_left", {{"reason", removed.message()}});
    }
    return placed;
  }
  PATCHBAY_TRY(inbox.sync());
  PBAY_FAILPOINT("inbox.after_rename");
  return target.session->sync();  // inbox/ itself may be new
}

}  // namespace

std::string inbox_path(std::string_view row_id, std::string_view file_name) {
  return std::string(kInbox) + "/" + folder_name_of_id(row_id) + "/" + std::string(file_name);
}

Status copy_into_inbox(const InboxTarget& target, std::span<const InboxFile> files) {
  return place(target, [&](const ConfinedFolder& folder) -> Status {
    for (const InboxFile& file : files) {
      PATCHBAY_TRY(copy_file(file, folder));
    }
    return {};
  });
}

Status move_into_inbox(const InboxTarget& target, std::span<InboxFile> files) {
  return place(target, [&](const ConfinedFolder& folder) -> Status {
    for (InboxFile& file : files) {
      PATCHBAY_TRY(move_file(file, folder));
    }
    return {};
  });
}

std::vector<Status> place_into_inboxes(std::span<const InboxTarget> targets,
                                       std::vector<InboxFile> files) {
  std::vector<Status> outcomes;
  outcomes.reserve(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    outcomes.push_back(i + 1 == targets.size() ? move_into_inbox(targets[i], files)
                                               : copy_into_inbox(targets[i], files));
  }
  return outcomes;
}

Result<std::vector<std::string>> list_inbox(const ConfinedFolder& session, base::WallTime before) {
  std::vector<std::string> names;
  const Result<ConfinedFolder> inbox = session.open_subfolder(kInbox);
  if (inbox.status().code() == Code::kNotFound) {
    return names;
  }
  PATCHBAY_TRY(inbox.status());
  PATCHBAY_ASSIGN(Listing listing, inbox->list());
  for (Entry& entry : listing.entries) {
    struct stat info{};
    const bool found = ::fstatat(inbox->fd(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (found && base::WallTime(std::chrono::seconds(info.st_mtim.tv_sec)) < before) {
      names.push_back(std::move(entry.name));
    }
  }
  return names;
}

Result<std::size_t> remove_from_inbox(const ConfinedFolder& session,
                                      const std::vector<std::string>& names) {
  PATCHBAY_ASSIGN(const ConfinedFolder inbox, session.open_subfolder(kInbox));
  std::size_t removed_count = 0;
  for (const std::string& name : names) {
    if (const Status removed = inbox.remove_tree(name); !removed.ok()) {
      base::log_warning("attachments.inbox_left", {{"reason", removed.message()}});
      continue;
    }
    ++removed_count;
  }
  return removed_count;
}

}  // namespace patchbay::attachments
