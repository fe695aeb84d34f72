// What was found, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "checks.hpp"
#include "child.hpp"

namespace patchbay::validate {

struct Done {
  const Check* check;
  Outcome outcome;
};

[[nodiscard]] bool all_ok(const std::vector<Done>& done);
[[nodiscard]] std::string as_text(const Options& options, const std::vector<Done>& done);
[[nodiscard]] std::string as_json(const Options& options, const std::vector<Done>& done);
// The checks and the rules that there are.
[[nodiscard]] std::string list();

}  // namespace patchbay::validate
