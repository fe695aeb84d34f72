#include "stuck_resolver.hpp"

#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <netdb.h>

namespace {

// Never destroyed: the resolver's thread is libcurl's and detached.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool closed = false;  // guarded by mutex
  int waiting = 0;      // guarded by mutex
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
  return next(name, service, hints, result);
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

}  // namespace patchbay::net
