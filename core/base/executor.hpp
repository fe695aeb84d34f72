// Where work runs. Components get executors through their constructors; in a simulation one
// thread runs them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/unique_function.hpp"

namespace patchbay::base {

using Task = UniqueFunction<void()>;

class Executor {
 public:
  virtual ~Executor() = default;
  // [any thread] Runs `task` later, never inside this call. Tasks posted by one thread to an
  // executor that is serial run in that order.
  virtual void post(Task task) = 0;
};

using TimerId = std::uint64_t;  // 0 is never one

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // [the loop's thread] Runs `task` on the loop at or soon after `when`.
  virtual TimerId run_at(MonotonicTime when, Task task) = 0;
  // [the loop's thread] True if the task had not begun and now never will.
  virtual bool cancel(TimerId timer) = 0;
};

// The core loop: one thread on which all logic runs (router, lanes, supervisor, gateway), one task
// at a time; so none of it needs a lock. Its clock is the only one.
class Loop : public Executor, public Scheduler, public Clock {
 public:
  TimerId run_after(Milliseconds delay, Task task) {
    return run_at(now() + delay, std::move(task));
  }
};

// Runs the tasks given to it one at a time and in order on another executor (a strand).
// Destroying it while tasks wait is allowed: they still run.
class SerialExecutor final : public Executor {
 public:
  explicit SerialExecutor(Executor& underlying);
  ~SerialExecutor() override;
  void post(Task task) override;

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);
  // Shared with the runs that are under way, which may outlive this object.
  std::shared_ptr<State> state_;
};

// Some threads for blocking storage work. std::system_error: the system gives no more of them.
class ThreadPool final : public Executor {
 public:
  ThreadPool(std::size_t threads, std::string name);
  // Runs what was posted, then joins.
  ~ThreadPool() override;
  void post(Task task) override;
  // [any thread but the pool's] Returns when everything posted before has run; later posts are run
  // by the destructor.
  void drain();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One thread with a queue: an adapter instance, the central database.
class SingleThread final : public Executor {
 public:
  explicit SingleThread(std::string name) : pool_(1, std::move(name)) {}
  void post(Task task) override { pool_.post(std::move(task)); }
  void drain() { pool_.drain(); }

 private:
  ThreadPool pool_;
};

}  // namespace patchbay::base
