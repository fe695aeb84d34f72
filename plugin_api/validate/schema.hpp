// The schema of the settings in a sidecar.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace patchbay::validate {

// Adds what keeps a host from reading it, in words.
void check_schema(const nlohmann::json& schema, std::vector<std::string>& problems);

}  // namespace patchbay::validate
