// What the user typed, as values.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "host/config.hpp"

namespace patchbay::host {

// Exit codes, the same for every command.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;  // wrong usage or configuration
inline constexpr int kExitNotRunning = 3;
inline constexpr int kExitRefused = 4;

struct CommandLine {
  std::string command = "run";
  std::vector<std::string> arguments;  // of the command
  ConfigOverrides config;
  bool check_config = false;
  bool json = false;
  bool help = false;
  bool version = false;
  std::size_t limit = 50;
  // chat
  std::string instance = "console";
  std::string save_folder = ".";
  int answers = -1;
  std::chrono::milliseconds timeout{std::chrono::minutes{2}};
};

// kInvalidArgument names the option and the remedy.
[[nodiscard]] base::Result<CommandLine> parse_command_line(int argc, const char* const* argv);
[[nodiscard]] std::string usage();

}  // namespace patchbay::host
