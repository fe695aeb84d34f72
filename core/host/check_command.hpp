// `patchbay run --check-config`: what is wrong with a configuration, without running it.
#pragma once

#include "host/command_line.hpp"

namespace patchbay::host {

// Prints the verdict, with --json as {"source":…,"ok":…,"problems":["…"]}; the exit code.
[[nodiscard]] int run_check_command(const CommandLine& line);

}  // namespace patchbay::host
