#include "delivery/lane.hpp"

#include <algorithm>
#include <utility>

namespace patchbay::delivery {

bool Lane::is_free() const { return may_be_forgotten() && !standstill; }

bool Lane::may_be_forgotten() const {
  return stage == Stage::kIdle && queue.empty() && acceptances == 0 && !queue.has_more_in_ledger();
}

std::optional<base::WallTime> Lane::paused_since() const {
  if (queue.empty()) {
    return standstill ? std::optional(standstill->since()) : std::nullopt;
  }
  const LaneEntry& front = queue.front();
  return standstill ? std::max(standstill->since(), front.entered_at) : front.paused_since;
}

void Lane::attempt_began() {
  stage = Stage::kBusy;
  back_meanwhile = false;
}

std::optional<Standstill> Lane::attempt_ended(const AttemptEnd& end, base::MonotonicTime now,
                                              base::WallTime wall_now) {
  stage = Stage::kIdle;
  switch (end.how) {
    case AttemptEnd::How::kEnded:
      leave(end.record.id);
      // Failing because of the standstill does not end it.
      if (end.record.state == store::DeliveryState::kDelivered) {
        return std::exchange(standstill, std::nullopt);
      }
      break;
    case AttemptEnd::How::kWaiting:
      queue.front_waits(end.record);
      return std::exchange(standstill, std::nullopt);
    case AttemptEnd::How::kPaused:
      if (!queue.empty()) {
        queue.front().left_sending = false;
        queue.front().not_before.reset();
      }
      stand_still(Standstill::Sign::kOutcome, end.cause, end.record.reason, now, wall_now);
      if (back_meanwhile) {
        standstill->try_soon(now);
      }
      break;
    case AttemptEnd::How::kGone:
      leave(end.record.id);
      break;
    case AttemptEnd::How::kBlocked:
      blocked_by = end.blocked_by;
      break;
  }
  return std::nullopt;
}

void Lane::stand_still(Standstill::Sign sign, PauseCause cause, const std::string& reason,
                       base::MonotonicTime now, base::WallTime wall_now) {
  if (standstill) {
    standstill->seen_again(sign, cause, reason, now);
  } else {
    standstill.emplace(paused_since().value_or(wall_now), sign, cause, reason, now);
  }
}

// An attempt that is under way may still say the contrary, of the time before.
void Lane::is_back(PauseCause cause, base::MonotonicTime now) {
  back_meanwhile = true;
  if (standstill && standstill->is_by_outcome() && standstill->cause() == cause) {
    standstill->try_soon(now);
  }
}

void Lane::leave(std::int64_t id) {
  if (queue.is_front(id)) {
    blocked_by = 0;
    if (standstill) {
      standstill->front_has_left();
    }
  }
  queue.leave(id);
}

}  // namespace patchbay::delivery
