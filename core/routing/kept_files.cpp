#include "routing/kept_files.hpp"

#include <nlohmann/json.hpp>

#include "attachments/names.hpp"
#include "base/json.hpp"
#include "routing/inbound_row.hpp"
#include "routing/paging.hpp"
#include "routing/session_lanes.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

using Names = std::unordered_set<std::string>;

void add_staged(Names& names, const std::string& event_text) {
  const auto json = base::parse_json(event_text);
  if (!json.ok()) {
    return;
  }
  const auto event = event_from_json(*json);
  if (!event.ok()) {
    return;
  }
  for (const InboundFile& file : event->files) {
    if (!file.staged.empty()) {
      names.insert(file.staged);
    }
  }
}

// Calls `visit` with every record that the filter finds.
template <class Visit>
base::Status for_each(store::Repositories& repositories, store::IntakeFilter filter, Visit visit) {
  filter.limit = kPageRows;
  for (bool more = true; more;) {
    PATCHBAY_ASSIGN(const auto page, repositories.intake.list(filter));
    more = page.size() == kPageRows;
    for (const store::IntakeRecord& record : page) {
      filter.after = record.id;
      visit(record);
    }
  }
  return {};
}

}  // namespace

base::Result<Names> kept_staging_names(store::Repositories& repositories) {
  Names names;
  PATCHBAY_TRY(for_each(repositories, {}, [&](const store::IntakeRecord& record) {
    if (record.session.empty()) {
      add_staged(names, record.event);
    } else if (const auto waiting = waiting_row_from_text(record.event); waiting.ok()) {
      add_staged(names, waiting->pending_event);
    }
  }));
  std::int64_t after = 0;
  for (bool more = true; more;) {
    PATCHBAY_ASSIGN(const auto page, repositories.pending_files.load(after, kPageRows));
    more = page.size() == kPageRows;
    for (const store::PendingFilesRecord& record : page) {
      after = record.id;
      add_staged(names, record.event);
    }
  }
  return names;
}

base::Result<InboxFolders> inbox_folders_of_intake(store::Repositories& repositories) {
  InboxFolders folders;
  PATCHBAY_TRY(for_each(repositories, {}, [&](const store::IntakeRecord& record) {
    if (record.session.empty()) {
      return;
    }
    if (const auto waiting = waiting_row_from_text(record.event); waiting.ok()) {
      folders[record.session].insert(attachments::folder_name_of_id(waiting->row.id));
    }
  }));
  return folders;
}

}  // namespace patchbay::routing
