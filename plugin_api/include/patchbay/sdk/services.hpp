// The small services of the host: timer, clock, kv, staging.
#ifndef PATCHBAY_SDK_SERVICES_HPP
#define PATCHBAY_SDK_SERVICES_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "../ext/clock.h"
#include "../ext/kv.h"
#include "../ext/staging.h"
#include "../ext/timer.h"
#include "operation.hpp"

namespace patchbay::sdk {

// What a sleep gives. Nobody needs to look at it: a sleep ends in time, or by Stopped.
struct Elapsed : Completion {
  using Completion::Completion;
};

class Timer {
 public:
  explicit Timer(Runtime& runtime)
      : runtime_(runtime), timer_(runtime.extension<pbay_timer>(PBAY_EXT_TIMER)) {}

  // `co_await timer.sleep(duration);` Throws where the host has no timers: a loop that sleeps
  // between its tries would never rest.
  [[nodiscard]] auto sleep(std::chrono::milliseconds duration) {
    if (timer_ == nullptr) {
      throw std::runtime_error("this host offers no timers; update Patchbay");
    }
    const auto* timer = timer_;
    const std::int64_t delay_ms = std::max<std::int64_t>(duration.count(), 0);
    auto issue = [timer, delay_ms](const pbay_host* host, pbay_op op) {
      timer->start(host, op, delay_ms);
    };
    return Operation<Elapsed, decltype(issue)>(runtime_, GiveUp::kDraining, true, timer_->cancel,
                                               issue);
  }

 private:
  Runtime& runtime_;
  const pbay_timer* timer_;
};

// The only source of time and of chance. Zero when the host has none.
class Clock {
 public:
  explicit Clock(Runtime& runtime)
      : host_(runtime.host()), clock_(runtime.extension<pbay_clock>(PBAY_EXT_CLOCK)) {}

  [[nodiscard]] std::int64_t monotonic_ms() const noexcept {
    return clock_ != nullptr ? clock_->monotonic_ms(host_) : 0;
  }
  // Unix time.
  [[nodiscard]] std::int64_t wall_ms() const noexcept {
    return clock_ != nullptr ? clock_->wall_ms(host_) : 0;
  }
  // For jitter, not for keys.
  [[nodiscard]] std::uint64_t random() const noexcept {
    return clock_ != nullptr ? clock_->random(host_) : 0;
  }
  // Between half of it and the whole: a wait that many instances do not share.
  [[nodiscard]] std::chrono::milliseconds jitter(std::chrono::milliseconds longest) const noexcept {
    const auto half = static_cast<std::uint64_t>(longest.count() / 2);
    return std::chrono::milliseconds(longest.count() - static_cast<std::int64_t>(half) +
                                     static_cast<std::int64_t>(random() % (half + 1)));
  }

 private:
  const pbay_host* host_;
  const pbay_clock* clock_;
};

// What kv.get() found.
struct [[nodiscard]] KvValue {
  std::int32_t code = PBAY_OK;  // PBAY_E_NOT_FOUND: no such key
  std::string error;
  std::string value;

  KvValue() = default;
  KvValue(std::int32_t result_code, std::string_view words) : code(result_code), error(words) {}
  explicit KvValue(const Known<pbay_completion>& completion)
      : code(completion->code), error(copy(completion->text)) {
    const auto* given = static_cast<const pbay_kv_value*>(completion->detail);
    if (given != nullptr) {
      const Known<pbay_kv_value> found(*given);
      value = copy(found->value);
    }
  }

  [[nodiscard]] bool found() const noexcept { return code == PBAY_OK; }
};

// A small durable map of the instance. Writes complete when they are durable.
class Kv {
 public:
  explicit Kv(Runtime& runtime) : runtime_(runtime), kv_(runtime.extension<pbay_kv>(PBAY_EXT_KV)) {}

  [[nodiscard]] auto get(std::string_view key) {
    return operation<KvValue>(
        [kv = kv_, key = std::string(key)](const pbay_host* host, pbay_op op) {
          kv->get(host, op, to_abi(key));
        });
  }
  [[nodiscard]] auto put(std::string_view key, std::string_view value) {
    return operation<Completion>(
        [kv = kv_, key = std::string(key), value = std::string(value)](
            const pbay_host* host, pbay_op op) { kv->put(host, op, to_abi(key), to_abi(value)); });
  }
  // expected: nothing means that there is no such key. Else the code is PBAY_E_CONFLICT_VALUE.
  [[nodiscard]] auto compare_and_set(std::string_view key,
                                     const std::optional<std::string>& expected,
                                     std::string_view value) {
    return operation<Completion>([kv = kv_, key = std::string(key), expected,
                                  value = std::string(value)](const pbay_host* host, pbay_op op) {
      const pbay_str old = expected ? to_abi(*expected) : pbay_str{};
      kv->compare_and_set(host, op, to_abi(key), expected ? &old : nullptr, to_abi(value));
    });
  }
  [[nodiscard]] auto remove(std::string_view key) {
    return operation<Completion>(
        [kv = kv_, key = std::string(key)](const pbay_host* host, pbay_op op) {
          kv->remove(host, op, to_abi(key));
        });
  }

 private:
  template <class R, class Issue>
  [[nodiscard]] Operation<R, Issue> operation(Issue issue) {
    return Operation<R, Issue>(runtime_, GiveUp::kNever, kv_ != nullptr, nullptr, std::move(issue));
  }

  Runtime& runtime_;
  const pbay_kv* kv_;
};

// Where an inbound file is streamed to. See ext/staging.h for the rules.
class Staging {
 public:
  explicit Staging(Runtime& runtime)
      : runtime_(runtime), staging_(runtime.extension<pbay_staging>(PBAY_EXT_STAGING)) {}

  // A handle. 0: too many are open, the file is over the host's cap, or the disk is full.
  // expected_size: bytes, or -1.
  [[nodiscard]] std::uint64_t open(std::int64_t expected_size = -1) const noexcept {
    return staging_ != nullptr ? staging_->open(runtime_.host(), expected_size) : 0;
  }
  // PBAY_OK, PBAY_E_TOO_LARGE, PBAY_E_RETRY (disk).
  [[nodiscard]] std::int32_t write(std::uint64_t handle, std::string_view bytes) const noexcept {
    return staging_ != nullptr ? staging_->write(runtime_.host(), handle, to_abi(bytes))
                               : PBAY_E_UNSUPPORTED;
  }
  // After it the handle can be given to an event, once.
  [[nodiscard]] auto commit(std::uint64_t handle) {
    const auto* staging = staging_;
    auto issue = [staging, handle](const pbay_host* host, pbay_op op) {
      staging->commit(host, op, handle);
    };
    return Operation<Completion, decltype(issue)>(runtime_, GiveUp::kNever, staging_ != nullptr,
                                                  nullptr, issue);
  }
  // Forgets an open or committed handle.
  void abort(std::uint64_t handle) const noexcept {
    if (staging_ != nullptr && handle != 0) {
      staging_->abort(runtime_.host(), handle);
    }
  }

 private:
  Runtime& runtime_;
  const pbay_staging* staging_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_SERVICES_HPP
