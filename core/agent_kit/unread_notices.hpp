// Notices of the host (a failed delivery) that were part of a turn which failed. The turn's rows
// are acknowledged, so the notices are kept in session_state until a prompt with them was answered.
// Both are written together with the turn's end: apart from it, an agent that is killed in between
// would read a notice twice, or never.
#pragma once

#include <vector>

#include "agent_kit/agent_session.hpp"
#include "agent_kit/turn.hpp"

namespace patchbay::agent_kit {

// The turn with the kept notices in front.
[[nodiscard]] Turn with_unread_notices(AgentSession& session, Turn turn);

// What a turn that failed keeps of its notices, among them those that were kept before: the newest
// ones of too many.
[[nodiscard]] std::vector<StateChange> kept_notices(const Turn& turn);
// What one that was answered keeps: nothing.
[[nodiscard]] std::vector<StateChange> no_kept_notices(const Turn& turn);

}  // namespace patchbay::agent_kit
