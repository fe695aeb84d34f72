// Opens libraries that were never seen in children, so that one which crashes, hangs or exits takes
// nobody with it; confined ones, since nobody has said yet that its code may do anything here.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"

namespace patchbay::adapters {

struct ProbeCandidate {
  std::string library;  // absolute path
  std::string channel;  // that its sidecar names
};

// [one thread] Runs `runner --probe <library> <channel>` for each, side by side, and waits at most
// `timeout` for all of them. The verdicts come in the order of `libraries`: ok, or one line that
// says what happened and the remedy. No child is left behind.
[[nodiscard]] std::vector<base::Status> probe_libraries(
    const std::string& runner, const std::vector<ProbeCandidate>& libraries,
    base::Milliseconds timeout);

}  // namespace patchbay::adapters
