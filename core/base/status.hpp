// Expected failures are values: a code from one list, and a sentence for a person.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::base {

enum class Code : std::uint8_t {
  kOk,
  kInvalidArgument,  // malformed input; repeating it cannot help
  kNotFound,
  kAlreadyExists,
  kRefused,      // a safety rule or a permission said no
  kTooLarge,     // over a named limit
  kBusy,         // a bounded queue is full, or a lock is held: try again
  kUnavailable,  // something needed is not there now: try again
  kTimeout,
  kCancelled,
  kCorrupt,   // stored data is damaged
  kIo,        // the operating system failed
  kInternal,  // a bug of ours
};

// "ok", "invalid_argument", …: as in logs and in JSON.
[[nodiscard]] std::string_view to_string(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {
    assert(code != Code::kOk);
  }

  // "<what>: <strerror(error_number)>", code by errno (ENOENT → kNotFound, …; else kIo).
  static Status from_errno(int error_number, std::string_view what);

  [[nodiscard]] bool ok() const { return code_ == Code::kOk; }
  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] const std::string& message() const& { return message_; }
  // The same failure, its message preceded by "<context>: ".
  [[nodiscard]] Status with_context(std::string_view context) const;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

// A T, or a Status that is not ok.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor)
    assert(!status_.ok());
  }

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] T& value() & { return assert(ok()), *value_; }
  [[nodiscard]] const T& value() const& { return assert(ok()), *value_; }
  [[nodiscard]] T&& value() && { return assert(ok()), std::move(*value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace patchbay::base

// Leaves the function with the failure of `expr`, a Status or a Result.
#define PATCHBAY_TRY(expr)                                               \
  do {                                                                   \
    auto patchbay_try_result = (expr);                                   \
    if (!patchbay_try_result.ok()) {                                     \
      return ::patchbay::base::detail::take_status(patchbay_try_result); \
    }                                                                    \
  } while (false)

// PATCHBAY_ASSIGN(auto value, function()): the value of a Result, or leaves with its failure.
#define PATCHBAY_ASSIGN(declaration, expr) \
  PATCHBAY_ASSIGN_IMPL(PATCHBAY_CONCAT(patchbay_result_, __LINE__), declaration, expr)
#define PATCHBAY_ASSIGN_IMPL(result, declaration, expr) \
  auto result = (expr);                                 \
  if (!result.ok()) {                                   \
    return result.status();                             \
  }                                                     \
  declaration = std::move(result).value()
#define PATCHBAY_CONCAT(a, b) PATCHBAY_CONCAT_IMPL(a, b)
#define PATCHBAY_CONCAT_IMPL(a, b) a##b

namespace patchbay::base::detail {
inline Status take_status(Status& status) { return std::move(status); }
template <class T>
Status take_status(Result<T>& result) {
  return result.status();
}
}  // namespace patchbay::base::detail
