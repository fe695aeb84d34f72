// How the agents of a group run, as the configuration says.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"

namespace patchbay::agents {

// What `provider` says in container.json and in the sessions table: every group runs a command.
inline constexpr char kProvider[] = "command";

struct AgentGroup {
  base::AgentGroupId id;
  std::string name;                  // as people know it
  std::vector<std::string> command;  // argv; the first is a path or is looked up
  std::string workspace;  // absolute path of the group's own folder, the working directory
  int messages_per_prompt = limits::kMessagesPerPrompt;
  base::Milliseconds idle_timeout = limits::kAgentIdle;
  base::Milliseconds stuck_after = limits::kHeartbeatStuck;
  base::Milliseconds claim_stuck_after = limits::kClaimStuck;
  std::string timezone;  // IANA name; empty: the host's
  std::string model;     // for the agent alone; empty: its own choice
  std::string effort;    // of the model; empty: the agent's own choice
  std::map<std::string, std::string> env;
};

// Writes <workspace>/container.json, which the session contract gives to every agent, and makes the
// folders above it that are missing, for this user alone. The file is replaced atomically.
[[nodiscard]] base::Status prepare_workspace(const AgentGroup& group);

}  // namespace patchbay::agents
