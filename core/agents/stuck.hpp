// When a running agent counts as stuck: a pure decision.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"

namespace patchbay::agents {

struct TurnView {
  base::WallTime now;
  std::optional<base::WallTime> oldest_claim;      // none: nothing is being worked on
  std::optional<base::WallTime> heartbeat;         // none: the file does not exist yet
  std::optional<base::Milliseconds> tool_timeout;  // declared by the tool in flight
  base::Milliseconds claim_stuck_after;
  base::Milliseconds heartbeat_stuck_after;
  bool active = false;  // used CPU or moved bytes since the last look
};

// The reason, in words, or nothing. A claim is stuck when no heartbeat came since it was made, for
// longer than the group allows or the tool declared; a turn whose heartbeats stopped, for longer
// than the second limit. A silent turn whose processes are active is left alone.
[[nodiscard]] std::optional<std::string> stuck_reason(const TurnView& turn);

}  // namespace patchbay::agents
