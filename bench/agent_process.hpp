// Agents as processes of their own, since a process must not open a session's databases twice.
#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/unique_fd.hpp"
#include "statistics.hpp"

namespace patchbay::bench {

// Writes a message into an outbound.db whenever it is told to. Make it before the first thread.
class AgentProcess {
 public:
  // folders: of the sessions; each must be there with its databases at the first write to it.
  AgentProcess(std::vector<std::string> folders, std::string instance);
  ~AgentProcess();  // ends the process
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  // Begins a write to folders[index].
  void write(std::uint8_t index);
  // Waits for that write's end: when its commit had returned.
  Clock::time_point committed();

 private:
  base::UniqueFd orders_;
  base::UniqueFd answers_;
  pid_t pid_ = -1;
};

// What `patchbay-bench idle-agent` does: acknowledges what is due, without an answer, then waits to
// be ended. The exit code.
int run_idle_agent();

}  // namespace patchbay::bench
