// What is asked of messages_in and delivered.
#include <algorithm>
#include <iterator>

#include "attachments/names.hpp"
#include "base/iso_time.hpp"
#include "session/hostile_columns.hpp"
#include "session/inbound_database.hpp"

namespace patchbay::session {
namespace {

using base::Result;
using base::Status;

constexpr const char* kLargestSeq = "SELECT max(seq) FROM messages_in";
constexpr const char* kFindRow =
    "SELECT id, channel_type, platform_id, thread_id FROM messages_in WHERE id = ?1";
constexpr const char* kListIds = "SELECT id FROM messages_in";
constexpr const char* kFindSeq =
    "SELECT id, channel_type, platform_id, thread_id FROM messages_in WHERE seq = ?1";
constexpr const char* kFindDelivered = "SELECT 1 FROM delivered WHERE platform_message_id = ?1";
constexpr const char* kRowState =
    "SELECT id, status, tries, process_after FROM messages_in WHERE id = ?1";
constexpr const char* kWithoutFiles =
    "SELECT id, content FROM messages_in INDEXED BY idx_messages_in_waiting"
    " WHERE status IN ('queued', 'held') AND attachments_pending <> 0 ORDER BY seq LIMIT ?1";

}  // namespace

Result<std::int64_t> InboundDatabase::largest_seq() {
  PATCHBAY_ASSIGN(const auto largest, database_.number(kLargestSeq));
  return largest.value_or(0);
}

Result<std::optional<InboundLookup>> InboundDatabase::look_up(Statement& statement) {
  PATCHBAY_ASSIGN(const bool found, statement.step());
  std::optional<InboundLookup> result;
  if (found) {
    result = InboundLookup{.row_id = text_at(statement, 0), .address = address_at(statement, 1)};
  }
  statement.reset();
  return result;
}

Result<std::optional<InboundLookup>> InboundDatabase::find_row(std::string_view id) {
  PATCHBAY_ASSIGN(Statement * find, prepared(kFindRow));
  return look_up(find->bind(1, id));
}

Result<std::optional<InboundLookup>> InboundDatabase::find_seq(std::int64_t seq) {
  PATCHBAY_ASSIGN(Statement * find, prepared(kFindSeq));
  return look_up(find->bind(1, seq));
}

Status InboundDatabase::erase_folders_of_rows(std::set<std::string>& folders) {
  for (auto folder = folders.begin(); folder != folders.end();) {
    PATCHBAY_ASSIGN(const auto row, find_row(*folder));
    folder = row ? folders.erase(folder) : std::next(folder);
  }
  // The names that are not ids themselves tell not whose they are.
  if (std::none_of(folders.begin(), folders.end(),
                   [](const std::string& name) { return name.find('~') != std::string::npos; })) {
    return {};
  }
  PATCHBAY_ASSIGN(Statement * list, prepared(kListIds));
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, list->step());
    if (!row) {
      break;
    }
    folders.erase(attachments::folder_name_of_id(list->text(0)));
  }
  list->reset();
  return {};
}

Result<bool> InboundDatabase::is_delivered_platform_id(std::string_view platform_id) {
  PATCHBAY_ASSIGN(Statement * find, prepared(kFindDelivered));
  PATCHBAY_ASSIGN(const bool found, find->bind(1, platform_id).step());
  find->reset();
  return found;
}

Result<std::vector<SessionStorage::RowWithoutFiles>> InboundDatabase::rows_without_files(
    std::size_t limit) {
  std::vector<SessionStorage::RowWithoutFiles> rows;
  PATCHBAY_ASSIGN(Statement * list, prepared(kWithoutFiles));
  list->bind(1, static_cast<std::int64_t>(limit));
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, list->step());
    if (!row) {
      break;
    }
    rows.push_back({std::string(list->text(0)), std::string(list->text(1))});
  }
  list->reset();
  return rows;
}

Result<std::vector<SessionStorage::RowState>> InboundDatabase::row_states(
    const std::vector<std::string>& ids) {
  std::vector<SessionStorage::RowState> states;
  for (const std::string& id : ids) {
    PATCHBAY_ASSIGN(Statement * find, prepared(kRowState));
    PATCHBAY_ASSIGN(const bool found, find->bind(1, id).step());
    if (found) {
      states.push_back(
          {.id = id,
           .status = text_at(*find, 1),
           .tries = tries_at(*find, 2),
           .process_after = find->is_null(3) ? std::nullopt : base::parse_time(find->text(3))});
    }
    find->reset();
  }
  return states;
}

}  // namespace patchbay::session
