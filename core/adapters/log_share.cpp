#include "adapters/log_share.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace patchbay::adapters {
namespace {

constexpr std::size_t kLineBytes = 128;  // time, event and instance, whatever the text is

}  // namespace

LogShare::Verdict LogShare::ask(std::size_t bytes, base::MonotonicTime now) {
  const auto passed = std::chrono::duration_cast<base::Milliseconds>(now - counted_);
  if (passed.count() > 0) {
    // More time than fills it is of no use, and would overflow.
    const auto most = static_cast<std::int64_t>(kBurst / limits::kAdapterLogBytesPerSecond);
    left_ = std::min(kBurst, left_ + static_cast<std::uint64_t>(std::min(passed.count(), most)) *
                                         limits::kAdapterLogBytesPerSecond);
    counted_ += passed;
  }
  full_ = full_ && left_ < kBurst / 4;
  const std::uint64_t cost = (bytes + kLineBytes) * kByte;
  if (!full_ && cost <= left_) {
    left_ -= cost;
    return Verdict::kWrite;
  }
  ++left_out_;
  return std::exchange(full_, true) ? Verdict::kLeaveOut : Verdict::kLeaveOutFirst;
}

std::uint64_t LogShare::take_left_out() { return std::exchange(left_out_, 0); }

std::string shown_in_log(std::string_view said) {
  std::string text = base::to_valid_utf8(said.substr(0, limits::kAdapterLogBytes));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

}  // namespace patchbay::adapters
