// Checked JSON → values.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "host/config.hpp"
#include "host/config_problems.hpp"
#include "host/config_source.hpp"

namespace patchbay::host {

// Fills in all of `config` that stands in the file; its data_dir is known already. `json` has
// passed apply_table(); secrets in it are resolved here. What is wrong with values, and between
// them, goes into `problems`; then `config` is not to be used.
void read_config(nlohmann::ordered_json& json, const ConfigSource& source, ConfigProblems& problems,
                 Config& config);

}  // namespace patchbay::host
