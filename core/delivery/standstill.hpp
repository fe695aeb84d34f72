// A lane that stands still because its chat or its account cannot be reached: since when, why, and
// when it is worth a try. The row at the front does not grow old meanwhile, and those behind it
// had no turn yet. No timers, no clock of its own.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "delivery/retry_policy.hpp"
#include "store/central_database.hpp"

namespace patchbay::delivery {

class Standstill {
 public:
  // What showed it. Only an instance that is usable again ends the one, only a delivery the other.
  enum class Sign : std::uint8_t { kInstanceState, kOutcome };
  struct Paused {
    std::int64_t id = 0;
    base::WallTime since;
  };

  Standstill(base::WallTime since, Sign sign, PauseCause cause, std::string reason,
             base::MonotonicTime now);
  // An outcome tells more than a state; a state changes nothing but the time of the next try.
  void seen_again(Sign sign, PauseCause cause, const std::string& reason, base::MonotonicTime now);

  [[nodiscard]] base::WallTime since() const { return since_; }
  [[nodiscard]] PauseCause cause() const { return cause_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] bool is_by_outcome() const { return sign_ == Sign::kOutcome; }

  // Shown by an outcome, and it is time to see whether it lasts.
  [[nodiscard]] bool may_be_tried(base::MonotonicTime now) const;
  // Somebody says that it is over.
  void try_soon(base::MonotonicTime now) { try_at_ = now; }

  // Short ones are not worth a write.
  [[nodiscard]] bool is_long(base::WallTime now) const;
  // Once for each row at the front; outcomes have been written by their settlement.
  [[nodiscard]] bool must_be_stored(base::WallTime now) const { return !stored_ && is_long(now); }
  void was_stored() { stored_ = true; }
  void front_has_left() { stored_ = false; }

 private:
  base::WallTime since_;
  Sign sign_;
  PauseCause cause_;
  std::string reason_;
  bool stored_;  // in the ledger, for the row at the front
  base::MonotonicTime try_at_;
};

// So that max_paused counts across restarts. A failure is logged: the pause is then counted from
// the next start.
void store_pause(store::CentralDatabase& database, const Standstill::Paused& row,
                 const std::string& reason);
// The time of the pause will not count as age.
void end_pause(store::CentralDatabase& database, const Standstill::Paused& row, base::WallTime now);

}  // namespace patchbay::delivery
