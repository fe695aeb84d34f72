#include "host/check_command.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "host/config_checks.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;

struct Checked {
  base::Status status;
  std::vector<std::string> warnings;
};

Checked check(const CommandLine& line) {
  const auto config = load_config(line.config);
  if (!config.ok()) {
    return {config.status(), {}};
  }
  return {check_surroundings(*config), doubts_about(*config)};
}

// One entry a line.
std::vector<std::string> problems_of(const base::Status& checked) {
  std::vector<std::string> problems;
  std::istringstream lines(checked.message());
  for (std::string problem; std::getline(lines, problem);) {
    problems.push_back(problem);
  }
  return problems;
}

}  // namespace

int run_check_command(const CommandLine& line) {
  const Checked checked = check(line);
  const std::string source = line.config.file.empty() ? kEmbeddedDefaults : line.config.file;
  if (line.json) {
    const json verdict = {{"source", source},
                          {"ok", checked.status.ok()},
                          {"problems", problems_of(checked.status)},
                          {"warnings", checked.warnings}};
    std::printf("%s\n", verdict.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return checked.status.ok() ? kExitDone : kExitUsage;
  }
  for (const std::string& problem : problems_of(checked.status)) {
    std::fprintf(stderr, "patchbay: %s\n", problem.c_str());
  }
  for (const std::string& warning : checked.warnings) {
    std::fprintf(stderr, "patchbay: warning: %s\n", warning.c_str());
  }
  if (checked.status.ok()) {
    std::printf("%s is fine%s\n", source.c_str(),
                checked.warnings.empty() ? "" : ", but for the warnings");
  }
  return checked.status.ok() ? kExitDone : kExitUsage;
}

}  // namespace patchbay::host
