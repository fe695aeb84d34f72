// `patchbay status` for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace patchbay::host {

// Of the answer to the method "status", without the last line's end.
[[nodiscard]] std::string status_text(const nlohmann::json& status);

}  // namespace patchbay::host
