// Which processes are a run's: its leader and all that came of it, also what left the session by
// setsid(2) or lost its parent.
//
// A leader is a subreaper (PR_SET_CHILD_SUBREAPER): while it lives, all that it started stays below
// it. When it has ended, the host, a subreaper too, is the parent of what was left. Of the host's
// children only those are a run's which prove it: by the session, by having been seen below the
// leader, or by the variable of the run in their environment. Others are the host's own, as probes
// of adapters are, or what an adapter started.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agents/process_table.hpp"

namespace patchbay::agents {

// "PATCHBAY_RUN=<token>".
[[nodiscard]] std::string run_variable(const std::string& token);

class RunProcesses {
 public:
  // `leader` is a child of this process that is not waited for as long as this object is used:
  // its number, and with it that of its session, is not given to another process.
  RunProcesses(const ProcessInfo& leader, std::string token)
      : leader_(leader), token_(std::move(token)) {}

  struct Seen {
    std::vector<ProcessInfo> alive;  // the leader too
    // Children of this process that have ended and wait to be reaped, without the leader: those of
    // the run, and those that no run is known for and the host did not start, which left its
    // session. Leaders of other runs may be among them.
    std::vector<ProcessInfo> ended;
  };
  // Looks through /proc, and remembers what it saw.
  Seen look();

 private:
  [[nodiscard]] bool is_root(const ProcessInfo& process) const;

  ProcessInfo leader_;
  std::string token_;
  std::set<std::pair<pid_t, std::uint64_t>> known_;  // number and start time
};

// What is alive of a run whose host is gone. `leader` may be another process by now: one with
// another start time means that its session was gone before the number was used again.
[[nodiscard]] std::vector<ProcessInfo> leftovers_of_run(pid_t leader, std::uint64_t start_time,
                                                        const std::string& token);

}  // namespace patchbay::agents
