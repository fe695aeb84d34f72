// Looks at a running agent now and then, and kills it when it counts as stuck (stuck.hpp).
#pragma once

#include <functional>
#include <string>

#include "agents/agent_group.hpp"
#include "agents/agent_runtime.hpp"
#include "base/lifetime.hpp"
#include "base/timer.hpp"
#include "session/session_storage.hpp"

namespace patchbay::agents {

// The last path component of the file whose time is the agent's heartbeat.
inline constexpr std::string_view kHeartbeat = ".heartbeat";

// [core thread] One run, from its start to its exit.
class StuckWatch {
 public:
  struct Run {
    session::SessionAddress session;
    std::string folder;  // of the session, absolute
    RunId id = 0;
    base::Milliseconds claim_stuck_after;
    base::Milliseconds heartbeat_stuck_after;
    std::function<bool()> is_working;  // an idle agent holds no claims
  };

  StuckWatch(Run run, base::Loop& loop, session::SessionStorage& storage, AgentRuntime& runtime);

 private:
  void arm();
  void look();
  void judge(const session::SessionStorage::Turn& turn);

  const Run run_;
  base::Loop& loop_;
  session::SessionStorage& storage_;
  AgentRuntime& runtime_;
  AgentActivity last_activity_;
  base::Timer timer_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::agents
