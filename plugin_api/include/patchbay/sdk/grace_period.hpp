// GracePeriod: how long the deliveries of a stopping instance may go on.
#ifndef PATCHBAY_SDK_GRACE_PERIOD_HPP
#define PATCHBAY_SDK_GRACE_PERIOD_HPP

#include <cstdint>
#include <utility>

#include "../ext/timer.h"
#include "runtime.hpp"

namespace patchbay::sdk {

class GracePeriod final : public Pending {
 public:
  explicit GracePeriod(Runtime& runtime)
      : runtime_(runtime), timer_(runtime.extension<pbay_timer>(PBAY_EXT_TIMER)) {}

  // When it is over, everything is given up. Without a timer or time, that is now.
  void begin(std::int64_t period_ms) {
    if (timer_ == nullptr || period_ms <= 0) {
      runtime_.advance(Phase::kEnding);
      return;
    }
    op_ = runtime_.begin(this);
    timer_->start(runtime_.host(), op_, period_ms);
  }
  // It is no longer needed. The host still completes the timer.
  void end() noexcept {
    if (op_ != 0) {
      runtime_.abandon(std::exchange(op_, 0));
    }
  }

  void completed(const pbay_completion& completion) override {
    static_cast<void>(completion);
    op_ = 0;
    runtime_.advance(Phase::kEnding);
  }
  [[nodiscard]] bool ends_in(Phase phase) const noexcept override {
    static_cast<void>(phase);
    return false;
  }
  void cancel(const pbay_host* host, pbay_op op) noexcept override { timer_->cancel(host, op); }

 private:
  Runtime& runtime_;
  const pbay_timer* timer_;
  pbay_op op_ = 0;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_GRACE_PERIOD_HPP
