// What is known of one lane, and what the end of an attempt changes in it. No timers, no clock, no
// ledger: lanes.hpp acts on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/executor.hpp"
#include "delivery/attempts.hpp"
#include "delivery/lane_queue.hpp"
#include "delivery/standstill.hpp"

namespace patchbay::delivery {

struct Lane {
  enum class Stage : std::uint8_t {
    kIdle,
    kKept,  // for a row that is being accepted as sending
    kBusy,  // a row is tried, or something is asked or loaded for one
  };

  Stage stage = Stage::kIdle;
  LaneQueue queue;
  std::size_t acceptances = 0;  // on their way to the database
  std::optional<Standstill> standstill;
  bool back_meanwhile = false;  // chat or account came back since the attempt began
  std::int64_t blocked_by = 0;  // the delivery of another lane that the front row waits for
  base::TimerId timer = 0;

  // Nothing is in it, on its way into it, or in its way.
  [[nodiscard]] bool is_free() const;
  // Whatever else is to be known of it stands in the ledger.
  [[nodiscard]] bool may_be_forgotten() const;
  // Since when the row at the front is paused, also by a standstill of before a restart.
  [[nodiscard]] std::optional<base::WallTime> paused_since() const;

  // A row has ended, wherever it stands.
  void leave(std::int64_t id);
  void attempt_began();
  // The standstill that the attempt's end has ended.
  [[nodiscard]] std::optional<Standstill> attempt_ended(const AttemptEnd& end,
                                                        base::MonotonicTime now,
                                                        base::WallTime wall_now);
  void stand_still(Standstill::Sign sign, PauseCause cause, const std::string& reason,
                   base::MonotonicTime now, base::WallTime wall_now);
  // The chat or the account is said to be back.
  void is_back(PauseCause cause, base::MonotonicTime now);
};

}  // namespace patchbay::delivery
