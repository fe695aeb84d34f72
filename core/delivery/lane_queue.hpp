// The open rows of one lane: the first ones in memory, those beyond them in the ledger.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/status.hpp"
#include "delivery/lane_entry.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

// What one reading of the ledger brought.
struct LanePage {
  std::vector<LaneEntry> entries;    // in the order of their turn
  std::vector<LaneEntry> scheduled;  // not in the lane yet
  std::int64_t up_to = 0;            // the last row's id
  bool more = false;                 // beyond that
};
// [the database's thread] About limits::kLaneRows rows behind `after`.
[[nodiscard]] base::Result<LanePage> load_lane_page(store::Repositories& repositories,
                                                    const store::LaneKey& lane, std::int64_t after,
                                                    base::WallTime now);

class LaneQueue {
 public:
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] bool is_front(std::int64_t id) const {
    return !rows_.empty() && rows_.front().id == id;
  }
  [[nodiscard]] LaneEntry& front() { return rows_.front(); }
  [[nodiscard]] const LaneEntry& front() const { return rows_.front(); }
  [[nodiscard]] std::deque<LaneEntry>& rows() { return rows_; }

  // Rows behind loaded_up_to() are still to be read.
  [[nodiscard]] bool has_more_in_ledger() const { return more_in_ledger_; }
  [[nodiscard]] std::int64_t loaded_up_to() const { return loaded_up_to_; }
  void expect_more_in_ledger() { more_in_ledger_ = true; }
  void take_page(std::vector<LaneEntry> entries, std::int64_t up_to, bool more);

  // An accepted row, behind the others. False: it stays in the ledger and is read when it is near
  // its turn.
  [[nodiscard]] bool enter(LaneEntry entry);
  // A row that is not in the lane yet. False: a later page has it, as `scheduled`.
  [[nodiscard]] bool pass_over(std::int64_t id);
  // The row that the lane was kept for.
  void enter_front(LaneEntry entry);
  // A row that was scheduled and whose time has come.
  void enter_due(LaneEntry entry) { rows_.push_back(std::move(entry)); }

  // The front row has had its turn and waits for another. Nothing when another row is at the front.
  void front_waits(const store::DeliveryRecord& record);
  void leave(std::int64_t id);

 private:
  std::deque<LaneEntry> rows_;
  bool more_in_ledger_ = false;
  std::int64_t loaded_up_to_ = 0;
};

}  // namespace patchbay::delivery
