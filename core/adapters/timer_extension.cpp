#include "adapters/timer_extension.hpp"

#include <algorithm>

#include <patchbay/ext/clock.h>
#include <patchbay/ext/timer.h>

#include "adapters/instance.hpp"
#include "base/random.hpp"

namespace patchbay::adapters {
namespace {

constexpr base::Milliseconds kLongestDelay = std::chrono::hours(24 * 365);

void start_timer(const pbay_host* host, pbay_op op, std::int64_t delay_ms) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    const base::Milliseconds delay(std::clamp<std::int64_t>(delay_ms, 0, kLongestDelay.count()));
    bridge->post([op, delay](Instance& instance) { instance.timers().start(op, delay); });
  }
}

void cancel_timer(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op](Instance& instance) { instance.timers().cancel(op); });
  }
}

std::int64_t monotonic_ms(const pbay_host* host) PBAY_NOEXCEPT {
  std::int64_t out = 0;
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->gate().with([&out](const AdapterHostServices& services) {
      out = monotonic_milliseconds(services.loop.now());
    });
  }
  return out;
}

std::int64_t wall_ms(const pbay_host* host) PBAY_NOEXCEPT {
  std::int64_t out = 0;
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->gate().with([&out](const AdapterHostServices& services) {
      out = services.loop.wall_now().time_since_epoch().count();
    });
  }
  return out;
}

std::uint64_t random_bits(const pbay_host* host) PBAY_NOEXCEPT {
  std::uint64_t out = 0;
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->gate().with(
        [&out](const AdapterHostServices& services) { out = services.random.next(); });
  }
  return out;
}

}  // namespace

void TimerExtension::start(pbay_op op, base::Milliseconds delay) {
  if (!owner_.begin(op, "timer")) {
    return;
  }
  timers_[op] = owner_.services().loop.run_after(delay, [this, op] {
    timers_.erase(op);
    owner_.complete(op, {});
  });
}

void TimerExtension::cancel(pbay_op op) {
  const auto found = timers_.find(op);
  if (found == timers_.end()) {
    return;  // it was faster
  }
  owner_.services().loop.cancel(found->second);
  timers_.erase(found);
  owner_.complete(op, {.code = PBAY_E_CANCELLED});
}

void TimerExtension::shut_down() {
  for (const auto& [op, timer] : timers_) {
    owner_.services().loop.cancel(timer);
  }
  timers_.clear();
}

const void* timer_table() {
  static constexpr pbay_timer kTable = {sizeof(pbay_timer), 0, start_timer, cancel_timer};
  return &kTable;
}

const void* clock_table() {
  static constexpr pbay_clock kTable = {sizeof(pbay_clock), 0, monotonic_ms, wall_ms, random_bits};
  return &kTable;
}

}  // namespace patchbay::adapters
