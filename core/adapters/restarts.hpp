// When an instance whose process was lost is started again.
#pragma once

#include <deque>
#include <optional>

#include "base/clock.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {

struct RestartPlan {
  base::Milliseconds delay{0};
  bool breaker_open = false;  // it was lost so often that it has to rest
};

// 1 s, 2 s, 4 s … after each loss within limits::kRunnerLossesKept; after limits::kRunnerLosses of
// them it rests for limits::kRunnerRest, and is then tried once: lost again before it has run for
// limits::kRunnerLossesKept, it rests again.
class Restarts {
 public:
  [[nodiscard]] RestartPlan lost(base::MonotonicTime now) {
    if (rested_until_ && now - *rested_until_ <= limits::kRunnerLossesKept) {
      return rest(now);
    }
    while (!losses_.empty() && now - losses_.front() > limits::kRunnerLossesKept) {
      losses_.pop_front();
    }
    if (losses_.size() == limits::kRunnerLosses) {
      return rest(now);
    }
    losses_.push_back(now);
    return {limits::kRunnerRestart * (1 << (losses_.size() - 1)), false};
  }

 private:
  RestartPlan rest(base::MonotonicTime now) {
    losses_.clear();
    rested_until_ = now + limits::kRunnerRest;
    return {limits::kRunnerRest, true};
  }

  std::deque<base::MonotonicTime> losses_;           // since it rested
  std::optional<base::MonotonicTime> rested_until_;  // the last time
};

}  // namespace patchbay::adapters
