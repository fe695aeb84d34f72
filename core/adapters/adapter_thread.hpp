// The one thread on which an instance is called, one call at a time, and the watch over it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <patchbay/adapter.h>

#include "adapters/bridge.hpp"
#include "adapters/module.hpp"
#include "base/executor.hpp"
#include "base/unique_function.hpp"

namespace patchbay::adapters {

struct CallLimits {
  base::Milliseconds slow;  // longer: logged
  base::Milliseconds hung;  // longer: the instance is given up
};

// [core thread] all of it.
class AdapterThread {
 public:
  // `hung` comes when a call takes longer than it may; it says which call.
  AdapterThread(base::Loop& loop, std::shared_ptr<Bridge> bridge, std::shared_ptr<Module> module,
                std::unique_ptr<base::Executor> executor, CallLimits limits,
                base::UniqueFunction<void(const std::string& call)> hung);
  // Waits for the call under way, unless it was abandoned.
  ~AdapterThread();
  AdapterThread(const AdapterThread&) = delete;
  AdapterThread& operator=(const AdapterThread&) = delete;

  // Before the first call.
  void set_adapter(const pbay_adapter& adapter);

  // Runs `body` on the thread after everything that was asked for before. name: a literal.
  void call(const char* name, base::UniqueFunction<void(const pbay_adapter&)> body);
  // `done` comes on the core thread when all calls asked for so far have returned.
  void after_calls(base::UniqueFunction<void()> done);

  // Nothing is called any more; the thread, which may never come back, is left to itself.
  void abandon();
  // Nothing more is called. What is returned is the thread: letting it go, which any thread may,
  // waits for the call under way. Shared with nobody; null if it was retired or abandoned before.
  [[nodiscard]] std::shared_ptr<base::Executor> retire();

  // Calls asked for and not yet over.
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::uint64_t slow_calls() const;

 private:
  struct Shared;
  void watch();
  void watch_until(base::MonotonicTime when);
  void on_watch();

  base::Loop& loop_;
  // Shared with the calls that are queued, which may outlive this object.
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<base::Executor> executor_;
  base::UniqueFunction<void(const std::string&)> hung_;
  base::Milliseconds hung_after_;
  base::TimerId watch_ = 0;
  base::MonotonicTime watch_due_;
  bool abandoned_ = false;
};

}  // namespace patchbay::adapters
