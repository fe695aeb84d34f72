// What follows from the outcome of an attempt. Pure: values in, values out.
//
// The rule behind all of it: only what is provably not sent is sent again by itself, or what the
// platform recognises by its key.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "delivery/channel_port.hpp"

namespace patchbay::delivery {

// What is done when an attempt may or may not have become visible.
enum class Uncertain : std::uint8_t {
  kReconcile,    // it ends as unknown until there is evidence
  kAtMostOnce,   // the same, and evidence never sends it again
  kAtLeastOnce,  // it is sent again: perhaps twice, never lost
};

struct RetryPolicy {
  Uncertain uncertain = Uncertain::kReconcile;
  base::Milliseconds max_age = limits::kDeliveryMaxAge;  // since its first attempt, pauses excepted
  std::uint32_t max_attempts = limits::kDeliveryMaxAttempts;
  base::Milliseconds max_paused = limits::kDeliveryMaxPaused;
};

// What is known of the delivery when the attempt has ended.
struct History {
  std::uint32_t attempts = 1;  // including this one
  base::Milliseconds age{0};   // since the first attempt, pauses excepted
  bool idempotent = false;     // to send it twice shows it once: the channel honours keys, or it
                               // says what shall be, as reactions do
};

struct Delivered {};
struct Failed {
  std::string reason;
};
struct Unknown {
  std::string reason;
};
// Waiting again, for `after`. `wait_scope`: who else waits (this row's lane does in any case).
struct RetryLater {
  base::Milliseconds after{0};
  RetryScope wait_scope = RetryScope::kOperation;
  bool was_uncertain = false;  // it passes through unknown, by policy
  std::string reason;
};
// Waiting again until the chat or the account can be reached; uses up neither attempts nor age.
enum class PauseCause : std::uint8_t { kChatOffline, kAccount };
struct Pause {
  PauseCause cause = PauseCause::kAccount;
  std::string reason;
  bool was_uncertain = false;  // as above
};
using NextAction = std::variant<Delivered, Failed, Unknown, RetryLater, Pause>;

[[nodiscard]] NextAction next_action(const AttemptOutcome& outcome, const History& history,
                                     const RetryPolicy& policy, base::Random& random);

// Rows that a stopped host left in sending. `idempotent` as above.
[[nodiscard]] NextAction next_action_after_restart(const History& history,
                                                   const RetryPolicy& policy);

// Uniform between kRetryFirst and min(kRetryLongest, kRetryFirst · 2^attempts).
[[nodiscard]] base::Milliseconds backoff(std::uint32_t attempts, base::Random& random);

// What a platform asked for, within [kRetryAfterLeast, kRetryAfterMost].
[[nodiscard]] base::Milliseconds clamp_retry_after(base::Milliseconds asked);

}  // namespace patchbay::delivery
