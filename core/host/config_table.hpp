// A configuration against the table of keys (config_keys.hpp): what is wrong with it, and the
// defaults that it leaves out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace patchbay::host {

// One thing that is wrong: "instances.telegram.chanel", "unknown key; did you mean \"channel\"?".
struct ConfigProblem {
  std::string path;
  std::string message;
};

// Checks `config` against the table and fills in defaults. Durations become integers of
// milliseconds and sizes integers of bytes, string lists become arrays; order is kept. All problems
// at once, in the order of the file.
[[nodiscard]] std::vector<ConfigProblem> apply_table(nlohmann::ordered_json& config);

}  // namespace patchbay::host
