#include "agents/stuck.hpp"

#include <algorithm>

namespace patchbay::agents {

std::optional<std::string> stuck_reason(const TurnView& turn) {
  if (!turn.oldest_claim || turn.active) {
    return std::nullopt;
  }
  const base::Milliseconds declared = turn.tool_timeout.value_or(base::Milliseconds{0});
  const auto seconds = [](base::Milliseconds time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
  };
  const bool beat_since_claim = turn.heartbeat && *turn.heartbeat > *turn.oldest_claim;
  if (!beat_since_claim) {
    const base::Milliseconds age = turn.now - *turn.oldest_claim;
    if (age > std::max(turn.claim_stuck_after, declared)) {
      return "no heartbeat since it took a message " + seconds(age) + " ago";
    }
    return std::nullopt;
  }
  const base::Milliseconds silence = turn.now - *turn.heartbeat;
  if (silence > std::max(turn.heartbeat_stuck_after, declared)) {
    return "no heartbeat for " + seconds(silence);
  }
  return std::nullopt;
}

}  // namespace patchbay::agents
