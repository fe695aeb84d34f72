// Secrets come from the environment, from files, or from systemd's credentials; in clear only in a
// file that nobody else can read.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/config_problems.hpp"

namespace patchbay::host {

// Replaces every {"env":…}, {"file":…}, {"credential":…} in `value` by the text that it names
// (trailing line ends are cut) and appends that text to `found`. base_dir: what relative file names
// are relative to. Each one that cannot be had goes into `problems` with its own path, below
// `path`, and the remedy, never a value; an empty text stands in its place.
void resolve_secrets(nlohmann::ordered_json& value, const std::string& path,
                     const std::string& base_dir, std::vector<std::string>& found,
                     ConfigProblems& problems);

}  // namespace patchbay::host
