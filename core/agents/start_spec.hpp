// What a session's agent is started with: the environment that docs/agents.md promises.
#pragma once

#include <string>

#include "agents/agent_group.hpp"
#include "agents/agent_runtime.hpp"

namespace patchbay::agents {

// `session_folder` and `logs_folder` are absolute; the log is <agent>/<session>.log in the latter.
[[nodiscard]] StartSpec make_start_spec(const session::SessionAddress& session,
                                        const AgentGroup& group, const std::string& session_folder,
                                        const std::string& logs_folder);
[[nodiscard]] std::string log_file_of(const session::SessionAddress& session,
                                      const std::string& logs_folder);

}  // namespace patchbay::agents
