// Keeps the calls that create and destroy instances apart from the other calls of a module, as
// adapter.h promises. Not a lock: no thread holds anything while it is in an adapter.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace patchbay::adapters {

class CallGate {
 public:
  // [instance threads] Waits while the loader is in the module.
  void enter();
  void leave();
  // [core thread] A call that never came back counts no more; its leave() must not come.
  void give_up() { leave(); }

  // [loader thread] Waits until no call is under way. False: it waited `patience` for nothing, and
  // the gate is closed all the same.
  bool close(std::chrono::milliseconds patience);
  void open();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t calls_ = 0;  // guarded by mutex_
  bool closed_ = false;    // guarded by mutex_
};

}  // namespace patchbay::adapters
