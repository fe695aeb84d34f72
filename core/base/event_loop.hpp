// The core loop of the daemon, on Boost.Asio.
#pragma once

#include <memory>

#include "base/executor.hpp"

namespace boost::asio {
class io_context;
}

namespace patchbay::base {

class EventLoop final : public Loop {
 public:
  EventLoop();
  ~EventLoop() override;

  // Runs tasks until stop(). Call it once, from the thread that becomes the core thread.
  void run();
  // [any thread] run() returns after the task that is running.
  void stop();
  // [the core thread] Runs what is ready and returns; for shutting down.
  void poll();

  void post(Task task) override;
  TimerId run_at(MonotonicTime when, Task task) override;
  bool cancel(TimerId timer) override;
  [[nodiscard]] MonotonicTime now() const override { return clock_.now(); }
  [[nodiscard]] WallTime wall_now() const override { return clock_.wall_now(); }

  // For the folders that talk to descriptors: net, delivery's watcher, the supervisor.
  [[nodiscard]] boost::asio::io_context& context();

 private:
  struct State;
  SystemClock clock_;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::base
