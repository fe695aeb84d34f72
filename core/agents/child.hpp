// From fork() to exec: an agent's process that waits for its host's word.
#pragma once

#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>

#include "agents/agent_runtime.hpp"
#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::agents {

struct WaitingChild {
  pid_t pid = 0;        // not reaped yet
  std::string failure;  // what a failed exec is called
  base::UniqueFd gate;  // closed: it ends
  base::UniqueFd error;
};

// A process that becomes the agent when it is let go: leader of a session of its own, subreaper,
// killed with its host, without descriptors of the host, and of its environment with hardly any.
// `run_variable`: "NAME=value" that all that the agent starts can be known by. open_files: its soft
// limit, if not the host's.
[[nodiscard]] base::Result<WaitingChild> fork_child(const StartSpec& spec,
                                                    const std::string& run_variable,
                                                    std::optional<rlim_t> open_files);
// Until the agent's program runs, or could not be run.
[[nodiscard]] base::Status let_go(WaitingChild& child);

}  // namespace patchbay::agents
