// Task<T>: a coroutine that somebody awaits. It starts when it is awaited, runs on the thread that
// resumes it (an adapter's: always its instance's), and ends by a value or an exception, which the
// one who awaits it gets.
//
// How it is resumed is decided by g++ 12: symmetric transfer is a tail call only in optimised
// builds without sanitizers, so a loop over tasks that finish at once would grow the stack. Here
// awaiting starts the child *inside* await_suspend, and a child that finished there does not
// suspend its parent at all; a child that finishes later hands its parent to the loop in run(),
// after its own frame has come to rest.
//
// g++ 12 also miscompiles co_await inside larger expressions. Write it only as a whole statement or
// as a whole right-hand side, with named operands; scripts/check-coroutines checks that.
#ifndef PATCHBAY_SDK_TASK_HPP
#define PATCHBAY_SDK_TASK_HPP

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace patchbay::sdk {

namespace detail {

inline constinit thread_local std::coroutine_handle<> next_to_resume;

// Resumes a coroutine and then, one after the other, those that wait for what has finished.
inline void run(std::coroutine_handle<> handle) {
  const auto outer = std::exchange(next_to_resume, nullptr);
  while (handle) {
    handle.resume();
    handle = std::exchange(next_to_resume, nullptr);
  }
  next_to_resume = outer;
}

struct TaskPromiseBase {
  std::coroutine_handle<> parent;
  std::exception_ptr error;
  bool parent_is_starting_us = false;

  struct Final {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
      const TaskPromiseBase& promise = handle.promise();
      if (!promise.parent_is_starting_us) {
        next_to_resume = promise.parent;
      }
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;

  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (error) {
      std::rethrow_exception(std::exchange(error, nullptr));
    }
    return std::move(*value);
  }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  void return_void() const noexcept {}
  void take() {
    if (error) {
      std::rethrow_exception(std::exchange(error, nullptr));
    }
  }
};

}  // namespace detail

// Await it once: `co_await std::move(task)`, or the call that makes it. Destroying a task that has
// not finished destroys its frame and with it everything that it waits for.
template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::TaskPromise<T> {
    Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { destroy(); }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> parent) {
    auto& promise = handle_.promise();
    promise.parent = parent;
    promise.parent_is_starting_us = true;
    detail::run(handle_);
    promise.parent_is_starting_us = false;
    return !handle_.done();
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  void destroy() noexcept {
    if (handle_) {
      std::exchange(handle_, nullptr).destroy();
    }
  }

  std::coroutine_handle<promise_type> handle_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_TASK_HPP
