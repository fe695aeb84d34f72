// The parameters that a control method takes. Objects of the protocol are closed: what is not
// listed is an error.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace patchbay::host {

enum class ParamType : std::uint8_t {
  kText,   // a string, not empty
  kCount,  // a whole number from 1
};

struct ControlParam {
  std::string_view name;  // of static storage
  ParamType type = ParamType::kText;
  bool required = false;
};

// All that is wrong in one sentence: "invalid sessions.list params: at /limit: must be >= 1; at
// root: unexpected property 'bogus'". `params` is an object.
[[nodiscard]] base::Status check_params(std::string_view method,
                                        const std::vector<ControlParam>& known,
                                        const nlohmann::json& params);

}  // namespace patchbay::host
