// A timer of the host's that calls back: for an end to waiting, where no coroutine sleeps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include <patchbay/ext/timer.h>
#include <patchbay/sdk/runtime.hpp>

namespace patchbay::console {

class Alarm final : public sdk::Pending {
 public:
  // `rings` may destroy the alarm. It does not ring once the instance stops, nor on a host without
  // timers.
  Alarm(sdk::Runtime& runtime, std::function<void()> rings)
      : runtime_(runtime),
        timer_(runtime.extension<pbay_timer>(PBAY_EXT_TIMER)),
        rings_(std::move(rings)) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { clear(); }

  // Instead of the time that was set before.
  void set(std::int64_t delay_ms) {
    clear();
    if (timer_ != nullptr && !ends_in(runtime_.phase())) {
      op_ = runtime_.begin(this);
      timer_->start(runtime_.host(), op_, std::max<std::int64_t>(delay_ms, 0));
    }
  }
  void clear() noexcept {
    if (op_ != 0) {
      runtime_.abandon(std::exchange(op_, 0));
    }
  }

  void completed(const pbay_completion& completion) override {
    op_ = 0;
    if (completion.code == PBAY_OK) {
      const auto rings = rings_;
      rings();
    }
  }
  [[nodiscard]] bool ends_in(sdk::Phase phase) const noexcept override {
    return phase != sdk::Phase::kRunning;
  }
  void cancel(const pbay_host* host, pbay_op op) noexcept override { timer_->cancel(host, op); }

 private:
  sdk::Runtime& runtime_;
  const pbay_timer* timer_;
  std::function<void()> rings_;
  pbay_op op_ = 0;
};

}  // namespace patchbay::console
