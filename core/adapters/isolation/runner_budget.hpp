// What a runner's adapter makes the host hold: frames that wait for the core thread, and bytes and
// descriptors of the operations that they began. Beyond that the runner is read no further, or its
// operation is refused.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace patchbay::adapters {

// What one frame costs. It goes with what the frame became: the task that waits for the core
// thread, then the operation, if it begins one.
class RunnerCharge;

// [any thread]
class RunnerBudget : public std::enable_shared_from_this<RunnerBudget> {
 public:
  // Waits until so much of what came before has been dealt with that this one may come, too; one
  // that is larger than everything allowed comes alone. Null: close() was called.
  [[nodiscard]] std::shared_ptr<RunnerCharge> charge(std::size_t bytes, std::size_t descriptors);
  // Nobody waits any more.
  void close();

 private:
  friend class RunnerCharge;
  struct Sum {
    std::size_t frames = 0;
    std::size_t bytes = 0;
    std::size_t descriptors = 0;
  };
  static void add(Sum& sum, const RunnerCharge& charge);
  static void subtract(Sum& sum, const RunnerCharge& charge);

  std::mutex mutex_;
  std::condition_variable changed_;
  Sum posted_;           // guarded by mutex_: not yet dealt with by the core thread
  Sum held_;             // guarded by mutex_: of operations under way
  bool closed_ = false;  // guarded by mutex_
};

class RunnerCharge {
 public:
  // The budget is shared with every charge: one may outlive its runner.
  RunnerCharge(std::shared_ptr<RunnerBudget> budget, std::size_t bytes, std::size_t descriptors);
  ~RunnerCharge();
  RunnerCharge(const RunnerCharge&) = delete;
  RunnerCharge& operator=(const RunnerCharge&) = delete;

  // It lasts as long as an operation now, and the next frame may come. False: operations hold all
  // that they may.
  [[nodiscard]] bool hold();

 private:
  friend class RunnerBudget;
  const std::shared_ptr<RunnerBudget> budget_;
  const std::size_t bytes_;
  const std::size_t descriptors_;
  bool held_ = false;  // guarded by the budget's mutex
};

}  // namespace patchbay::adapters
