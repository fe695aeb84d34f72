// Room: where senders wait while the host's queue of a connection is full.
#ifndef PATCHBAY_SDK_ROOM_HPP
#define PATCHBAY_SDK_ROOM_HPP

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <deque>

#include "runtime.hpp"

namespace patchbay::sdk {

class Room {
 public:
  // last: the phase in which it is still waited for; after it, waiting ends by Stopped.
  Room(Runtime& runtime, Phase last) noexcept : runtime_(runtime), last_(last) {}
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  class [[nodiscard]] Wait {
   public:
    explicit Wait(Room& room) noexcept : room_(room) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() {
      if (waiting_) {
        std::erase(room_.waiting_, waiting_);
      }
    }

    [[nodiscard]] bool await_ready() const noexcept { return room_.is_over(); }
    void await_suspend(std::coroutine_handle<> waiting) {
      room_.waiting_.push_back(waiting);
      waiting_ = waiting;
    }
    void await_resume() {
      waiting_ = nullptr;
      if (room_.is_over()) {
        throw Stopped{};
      }
    }

   private:
    Room& room_;
    std::coroutine_handle<> waiting_;
  };

  [[nodiscard]] Wait wait() noexcept { return Wait(*this); }

  // Everybody who waits tries again; who finds it full again waits for the next time.
  void wake() {
    for (std::size_t left = waiting_.size(); left > 0 && !waiting_.empty(); --left) {
      const std::coroutine_handle<> first = waiting_.front();
      waiting_.pop_front();
      detail::run(first);
    }
  }

 private:
  [[nodiscard]] bool is_over() const noexcept { return runtime_.phase() > last_; }

  Runtime& runtime_;
  Phase last_;
  std::deque<std::coroutine_handle<>> waiting_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_ROOM_HPP
