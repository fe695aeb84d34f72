// What the user typed, as values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
  std::string command = "run";         // or "deliveries resolve", which is two words
  std::vector<std::string> arguments;  // of the command
  ConfigOverrides config;
  bool check_config = false;
  bool json = false;
  bool help = false;
  bool version = false;
  std::size_t limit = 50;
  // chat
  std::string instance;  // empty: "console", else the only one of that channel
  std::string chat;      // its key; empty: any
  std::string save_folder = ".";
  int answers = -1;
  std::chrono::milliseconds timeout{std::chrono::minutes{2}};
};

// kInvalidArgument names the option and the remedy.
[[nodiscard]] base::Result<CommandLine> parse_command_line(int argc, const char* const* argv);
[[nodiscard]] std::string usage();

// The number of a delivery in the ledger, from 1.
[[nodiscard]] std::optional<std::int64_t> parse_delivery_id(std::string_view text);

}  // namespace patchbay::host
