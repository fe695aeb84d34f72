// One timer of a component, which goes with it.
#pragma once

#include <utility>

#include "base/executor.hpp"

namespace patchbay::base {

// [the loop's thread] The loop must outlive it.
class Timer {
 public:
  explicit Timer(Loop& loop) : loop_(loop) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Runs `task` after `delay`, unless the timer is armed again, cancelled or destroyed before. The
  // task may do any of these to its own timer.
  void arm(Milliseconds delay, Task task) {
    cancel();
    id_ = loop_.run_after(delay, [this, task = std::move(task)]() mutable {
      id_ = 0;
      task();
    });
  }

  void cancel() {
    if (id_ != 0) {
      loop_.cancel(std::exchange(id_, 0));
    }
  }

 private:
  Loop& loop_;
  TimerId id_ = 0;
};

}  // namespace patchbay::base
