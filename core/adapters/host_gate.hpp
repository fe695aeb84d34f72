// The way from any thread into the host, which can be shut: a thread that hangs in an adapter may
// come back after the host has gone.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <utility>

#include "adapters/adapters.hpp"
#include "base/executor.hpp"

namespace patchbay::adapters {

class HostGate {
 public:
  explicit HostGate(const AdapterHostServices& services) : services_(&services) {}

  // [any thread] False, and nothing is called, once the gate is shut. What is called must not block
  // on the core thread.
  template <class Use>
  bool with(Use use) {
    const std::shared_lock lock(mutex_);
    if (services_ == nullptr) {
      return false;
    }
    use(*services_);
    return true;
  }

  // [any thread] To the core thread; dropped once the gate is shut.
  void post(base::Task task) {
    with([&task](const AdapterHostServices& services) { services.loop.post(std::move(task)); });
  }

  // [core thread] Waits for the uses under way.
  void shut() {
    const std::unique_lock lock(mutex_);
    services_ = nullptr;
  }

 private:
  std::shared_mutex mutex_;
  const AdapterHostServices* services_;  // guarded by mutex_
};

}  // namespace patchbay::adapters
