// What runs an agent: a process of the host's user now; a sandbox or a container may stand behind
// the same interface.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "session/types.hpp"

namespace patchbay::agents {

using RunId = std::uint64_t;  // 0 is never one

struct StartSpec {
  session::SessionAddress session;
  std::vector<std::string> command;
  std::string working_directory;
  std::map<std::string, std::string> env;  // beside the little that is inherited
  std::string log_file;                    // standard output and error are appended here
};

struct AgentExit {
  int exit_code = 0;  // meaningful when signal is 0
  int signal = 0;
  [[nodiscard]] bool clean() const { return signal == 0 && exit_code == 0; }
};

// How busy a run is; only differences mean something.
struct AgentActivity {
  std::uint64_t cpu_ticks = 0;
  std::uint64_t io_bytes = 0;
};

class AgentRuntime {
 public:
  virtual ~AgentRuntime() = default;
  // [core thread] `on_exit` comes once, on the core thread, when the agent and everything that it
  // started are gone: from then on the session's run lease can be given.
  virtual base::Result<RunId> start(const StartSpec& spec,
                                    base::UniqueFunction<void(AgentExit)> on_exit) = 0;
  virtual void terminate(RunId run) = 0;  // asks (SIGTERM)
  virtual void kill(RunId run) = 0;
  [[nodiscard]] virtual std::optional<AgentActivity> activity(RunId run) const = 0;
};

}  // namespace patchbay::agents
