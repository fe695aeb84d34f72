// Secrets come from the environment, from files, or from systemd's credentials; in clear only in a
// file that nobody else can read.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/status.hpp"

namespace patchbay::host {

// Replaces every {"env":…}, {"file":…}, {"credential":…} in `value` by the text that it names
// (trailing line ends are cut) and appends that text to `found`. base_dir: what relative file names
// are relative to. The failure names the place and the remedy, never a value.
[[nodiscard]] base::Status resolve_secrets(nlohmann::ordered_json& value, const std::string& path,
                                           const std::string& base_dir,
                                           std::vector<std::string>& found);

}  // namespace patchbay::host
