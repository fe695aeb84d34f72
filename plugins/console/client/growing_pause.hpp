// The wait between tries: each one twice as long as the last, up to a bound.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace patchbay::console {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class GrowingPause {
 public:
  GrowingPause(milliseconds first, milliseconds longest)
      : first_(first), longest_(longest), next_(first) {}

  void begin() {
    due_ = Clock::now() + next_;
    next_ = std::min(next_ * 2, longest_);
  }
  // It went well: the next wait is a short one again.
  void reset() {
    due_.reset();
    next_ = first_;
  }
  // The wait is over, without a word about how it goes on.
  void end() { due_.reset(); }
  [[nodiscard]] bool under_way() const { return due_.has_value(); }
  [[nodiscard]] bool is_due() const { return due_ && Clock::now() >= *due_; }
  // At most `longest`.
  [[nodiscard]] milliseconds left(milliseconds longest) const {
    if (!due_) {
      return longest;
    }
    const auto left = std::chrono::ceil<milliseconds>(*due_ - Clock::now());
    return std::clamp(left, milliseconds{0}, longest);
  }

 private:
  milliseconds first_;
  milliseconds longest_;
  milliseconds next_;
  std::optional<Clock::time_point> due_;
};

}  // namespace patchbay::console
