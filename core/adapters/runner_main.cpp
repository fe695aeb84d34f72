// patchbay-adapter-runner, started by the host:
//
//   --probe FILE.so CHANNEL
//     Opens an adapter's library in a process of its own, confined, which tells descriptor 3 what
//     it refuses, and says on standard output, as one JSON object, what the host would find:
//     {"ok":true,"channel":…,"version":…} or
//     {"ok":false,"reason":…}.
//   --serve PROTOCOL FILE.so CHANNEL MEMORY_BYTES
//     Runs an instance of the adapter for the host at the other end of descriptor 3, confined.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

#include "adapters/abi_text.hpp"
#include "adapters/isolation/protocol.hpp"
#include "adapters/isolation/sandbox.hpp"
#include "adapters/isolation/serve.hpp"
#include "adapters/module.hpp"
#include "base/limits.hpp"

namespace {

using nlohmann::json;

json probe(const std::string& path, const std::string& channel) {
  const auto module = patchbay::adapters::open_library(path, channel);
  if (!module.ok()) {
    return {{"ok", false}, {"reason", module.status().message()}};
  }
  const pbay_module& found = **module;
  return {{"ok", true},
          {"channel", patchbay::adapters::copy(found.channel)},
          {"version", patchbay::adapters::copy(found.version)},
          {"vendor", patchbay::adapters::copy(found.vendor)},
          {"abi_minor", found.abi_minor},
          {"abi_draft", found.abi_draft}};
}

// The library may print while it is loaded; only the verdict goes to the pipe.
int take_standard_output() {
  const int verdict =
      ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, patchbay::adapters::kProbeRefusals + 1);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (verdict < 0 || nowhere < 0 || ::dup2(nowhere, STDOUT_FILENO) < 0) {
    return -1;
  }
  return verdict;
}

// Its constructors run: they may do no more than in a process that serves.
json probe_confined(const std::string& library, const std::string& channel) {
  const auto weakness =
      patchbay::adapters::enter_sandbox({.library = library,
                                         .refusals = patchbay::adapters::kProbeRefusals,
                                         .memory_bytes = patchbay::limits::kRunnerMemoryBytes});
  if (!weakness.ok()) {
    return {{"ok", false},
            {"reason", "it is not opened, since its probe cannot be confined on this system: " +
                           weakness.status().message()}};
  }
  return probe(library, channel);
}

int run_probe(const std::string& library, const std::string& channel) {
  const int output = take_standard_output();
  if (output < 0) {
    return 1;
  }
  const json verdict = probe_confined(library, channel);
  const std::string text = verdict.dump(-1, ' ', false, json::error_handler_t::replace);
  const bool written =
      ::write(output, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  // Not through exit(): destructors of the library are not what is probed.
  ::_exit(written && verdict["ok"] == true ? 0 : 1);
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  // It must not outlive the host.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (words.size() == 3 && words[0] == "--probe") {
    return run_probe(words[1], words[2]);
  }
  if (words.size() == 5 && words[0] == "--serve" &&
      words[1] == std::to_string(patchbay::adapters::kRunnerProtocol)) {
    patchbay::adapters::serve({.library = words[2],
                               .channel = words[3],
                               .memory_bytes = std::strtoull(words[4].c_str(), nullptr, 10)});
  }
  std::fputs("patchbay-adapter-runner is started by the patchbay of the same build\n", stderr);
  return 2;
}
