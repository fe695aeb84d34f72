// When an instance whose process was lost is started again.
#pragma once

#include <deque>

#include "base/clock.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {

struct RestartPlan {
  base::Milliseconds delay{0};
  bool breaker_open = false;  // it was lost so often that it has to rest
};

// 1 s, 2 s, 4 s … after each loss within limits::kRunnerLossesKept; after limits::kRunnerLosses of
// them it rests for limits::kRunnerRest, and is then tried once: lost again, it rests again.
class Restarts {
 public:
  [[nodiscard]] RestartPlan lost(base::MonotonicTime now) {
    while (!losses_.empty() && now - losses_.front() > limits::kRunnerLossesKept) {
      losses_.pop_front();
    }
    losses_.push_back(now);
    if (losses_.size() > limits::kRunnerLosses) {
      losses_.pop_front();
      return {limits::kRunnerRest, true};
    }
    return {limits::kRunnerRestart * (1 << (losses_.size() - 1)), false};
  }

 private:
  std::deque<base::MonotonicTime> losses_;
};

}  // namespace patchbay::adapters
