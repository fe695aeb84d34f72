// EventQueue: what a long-lived operation (a listener, a WebSocket) has heard, for one coroutine
// that reads it: `ListenerEvent event = co_await queue.next();`
#ifndef PATCHBAY_SDK_EVENT_QUEUE_HPP
#define PATCHBAY_SDK_EVENT_QUEUE_HPP

#include <coroutine>
#include <cstddef>
#include <deque>
#include <utility>

#include "runtime.hpp"

namespace patchbay::sdk {

// A reader that falls this far behind has its source closed.
inline constexpr std::size_t kMaxQueuedEvents = 4096;

template <class T>
class EventQueue {
 public:
  // last: the phase in which it is still read; after it, next() ends by Stopped.
  explicit EventQueue(Runtime& runtime, Phase last = Phase::kRunning) noexcept
      : runtime_(runtime), last_(last) {}
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // False when the queue is full: nothing was queued.
  [[nodiscard]] bool push(T event) {
    if (events_.size() >= kMaxQueuedEvents) {
      return false;
    }
    events_.push_back(std::move(event));
    wake();
    return true;
  }
  void clear() noexcept { events_.clear(); }
  // Whoever waits gets Stopped. Called when `last` has gone by.
  void stop() { wake(); }

  class [[nodiscard]] Next {
   public:
    explicit Next(EventQueue& queue) noexcept : queue_(queue) {}
    Next(const Next&) = delete;
    Next& operator=(const Next&) = delete;
    ~Next() {
      if (waits_) {
        queue_.waiting_ = nullptr;
      }
    }

    [[nodiscard]] bool await_ready() const noexcept { return queue_.ready(); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept {
      queue_.waiting_ = waiting;
      waits_ = true;
    }
    T await_resume() {
      waits_ = false;
      if (queue_.is_over()) {
        throw Stopped{};
      }
      T event = std::move(queue_.events_.front());
      queue_.events_.pop_front();
      return event;
    }

   private:
    EventQueue& queue_;
    bool waits_ = false;
  };

  // One coroutine at a time.
  [[nodiscard]] Next next() noexcept { return Next(*this); }

 private:
  [[nodiscard]] bool ready() const noexcept { return !events_.empty() || is_over(); }
  [[nodiscard]] bool is_over() const noexcept { return runtime_.phase() > last_; }
  void wake() {
    if (waiting_) {
      detail::run(std::exchange(waiting_, nullptr));
    }
  }

  Runtime& runtime_;
  Phase last_;
  std::deque<T> events_;
  std::coroutine_handle<> waiting_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_EVENT_QUEUE_HPP
