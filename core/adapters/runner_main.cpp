// patchbay-adapter-runner --probe FILE.so
//
// Started by the host. Opens an adapter's library in a process of its own and says on standard
// output, as one JSON object, what the host would find: {"ok":true,"channel":…,"version":…} or
// {"ok":false,"reason":…}.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/abi_text.hpp"
#include "adapters/module.hpp"

namespace {

using nlohmann::json;

json probe(const std::string& path) {
  const auto module = patchbay::adapters::open_library(path);
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
  const int verdict = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (verdict < 0 || nowhere < 0 || ::dup2(nowhere, STDOUT_FILENO) < 0) {
    return -1;
  }
  return verdict;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3 || std::strcmp(arguments[1], "--probe") != 0) {
    std::fputs("usage: patchbay-adapter-runner --probe FILE.so   (it is started by the host)\n",
               stderr);
    return 2;
  }
  // It must not outlive the host, and a crash is expected: no core file.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int output = take_standard_output();
  if (output < 0) {
    return 1;
  }
  const json verdict = probe(arguments[2]);
  const std::string text = verdict.dump(-1, ' ', false, json::error_handler_t::replace);
  const bool written =
      ::write(output, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  // Not through exit(): destructors of the library are not what is probed.
  ::_exit(written && verdict["ok"] == true ? 0 : 1);
}
