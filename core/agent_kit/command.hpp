// Runs one shell command: a text in, a text out.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "base/clock.hpp"
#include "base/status.hpp"

namespace patchbay::agent_kit {

struct CommandRequest {
  std::string command;                             // for /bin/sh -c
  std::string input;                               // its standard input
  std::map<std::string, std::string> environment;  // beside that of this process
  std::size_t output_limit = 0;                    // bytes kept; the rest is read and dropped
  // Called while it runs, every `sign_of_life_every`.
  std::function<void()> sign_of_life;
  base::Milliseconds sign_of_life_every{5000};
  // Readable: the command gets SIGTERM, and SIGKILL after `stop_grace`. -1: none.
  int stop_fd = -1;
  base::Milliseconds stop_grace{8000};
};

struct CommandResult {
  int exit_code = 0;  // 128 + signal when it was killed
  bool stopped = false;
  bool output_cut = false;
  std::string output;
  std::string last_error_line;  // of its standard error, which is passed on to ours
};

// Blocks until the command is gone. It runs in a process group of its own; what it leaves behind in
// that group is killed. A Status only if it could not be started.
[[nodiscard]] base::Result<CommandResult> run_command(const CommandRequest& request);

}  // namespace patchbay::agent_kit
