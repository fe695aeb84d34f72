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
  pid_t session = 0;             // its session leader's id
  char state = '?';              // 'Z': a zombie, which can write nothing any more
  std::uint64_t start_time = 0;  // clock ticks since boot
  std::uint64_t cpu_ticks = 0;   // user and system
};

[[nodiscard]] std::optional<ProcessInfo> read_process(pid_t pid);
// Every living (not zombie) process whose session leader is, or was, `session`.
[[nodiscard]] std::vector<ProcessInfo> processes_of_session(pid_t session);
// Characters read and written by the process, sockets included as far as the kernel counts them.
[[nodiscard]] std::uint64_t io_bytes_of(pid_t pid);
// Changes with every boot.
[[nodiscard]] std::string boot_id();

}  // namespace patchbay::agents
