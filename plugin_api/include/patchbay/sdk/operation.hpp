// Operation: what `co_await http.send(request)` and its like await. Made by the services; await it
// at once, since it may point to the arguments.
#ifndef PATCHBAY_SDK_OPERATION_HPP
#define PATCHBAY_SDK_OPERATION_HPP

#include <coroutine>
#include <utility>

#include "runtime.hpp"

namespace patchbay::sdk {

// When an operation that has not completed is given up.
enum class GiveUp {
  kNever,     // the host answers soon, whatever happens
  kDraining,  // as soon as the instance is told to stop
  kEnding,    // when a stopping instance has no more time
};

using CancelFunction = void (*)(const pbay_host* host, pbay_op op);

// R: made of a pbay_completion, or of a code and words when the call cannot be made.
// Issue: void(const pbay_host*, pbay_op), makes the call. It may also have delivery_op(), the
// delivery that it serves, and completed(const R&), which sees the result first.
template <class R, class Issue>
class [[nodiscard]] Operation final : public Pending {
 public:
  // able: whether the host has the extension. cancel_function may be NULL.
  Operation(Runtime& runtime, GiveUp give_up, bool able, CancelFunction cancel_function,
            Issue issue)
      : runtime_(runtime),
        give_up_(give_up),
        able_(able),
        cancel_(cancel_function),
        issue_(std::move(issue)) {}
  ~Operation() {
    if (op_ != 0) {
      runtime_.abandon(op_);
    }
  }

  [[nodiscard]] bool await_ready() {
    if (!able_) {
      result_ = R(PBAY_E_UNSUPPORTED, "this host does not offer it; update Patchbay");
      return true;
    }
    stopped_ = ends_in(runtime_.phase());
    return stopped_;
  }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    op_ = runtime_.begin(this);
    issue_(runtime_.host(), op_);
  }
  R await_resume() {
    if (stopped_) {
      throw Stopped{};
    }
    return std::move(result_);
  }

  void completed(const pbay_completion& completion) override {
    op_ = 0;
    result_ = R(completion);
    if constexpr (requires { issue_.completed(result_); }) {
      issue_.completed(result_);
    }
    stopped_ = completion.code == PBAY_E_CANCELLED && ends_in(runtime_.phase());
    detail::run(waiting_);
  }
  [[nodiscard]] bool ends_in(Phase phase) const noexcept override {
    return (phase == Phase::kDraining && give_up_ == GiveUp::kDraining) ||
           (phase == Phase::kEnding && give_up_ != GiveUp::kNever);
  }
  void cancel(const pbay_host* host, pbay_op op) noexcept override {
    if (cancel_ != nullptr) {
      cancel_(host, op);
    }
  }
  [[nodiscard]] pbay_op delivery_op() const noexcept override {
    if constexpr (requires { issue_.delivery_op(); }) {
      return issue_.delivery_op();
    } else {
      return 0;
    }
  }

 private:
  Runtime& runtime_;
  GiveUp give_up_;
  bool able_;
  bool stopped_ = false;
  CancelFunction cancel_;
  Issue issue_;
  pbay_op op_ = 0;
  std::coroutine_handle<> waiting_;
  R result_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_OPERATION_HPP
