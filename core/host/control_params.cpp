#include "host/control_params.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace patchbay::host {
namespace {

using nlohmann::json;

// A number that was read is unsigned unless it is negative; one that was built may be signed.
bool is_positive(const json& number) {
  return number.is_number_unsigned() ? number.get<std::uint64_t>() >= 1
                                     : number.get<std::int64_t>() >= 1;
}

// Empty: the value is as it must be.
std::string problem_of(const ControlParam& param, const json& value) {
  switch (param.type) {
    case ParamType::kText:
      if (!value.is_string()) {
        return "must be a string";
      }
      return value.get_ref<const std::string&>().empty() ? "must not be empty" : "";
    case ParamType::kCount:
      if (!value.is_number_integer()) {
        return "must be a whole number";
      }
      return is_positive(value) ? "" : "must be >= 1";
  }
  return "";
}

}  // namespace

base::Status check_params(std::string_view method, const std::vector<ControlParam>& known,
                          const json& params) {
  std::string problems;
  const auto add = [&problems](const std::string& problem) {
    problems += (problems.empty() ? "" : "; ") + problem;
  };
  for (const auto& [name, value] : params.items()) {
    const auto param = std::find_if(known.begin(), known.end(), [&name](const ControlParam& item) {
      return item.name == name;
    });
    if (param == known.end()) {
      add("at root: unexpected property '" + name + "'");
    } else if (const std::string problem = problem_of(*param, value); !problem.empty()) {
      add("at /" + name + ": " + problem);
    }
  }
  for (const ControlParam& param : known) {
    if (param.required && !params.contains(param.name)) {
      add("must have required property '" + std::string(param.name) + "'");
    }
  }
  if (problems.empty()) {
    return {};
  }
  return {base::Code::kInvalidArgument, "invalid " + std::string(method) + " params: " + problems};
}

}  // namespace patchbay::host
