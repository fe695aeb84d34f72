// "patchbay.timer/1" and "patchbay.clock/1".
#pragma once

#include <unordered_map>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"

namespace patchbay::adapters {

// [core thread]
class TimerExtension {
 public:
  explicit TimerExtension(ExtensionOwner& owner) : owner_(owner) {}

  void start(pbay_op op, base::Milliseconds delay);
  void cancel(pbay_op op);
  // Without completions: the adapter is not called any more.
  void shut_down();

 private:
  ExtensionOwner& owner_;
  std::unordered_map<pbay_op, base::TimerId> timers_;
};

[[nodiscard]] const void* timer_table();
[[nodiscard]] const void* clock_table();

}  // namespace patchbay::adapters
