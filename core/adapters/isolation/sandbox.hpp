// What an isolated adapter is kept from: see docs/security.md, which lists the same.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"

namespace patchbay::adapters {

struct SandboxPlan {
  std::string library;             // the adapter's; it can be read
  int refusals = -1;               // a pipe that takes one Refusal for each thing that was refused
  std::uint64_t memory_bytes = 0;  // of data; more, and allocations fail
  long newest_landlock = 6;        // a test takes an older one, as Debian 12's kernel has
};

// As it travels through the pipe.
struct Refusal {
  char call[32];   // the system call, "openat"
  char path[256];  // what was to be opened, cut; empty for other calls
};

// Confines this process for good: no network, no processes, no files but the system's libraries and
// the adapter's own, no memory and processor time without end. Before any other thread runs. What
// it returns says what this kernel cannot do, in a sentence; empty: nothing is missing.
[[nodiscard]] base::Result<std::string> enter_sandbox(const SandboxPlan& plan);

}  // namespace patchbay::adapters
