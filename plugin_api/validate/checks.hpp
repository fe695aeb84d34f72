// The checks, in the order in which they are done.
#pragma once

#include <string_view>
#include <vector>

#include "options.hpp"
#include "reporter.hpp"
#include "subject.hpp"

namespace patchbay::validate {

struct Check {
  std::string_view name;
  std::string_view what;  // that is true when it passes
  void (*run)(const Options& options, Reporter& reporter);
};

[[nodiscard]] const std::vector<Check>& all_checks();

// ---- the file (check_file.cpp) ----
void check_load(const Options& options, Reporter& reporter);
void check_symbols(const Options& options, Reporter& reporter);
void check_sidecar(const Options& options, Reporter& reporter);
void check_version(const Options& options, Reporter& reporter);

// ---- the life of an instance (check_life.cpp) ----
void check_settings(const Subject& subject);
void check_lifecycle(const Subject& subject);
void check_instances(const Subject& subject);
void check_extensions(const Subject& subject);
void check_shutdown(const Subject& subject);

// ---- deliveries (check_deliveries.cpp) ----
void check_contract(const Subject& subject);
void check_capabilities(const Subject& subject);  // check_capabilities.cpp
void check_deadlines(const Subject& subject);
void check_cancellation(const Subject& subject);

// ---- what comes from outside (check_payloads.cpp, check_fuzz.cpp) ----
void check_fixtures(const Subject& subject);
void check_payloads(const Subject& subject);
void check_answers(const Subject& subject);
void check_fuzz(const Subject& subject);

// A payload that was good, damaged.
[[nodiscard]] std::string damaged(std::string payload, Random& random);
// Texts that are no platform's payload, for every translate().
[[nodiscard]] const std::vector<std::string>& nonsense();

}  // namespace patchbay::validate
