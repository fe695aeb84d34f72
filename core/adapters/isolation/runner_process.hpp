// A patchbay-adapter-runner as a child of the daemon.
#pragma once

#include <csignal>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {

struct ChildProcess {
  pid_t pid = -1;        // not reaped yet; leader of a process group of its own
  base::UniqueFd pidfd;  // readable when it has ended
};

// Starts `program` with standard input and output at /dev/null, standard error and the descriptors
// 3, 4, … as given (-1 for standard error: /dev/null), without any other descriptor of ours, with
// an environment of hardly anything, and with no signal blocked or ignored. An error names the
// program.
[[nodiscard]] base::Result<ChildProcess> spawn_runner(const std::string& program,
                                                      std::vector<std::string> arguments,
                                                      int standard_output, int standard_error,
                                                      const std::vector<int>& descriptors);

// [any thread] Kills it, wherever it has put itself: a process can leave its group. Nothing happens
// to one that has ended.
void kill_process(const ChildProcess& child);
// The same, with everything that it left in its group, and reaps it: how it had ended, or that it
// was killed just now. Waits for as long as the kernel takes.
siginfo_t end_process(const ChildProcess& child);
// "it crashed (Segmentation fault)"
[[nodiscard]] std::string describe_end(const siginfo_t& end);

}  // namespace patchbay::adapters
