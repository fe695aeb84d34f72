// How long a session waits: its agent for another start after it failed, and the session itself
// for another look after it could not be read.
#pragma once

#include <algorithm>

#include "base/clock.hpp"
#include "base/limits.hpp"

namespace patchbay::agents {

// 1 s, 2 s, 4 s … 5 min after `failures` runs in a row that brought nothing (1 for the first).
[[nodiscard]] constexpr base::Milliseconds restart_delay(unsigned failures) {
  if (failures == 0) {
    return base::Milliseconds{0};
  }
  const unsigned doublings = std::min(failures - 1, 16U);
  const base::Milliseconds delay =
      base::Milliseconds(limits::kAgentBackoffFirst) * (1 << doublings);
  return std::min(delay, base::Milliseconds(limits::kAgentBackoffLongest));
}

// 1 s, 2 s, 4 s … 1 min; `last` is what was waited before, 0 at first.
[[nodiscard]] constexpr base::Milliseconds next_look(base::Milliseconds last) {
  return std::clamp<base::Milliseconds>(last * 2, limits::kSessionReadAgain,
                                        limits::kSessionReadAgainLongest);
}

}  // namespace patchbay::agents
