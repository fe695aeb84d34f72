#include "delivery/lane_queue.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace patchbay::delivery {
namespace {

// Rows of a lane read in one go; contents may be large.
constexpr std::size_t kLoadPage = 64;

}  // namespace

base::Result<LanePage> load_lane_page(store::Repositories& repositories, const store::LaneKey& lane,
                                      std::int64_t after, base::WallTime now) {
  LanePage page;
  page.up_to = after;
  page.more = true;
  while (page.more && page.entries.size() + page.scheduled.size() < limits::kLaneRows) {
    PATCHBAY_ASSIGN(const auto records, repositories.ledger.load_lane(lane, page.up_to, kLoadPage));
    page.more = records.size() == kLoadPage;
    for (const store::DeliveryRecord& record : records) {
      page.up_to = record.id;
      (is_scheduled(record, now) ? page.scheduled : page.entries).push_back(entry_of(record));
    }
  }
  // What was tried stood at the front. Others by the time they came in, which for rows that are not
  // scheduled may not fall with the id, whatever the clock did.
  base::WallTime latest{};
  for (LaneEntry& entry : page.entries) {
    if (!entry.not_before) {
      latest = std::max(latest, entry.entered_at);
      entry.entered_at = latest;
    }
  }
  std::stable_sort(page.entries.begin(), page.entries.end(),
                   [](const LaneEntry& a, const LaneEntry& b) {
                     return std::pair(!a.was_tried, a.was_tried ? base::WallTime{} : a.entered_at) <
                            std::pair(!b.was_tried, b.was_tried ? base::WallTime{} : b.entered_at);
                   });
  return page;
}

void LaneQueue::take_page(std::vector<LaneEntry> entries, std::int64_t up_to, bool more) {
  more_in_ledger_ = more;
  loaded_up_to_ = std::max(loaded_up_to_, up_to);
  for (LaneEntry& entry : entries) {
    rows_.push_back(std::move(entry));
  }
}

bool LaneQueue::enter(LaneEntry entry) {
  // One that an operator sent back is behind what was read of the ledger.
  const bool would_be_read = entry.id > loaded_up_to_;
  if (would_be_read && rows_.size() >= limits::kLaneRows) {
    more_in_ledger_ = true;
  }
  if (more_in_ledger_ && would_be_read) {
    return false;
  }
  loaded_up_to_ = std::max(loaded_up_to_, entry.id);
  rows_.push_back(std::move(entry));
  return true;
}

bool LaneQueue::pass_over(std::int64_t id) {
  if (more_in_ledger_) {
    return false;
  }
  loaded_up_to_ = std::max(loaded_up_to_, id);
  return true;
}

void LaneQueue::enter_front(LaneEntry entry) {
  loaded_up_to_ = std::max(loaded_up_to_, entry.id);
  rows_.push_front(std::move(entry));
}

void LaneQueue::front_waits(const store::DeliveryRecord& record) {
  if (!is_front(record.id)) {
    return;  // it has ended by other means
  }
  const base::WallTime entered_at = rows_.front().entered_at;
  rows_.front() = entry_of(record);
  rows_.front().entered_at = entered_at;
  rows_.front().was_tried = true;
}

void LaneQueue::leave(std::int64_t id) {
  if (is_front(id)) {
    rows_.pop_front();
  } else {
    std::erase_if(rows_, [id](const LaneEntry& entry) { return entry.id == id; });
  }
}

}  // namespace patchbay::delivery
