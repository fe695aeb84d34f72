// How much of the log one adapter may fill: limits::kAdapterLogBurstBytes at once, and then
// limits::kAdapterLogBytesPerSecond. It is counted in bytes, since those are what fills a disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {

class LogShare {
 public:
  enum class Verdict : std::uint8_t {
    kWrite,
    kLeaveOut,
    kLeaveOutFirst,  // the same, and nobody was told yet that lines are left out
  };

  // May a line of so many bytes be written? Once one may not, none may until a quarter of the burst
  // is there again: else what tells of lines left out would fill the log in their place.
  [[nodiscard]] Verdict ask(std::size_t bytes, base::MonotonicTime now);
  // How many lines were left out since this was last asked, once lines are written again.
  [[nodiscard]] std::uint64_t take_left_out();

 private:
  // Counted in thousandths of a byte: a millisecond brings kAdapterLogBytesPerSecond of them.
  static constexpr std::uint64_t kByte = 1000;
  static constexpr std::uint64_t kBurst = limits::kAdapterLogBurstBytes * kByte;

  std::uint64_t left_ = kBurst;
  base::MonotonicTime counted_{};
  bool full_ = false;
  std::uint64_t left_out_ = 0;
};

// What an adapter said, as a line may show it: at most limits::kAdapterLogBytes of it, UTF-8, and
// blanks for control characters.
[[nodiscard]] std::string shown_in_log(std::string_view said);

}  // namespace patchbay::adapters
