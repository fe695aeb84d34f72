#include "stuck_resolver.hpp"

#include <algorithm>
#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <netdb.h>
#include <utility>

namespace {

// Never destroyed: the resolver's thread is libcurl's and detached.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool closed = false;                            // guarded by mutex
  int waiting = 0;                                // guarded by mutex
  std::vector<std::vector<std::string>> answers;  // guarded by mutex
  int questions = 0;                              // guarded by mutex
};

Gate& gate() {
  static auto* instance = new Gate();
  return *instance;
}

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (name != nullptr && name == patchbay::net::kStuckName) {
    std::unique_lock lock(gate().mutex);
    ++gate().waiting;
    gate().changed.wait(lock, [] { return !gate().closed; });
    --gate().waiting;
    gate().changed.notify_all();
    return EAI_NONAME;
  }
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (name == nullptr || name != patchbay::net::kScriptedName) {
    return next(name, service, hints, result);
  }
  const std::lock_guard lock(gate().mutex);
  const auto last = static_cast<int>(gate().answers.size()) - 1;
  *result = nullptr;
  addrinfo** end = result;
  for (const std::string& address : gate().answers.at(std::min(gate().questions++, last))) {
    if (const int error = next(address.c_str(), service, hints, end); error != 0) {
      return error;
    }
    end = &(*end)->ai_next;
  }
  return 0;
}

namespace patchbay::net {

StuckResolver::StuckResolver() {
  const std::lock_guard lock(gate().mutex);
  gate().closed = true;
}

StuckResolver::~StuckResolver() {
  std::unique_lock lock(gate().mutex);
  gate().closed = false;
  gate().changed.notify_all();
  gate().changed.wait(lock, [] { return gate().waiting == 0; });
}

bool StuckResolver::is_asked() const {
  const std::lock_guard lock(gate().mutex);
  return gate().waiting > 0;
}

ScriptedName::ScriptedName(std::vector<std::vector<std::string>> answers) {
  const std::lock_guard lock(gate().mutex);
  gate().answers = std::move(answers);
  gate().questions = 0;
}

ScriptedName::~ScriptedName() {
  const std::lock_guard lock(gate().mutex);
  gate().answers = {{}};
}

int ScriptedName::questions() const {
  const std::lock_guard lock(gate().mutex);
  return gate().questions;
}

}  // namespace patchbay::net
