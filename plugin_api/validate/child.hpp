// One check in a process of its own: what it does there, nobody else feels.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "reporter.hpp"

namespace patchbay::validate {

struct Finding {
  testkit::Rule rule{};
  std::string what;
  int times = 1;
};

struct Outcome {
  std::vector<Finding> findings;
  std::string skipped;             // why; empty: it was done
  std::vector<std::string> notes;  // what it could not see
  std::chrono::milliseconds took{0};

  [[nodiscard]] bool ok() const { return findings.empty(); }
};

// Runs `body` in a child with limits of time, processor, memory and file size. A crash, a hang and
// an exit() are findings, named after the call of the adapter that they happened in.
[[nodiscard]] Outcome run_in_child(const std::function<void(Reporter&)>& body);

}  // namespace patchbay::validate
