// patchbay-adapter-runner --serve: an adapter's instance for a daemon.
#pragma once

#include <cstdint>
#include <string>

namespace patchbay::adapters {

struct ServeOptions {
  std::string library;  // absolute path
  std::string channel;  // that its sidecar names
  std::uint64_t memory_bytes = 0;
};

// Serves the daemon at the other end of kRunnerSocket until it goes, then ends the process.
[[noreturn]] void serve(const ServeOptions& options);

}  // namespace patchbay::adapters
