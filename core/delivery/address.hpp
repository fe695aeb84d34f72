// Where an outbound row goes, and which message it speaks of. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/status.hpp"
#include "delivery/channel_port.hpp"
#include "session/types.hpp"
#include "store/records.hpp"

namespace patchbay::delivery {

// Lanes that are not a chat's: their instance is empty or "agent".
//   rows for the host itself, one lane a session
[[nodiscard]] store::LaneKey host_lane(const session::SessionAddress& session);
//   rows to another agent, one lane a target
[[nodiscard]] store::LaneKey agent_lane(const base::AgentGroupId& target);
[[nodiscard]] bool is_host_lane(const store::LaneKey& lane);
[[nodiscard]] bool is_agent_lane(const store::LaneKey& lane);
[[nodiscard]] bool is_chat_lane(const store::LaneKey& lane);
// The chat with all its threads.
[[nodiscard]] store::LaneKey without_thread(store::LaneKey lane);

// The row's own address, else that of the row it answers, else the session's default. The result is
// canonical. kInvalidArgument says what is wrong with the address; kNotFound: there is none.
[[nodiscard]] base::Result<store::LaneKey> resolve_lane(const session::OutboundMessage& message,
                                                        const base::AgentGroupId& own_group,
                                                        const store::LaneKey& session_default);

// An address as the databases have it → lane.
[[nodiscard]] base::Result<store::LaneKey> lane_of_address(const session::ChatAddress& address);

// What the adapter calls the chat.
struct PlatformChat {
  store::ChatKind kind = store::ChatKind::kDirect;
  std::string id;
};
[[nodiscard]] std::optional<PlatformChat> platform_chat(const store::LaneKey& lane);

}  // namespace patchbay::delivery
