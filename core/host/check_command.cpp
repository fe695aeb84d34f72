#include "host/check_command.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/config_checks.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;

base::Status check(const CommandLine& line) {
  PATCHBAY_ASSIGN(const Config config, load_config(line.config));
  return check_surroundings(config);
}

// One entry a line.
json problems_of(const base::Status& checked) {
  json problems = json::array();
  std::istringstream lines(checked.message());
  for (std::string problem; std::getline(lines, problem);) {
    problems.push_back(problem);
  }
  return problems;
}

}  // namespace

int run_check_command(const CommandLine& line) {
  const base::Status checked = check(line);
  const std::string source = line.config.file.empty() ? "embedded defaults" : line.config.file;
  if (line.json) {
    const json verdict = {
        {"source", source}, {"ok", checked.ok()}, {"problems", problems_of(checked)}};
    std::printf("%s\n", verdict.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  } else if (checked.ok()) {
    std::printf("%s is fine\n", source.c_str());
  } else {
    std::fprintf(stderr, "patchbay: %s\n", checked.message().c_str());
  }
  return checked.ok() ? kExitDone : kExitUsage;
}

}  // namespace patchbay::host
