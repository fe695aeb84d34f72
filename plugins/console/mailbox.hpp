// A queue between the adapter's own coroutines that ends with the instance.
#pragma once

#include <utility>

#include <patchbay/sdk/event_queue.hpp>

namespace patchbay::console {

template <class T>
class Mailbox final : public sdk::EventSink {
 public:
  explicit Mailbox(sdk::Runtime& runtime) : runtime_(runtime), queue_(runtime) {
    runtime_.add_sink(this);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() { runtime_.remove_sink(this); }

  // False when too much waits already.
  [[nodiscard]] bool push(T value) { return queue_.push(std::move(value)); }
  // One coroutine at a time; it gets sdk::Stopped when the instance stops.
  [[nodiscard]] auto next() noexcept { return queue_.next(); }

  // No operation of the host's leads here.
  void event(const void* detail) override { static_cast<void>(detail); }
  void stop() override { queue_.stop(); }

 private:
  sdk::Runtime& runtime_;
  sdk::EventQueue<T> queue_;
};

}  // namespace patchbay::console
