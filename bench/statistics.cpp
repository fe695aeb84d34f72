#include "statistics.hpp"

#include <algorithm>
#include <stdexcept>

namespace patchbay::bench {

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) {
    throw std::runtime_error("nothing was measured");
  }
  std::sort(samples.begin(), samples.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(samples.size()));
  return samples[std::min(at, samples.size() - 1)];
}

}  // namespace patchbay::bench
