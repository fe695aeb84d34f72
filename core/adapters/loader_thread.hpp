// The thread on which instances are created and destroyed, one job at a time.
#pragma once

#include <functional>
#include <memory>

#include "adapters/host_gate.hpp"
#include "base/executor.hpp"
#include "base/unique_function.hpp"

namespace patchbay::adapters {

// [core thread] all of it.
class LoaderThread {
 public:
  // A job that takes longer than `patience` is given up with its thread, and another takes over.
  LoaderThread(base::Loop& loop, std::shared_ptr<HostGate> gate,
               std::function<std::unique_ptr<base::Executor>()> make_executor,
               base::Milliseconds patience);
  ~LoaderThread();
  LoaderThread(const LoaderThread&) = delete;
  LoaderThread& operator=(const LoaderThread&) = delete;

  // `job` runs on the loader thread after those before it, then `done` on the core thread; finished
  // false: the job was given up and may still run.
  void run(base::UniqueFunction<void()> job, base::UniqueFunction<void(bool finished)> done);

 private:
  struct State;
  // Shared with the completions under way, which may outlive this object.
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::adapters
