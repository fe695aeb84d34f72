// Times and what to make of many of them.
#pragma once

#include <chrono>
#include <vector>

namespace patchbay::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] double milliseconds_since(Clock::time_point begin);
[[nodiscard]] double seconds_since(Clock::time_point begin);

// The value below which `share` (0 … 1) of them lie; samples must not be empty.
[[nodiscard]] double percentile(std::vector<double> samples, double share);

}  // namespace patchbay::bench
