// Commands that ask the running host over its control socket.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/status.hpp"
#include "host/command_line.hpp"

namespace patchbay::host {

// status, sessions, deliveries, trace: prints to standard output; the exit code.
[[nodiscard]] int run_client_command(const CommandLine& line, const std::string& data_dir);

// One call. kUnavailable: no host runs on that folder.
[[nodiscard]] base::Result<nlohmann::json> call_host(const std::string& data_dir,
                                                     const std::string& method,
                                                     const nlohmann::json& params);

[[nodiscard]] std::string control_socket_path(const std::string& data_dir);

}  // namespace patchbay::host
