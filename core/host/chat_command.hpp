// `patchbay chat [NAME]`: the arguments of the console's client.
#pragma once

#include <string>

#include "host/command_line.hpp"

namespace patchbay::host {

[[nodiscard]] int run_chat_command(const CommandLine& line, const std::string& data_dir);

}  // namespace patchbay::host
