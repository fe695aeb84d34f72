// The strand's part in keeping inbox/ clean.
#include <algorithm>
#include <set>
#include <string_view>

#include "attachments/inbox.hpp"
#include "base/log.hpp"
#include "session/session_worker.hpp"

namespace patchbay::session {
namespace {

constexpr std::string_view kInboundSetAside = "inbound.db.corrupt-";

}  // namespace

base::Result<std::size_t> SessionWorker::sweep_inbox_now(
    base::WallTime before, const std::unordered_set<std::string>& kept) {
  PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                  context_->folders.open_session(session_));
  PATCHBAY_ASSIGN(const std::vector<std::string> old, attachments::list_inbox(folder, before));
  if (old.empty()) {
    return std::size_t{0};
  }
  // Of rows that went with a damaged database, the files may be all that is left.
  PATCHBAY_ASSIGN(const attachments::Listing files, folder.list());
  const bool rows_were_lost = std::any_of(
      files.entries.begin(), files.entries.end(),
      [](const attachments::Entry& entry) { return entry.name.starts_with(kInboundSetAside); });
  if (rows_were_lost || !files.complete) {
    return std::size_t{0};
  }
  std::set<std::string> orphans;
  for (const std::string& name : old) {
    if (!kept.contains(name)) {
      orphans.insert(name);
    }
  }
  PATCHBAY_TRY(with_inbound(folder, [&orphans](InboundDatabase& inbound) {
    return inbound.erase_folders_of_rows(orphans);
  }));
  if (orphans.empty()) {
    return std::size_t{0};
  }
  PATCHBAY_ASSIGN(const std::size_t removed,
                  attachments::remove_from_inbox(folder, {orphans.begin(), orphans.end()}));
  base::log_info("session.inbox_swept", {{"session", session_name(session_)},
                                         {"removed", removed},
                                         {"why", "files without a message, left by a crash"}});
  return removed;
}

}  // namespace patchbay::session
