// A ledger row as it stands in its lane. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "store/records.hpp"

namespace patchbay::delivery {

// What is not needed for the row's turn stays in the ledger.
struct LaneEntry {
  std::int64_t id = 0;
  base::WallTime entered_at;                 // when it came into the lane: accepted, or due
  std::optional<base::WallTime> not_before;  // of the next attempt
  std::optional<base::WallTime> paused_since;
  bool was_tried = false;     // the lane has begun with it
  bool left_sending = false;  // by a host that stopped
  bool has_files = false;
  bool waits_for_target = false;  // "row:…"
};
[[nodiscard]] LaneEntry entry_of(const store::DeliveryRecord& record);

// deliver_after: it is not in its lane yet.
[[nodiscard]] bool is_scheduled(const store::DeliveryRecord& record, base::WallTime now);

}  // namespace patchbay::delivery
