// Notices of the host (a failed delivery) that were part of a turn which failed. The turn's rows
// are acknowledged, so the notices are kept in session_state until a prompt with them was answered.
#pragma once

#include <vector>

#include "agent_kit/agent_session.hpp"
#include "agent_kit/turn.hpp"

namespace patchbay::agent_kit {

// The turn with the kept notices in front.
[[nodiscard]] Turn with_unread_notices(AgentSession& session, Turn turn);

// The turn failed: its notices are kept, the newest ones of too many. Before its end is written.
void keep_notices(AgentSession& session, const Turn& turn);
// The turn was answered.
void forget_notices(AgentSession& session);

}  // namespace patchbay::agent_kit
