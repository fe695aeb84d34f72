#include "delivery/lane_entry.hpp"

#include <algorithm>

#include "delivery/acceptance.hpp"

namespace patchbay::delivery {

LaneEntry entry_of(const store::DeliveryRecord& record) {
  LaneEntry entry;
  entry.id = record.id;
  entry.entered_at = record.accepted_at;
  entry.not_before = record.not_before;
  entry.paused_since = record.paused_since;
  entry.left_sending = record.state == store::DeliveryState::kSending;
  entry.was_tried = record.first_tried_at.has_value() || record.paused_since.has_value();
  entry.has_files = !record.files.empty();
  entry.waits_for_target = record.target.starts_with(kTargetRow);
  if (!entry.was_tried && record.not_before) {
    entry.entered_at = std::max(entry.entered_at, *record.not_before);
  }
  return entry;
}

bool is_scheduled(const store::DeliveryRecord& record, base::WallTime now) {
  return record.state == store::DeliveryState::kWaiting && !record.first_tried_at &&
         !record.paused_since && record.not_before && *record.not_before > now;
}

}  // namespace patchbay::delivery
