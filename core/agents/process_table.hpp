// What /proc knows about processes. A process id alone proves nothing: it is used again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace patchbay::agents {

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;  // its session leader's id
  char state = '?';
  int threads = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
  std::uint64_t cpu_ticks = 0;   // user and system

  // A zombie, which can write nothing any more. One whose first thread alone has ended looks like a
  // zombie, and can.
  [[nodiscard]] bool has_ended() const { return state == 'X' || (state == 'Z' && threads <= 1); }
};

[[nodiscard]] std::optional<ProcessInfo> read_process(pid_t pid);
// Every process, zombies too. What starts or ends meanwhile may be missing.
[[nodiscard]] std::vector<ProcessInfo> all_processes();
// Whether `variable` ("NAME=value") was in the environment that the process was started with.
[[nodiscard]] bool was_started_with(pid_t pid, const std::string& variable);
// SIGKILL for this very process, and not for another one that got its number since.
void kill_process(const ProcessInfo& process);
// Characters read and written by the process, sockets included as far as the kernel counts them.
[[nodiscard]] std::uint64_t io_bytes_of(pid_t pid);
// Changes with every boot.
[[nodiscard]] std::string boot_id();

}  // namespace patchbay::agents
