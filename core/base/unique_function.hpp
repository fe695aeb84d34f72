// A callable that can hold move-only captures (std::move_only_function is C++23).
#pragma once

#include <cassert>
#include <memory>
#include <type_traits>
#include <utility>

namespace patchbay::base {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  UniqueFunction(F&& function)  // NOLINT(google-explicit-constructor)
      : callable_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(function))) {}

  [[nodiscard]] explicit operator bool() const { return callable_ != nullptr; }
  R operator()(Args... args) const {
    assert(callable_ != nullptr);
    return callable_->call(std::forward<Args>(args)...);
  }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Holder final : Callable {
    explicit Holder(F&& function) : function_(std::move(function)) {}
    explicit Holder(const F& function) : function_(function) {}
    R call(Args... args) override { return function_(std::forward<Args>(args)...); }
    F function_;
  };

  std::unique_ptr<Callable> callable_;
};

}  // namespace patchbay::base
