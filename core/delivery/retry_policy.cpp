#include "delivery/retry_policy.hpp"

#include <algorithm>
#include <chrono>

namespace patchbay::delivery {
namespace {

std::string text_or(const AttemptOutcome& outcome, std::string_view otherwise) {
  return outcome.text.empty() ? std::string(otherwise) : outcome.text;
}

std::string hours_of(base::Milliseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::hours>(time).count()) + " h";
}

// Why there is no further attempt; empty when there may be one.
std::string exhausted(const History& history, const RetryPolicy& policy) {
  if (history.attempts >= policy.max_attempts) {
    return "given up after " + std::to_string(history.attempts) + " attempts";
  }
  if (history.age >= policy.max_age) {
    return "given up after " + hours_of(policy.max_age);
  }
  return {};
}

base::Milliseconds delay_of(const AttemptOutcome& outcome, const History& history,
                            base::Random& random) {
  return outcome.retry_after ? clamp_retry_after(*outcome.retry_after)
                             : backoff(history.attempts, random);
}

NextAction retry_not_sent(const AttemptOutcome& outcome, const History& history,
                          const RetryPolicy& policy, base::Random& random) {
  const std::string what = text_or(outcome, "the attempt failed before anything was sent");
  if (std::string why = exhausted(history, policy); !why.empty()) {
    return Failed{why + ": " + what};
  }
  return RetryLater{delay_of(outcome, history, random), outcome.retry_scope, false, what};
}

NextAction uncertain(const AttemptOutcome& outcome, const History& history,
                     const RetryPolicy& policy, base::Random& random) {
  const std::string what = text_or(outcome, "the platform did not say whether it took the message");
  const bool may_repeat = history.idempotent || policy.uncertain == Uncertain::kAtLeastOnce;
  if (!may_repeat) {
    return Unknown{what};
  }
  if (outcome.chat_offline) {
    return Pause{PauseCause::kChatOffline, what, true};
  }
  if (std::string why = exhausted(history, policy); !why.empty()) {
    return Unknown{why + ": " + what};
  }
  return RetryLater{delay_of(outcome, history, random), outcome.retry_scope, true, what};
}

}  // namespace

base::Milliseconds clamp_retry_after(base::Milliseconds asked) {
  return std::clamp<base::Milliseconds>(asked, limits::kRetryAfterLeast, limits::kRetryAfterMost);
}

base::Milliseconds backoff(std::uint32_t attempts, base::Random& random) {
  const base::Milliseconds longest = limits::kRetryLongest;
  base::Milliseconds window = limits::kRetryFirst;
  for (std::uint32_t i = 0; i < attempts && window < longest; ++i) {
    window *= 2;
  }
  window = std::min(window, longest);
  const auto room = static_cast<std::uint64_t>((window - limits::kRetryFirst).count());
  return limits::kRetryFirst +
         base::Milliseconds(static_cast<std::int64_t>(random.below(room + 1)));
}

NextAction next_action(const AttemptOutcome& outcome, const History& history,
                       const RetryPolicy& policy, base::Random& random) {
  const bool not_sent = outcome.sent_state == SentState::kNotSent;
  switch (outcome.outcome) {
    case OutcomeClass::kDelivered:
      return Delivered{};
    case OutcomeClass::kPermanent:
      return Failed{text_or(outcome, "the platform refused it")};
    case OutcomeClass::kRetryable:
      if (!not_sent) {
        return uncertain(outcome, history, policy, random);
      }
      if (outcome.chat_offline) {
        return Pause{PauseCause::kChatOffline, text_or(outcome, "the chat cannot be reached now")};
      }
      return retry_not_sent(outcome, history, policy, random);
    case OutcomeClass::kAccount:
      if (!not_sent) {
        return uncertain(outcome, history, policy, random);
      }
      return Pause{PauseCause::kAccount, text_or(outcome, "the account needs a person")};
    case OutcomeClass::kBug:
      if (not_sent) {
        return Failed{text_or(outcome, "the adapter failed by a bug")};
      }
      return uncertain(outcome, history, policy, random);
    case OutcomeClass::kUnknown:
      // Also a module that says "unknown" of what the transport proved to be unsent.
      return not_sent ? retry_not_sent(outcome, history, policy, random)
                      : uncertain(outcome, history, policy, random);
  }
  return Unknown{"an outcome that this host does not know"};
}

NextAction next_action_after_restart(const History& history, const RetryPolicy& policy) {
  const std::string what = "the host stopped while it was being sent";
  const bool may_repeat = history.idempotent || policy.uncertain == Uncertain::kAtLeastOnce;
  if (!may_repeat || !exhausted(history, policy).empty()) {
    return Unknown{what};
  }
  return RetryLater{base::Milliseconds(0), RetryScope::kOperation, true, what};
}

}  // namespace patchbay::delivery
