#include "adapters/call_gate.hpp"

namespace patchbay::adapters {

void CallGate::enter() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !closed_; });
  ++calls_;
}

void CallGate::leave() {
  const std::lock_guard lock(mutex_);
  --calls_;
  changed_.notify_all();
}

bool CallGate::close(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  return changed_.wait_for(lock, patience, [this] { return calls_ == 0; });
}

void CallGate::open() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
  changed_.notify_all();
}

}  // namespace patchbay::adapters
