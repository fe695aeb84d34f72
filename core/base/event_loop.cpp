#include "base/event_loop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>

namespace patchbay::base {

struct EventLoop::State {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  std::unordered_map<TimerId, boost::asio::steady_timer> timers;
  TimerId next_timer = 1;
};

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}

EventLoop::~EventLoop() = default;

void EventLoop::run() { state_->context.run(); }

void EventLoop::stop() { state_->context.stop(); }

void EventLoop::poll() {
  state_->context.restart();
  state_->context.poll();
}

void EventLoop::post(Task task) {
  boost::asio::post(state_->context, [task = std::move(task)] { task(); });
}

TimerId EventLoop::run_at(MonotonicTime when, Task task) {
  const TimerId id = state_->next_timer++;
  auto& timer =
      state_->timers.emplace(id, boost::asio::steady_timer(state_->context, when)).first->second;
  timer.async_wait(
      [state = state_.get(), id, task = std::move(task)](boost::system::error_code error) {
        // A cancelled timer may already have been queued as expired: the map says which it is.
        if (state->timers.erase(id) == 0 || error) {
          return;
        }
        task();
      });
  return id;
}

bool EventLoop::cancel(TimerId timer) { return state_->timers.erase(timer) != 0; }

boost::asio::io_context& EventLoop::context() { return state_->context; }

}  // namespace patchbay::base
