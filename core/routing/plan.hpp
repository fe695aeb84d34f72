// What is to become of one event: decided in one unit of work on the central database, so that the
// decisions of events follow each other in the order of their submission.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/status.hpp"
#include "routing/compiled_routing.hpp"
#include "routing/inbound_event.hpp"
#include "session/types.hpp"

namespace patchbay::store {
struct Repositories;
}

namespace patchbay::routing {

enum class Way : std::uint8_t { kDuplicate, kSessions, kIntake, kRefused };

struct PlannedTarget {
  session::SessionAddress session;
  bool trigger = true;  // false: context
};

struct Plan {
  Way way = Way::kRefused;
  std::vector<PlannedTarget> targets;  // of kSessions; one an agent
  // Of kRefused: "unknown_chat", "unknown_sender", "bot", "own_message", "not_engaged".
  std::string reason;
};

enum class FirstTime : std::uint8_t { kCheck, kIsHeldInIntake };

// [the database's thread] Looks up whether the event was seen, keeps the chat, decides for each
// agent, finds or makes the sessions (their records, not their folders), remembers who takes part.
[[nodiscard]] base::Result<Plan> make_plan(store::Repositories& repositories,
                                           const CompiledRouting& routing,
                                           const InboundEvent& event, FirstTime first_time,
                                           base::Random& random, base::WallTime now);

}  // namespace patchbay::routing
