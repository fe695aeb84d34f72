// Agents as processes of the host's own user, each leader of a session of its own, and subreaper of
// all that it starts. run_processes.hpp says which processes are an agent's.
//
// Such an agent can touch whatever its user can: for agents that read strangers' mail use a
// sandbox. docs/security.md says so.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>

#include "agents/agent_runtime.hpp"
#include "base/event_loop.hpp"

namespace patchbay::agents {

class ProcessRuntime final : public AgentRuntime {
 public:
  // records_folder: absolute path of a folder of the host's own, where a file says of every running
  // agent which process it is, so that the next host finds those that this one left behind.
  //
  // open_files: how many files an agent may have open, its soft limit, where that is not to be this
  // process's own: a program that uses select() must not be given descriptors over 1,023.
  //
  // While it lives, this process is a subreaper. At most one at a time in a process.
  ProcessRuntime(base::EventLoop& loop, std::string records_folder,
                 std::optional<rlim_t> open_files = {});
  ~ProcessRuntime() override;  // kills what still runs

  // Ends every agent that a previous host left behind, and returns when they are gone. Call it
  // before the first start. The number of agents that were found.
  base::Result<int> kill_leftovers();

  base::Result<RunId> start(const StartSpec& spec,
                            base::UniqueFunction<void(AgentExit)> on_exit) override;
  void terminate(RunId run) override;
  void kill(RunId run) override;
  [[nodiscard]] std::optional<AgentActivity> activity(RunId run) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The absolute path of `program`: as it is when it has a slash, else beside the running binary,
// else in PATH. kNotFound names the places that were searched.
[[nodiscard]] base::Result<std::string> find_program(const std::string& program);

}  // namespace patchbay::agents
