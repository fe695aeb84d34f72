// Checks of a configuration that need more than the file.
#pragma once

#include <string>
#include <vector>

#include "adapters/adapters.hpp"
#include "base/status.hpp"
#include "host/config.hpp"

namespace patchbay::host {

// Secret settings may stand in clear only in a file that nobody else can read.
[[nodiscard]] base::Status check_clear_secrets(const Config& config,
                                               const adapters::AdapterHost& channels);

// For --check-config: agents' programs, plugin folders, adapters and each instance's settings,
// without running any adapter's code or touching the data folder. One line a problem.
[[nodiscard]] base::Status check_surroundings(const Config& config);

// What would run, but hardly as it is meant: one line each, with the remedy.
[[nodiscard]] std::vector<std::string> doubts_about(const Config& config);
// Agents' programs that cannot be found, one line each: other agents run all the same.
[[nodiscard]] std::vector<std::string> missing_programs(const Config& config);

// The keys that differ and take effect only at the next start.
[[nodiscard]] std::vector<std::string> keys_needing_restart(const Config& running,
                                                            const Config& fresh);

}  // namespace patchbay::host
