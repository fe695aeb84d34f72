// Finds the adapters, by the rules: the folder and the files belong to root or to the user and
// nobody else can write them; the sidecar is read first; a binary that was never seen is opened in
// a child. Here a library is opened when an instance of it is to run in this process (module.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/module.hpp"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"

namespace patchbay::adapters {

struct LoaderOptions {
  std::vector<std::string> plugin_dirs;  // the first that has a channel wins
  std::string runner;                    // path of patchbay-adapter-runner
  std::string probe_cache;               // file that remembers binaries that passed; empty: none
  base::Milliseconds probe_timeout = limits::kProbe;
};

// What became of one candidate, or of one folder. Exactly one of module and problem is set, or
// neither for one that is hidden by an earlier folder.
struct LoadOutcome {
  std::string path;                     // of the library, or of the folder
  std::string channel = {};             // empty if not known
  std::shared_ptr<Module> module = {};  // shared: every instance holds its own
  base::Status problem = {};            // one line with the remedy
  std::string hidden_by = {};           // path of the library that was taken instead
};

// [one thread] Blocks: it reads and hashes files, and waits at most probe_timeout for all probes,
// which run side by side.
[[nodiscard]] std::vector<LoadOutcome> load_adapters(const LoaderOptions& options);

}  // namespace patchbay::adapters
