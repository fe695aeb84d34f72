#include "delivery/retry_policy.hpp"

#include <gtest/gtest.h>

#include "test_common/scripted_channels.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::outcome;

enum class Next : std::uint8_t { kDelivered, kFailed, kUnknown, kRetry, kRepeat, kPause };

Next kind_of(const NextAction& action) {
  if (const auto* retry = std::get_if<RetryLater>(&action)) {
    return retry->was_uncertain ? Next::kRepeat : Next::kRetry;
  }
  constexpr Next kByIndex[] = {Next::kDelivered, Next::kFailed, Next::kUnknown, Next::kRetry,
                               Next::kPause};
  return kByIndex[action.index()];
}

struct Case {
  OutcomeClass outcome_class;
  SentState sent_state;
  bool idempotent;
  Uncertain uncertain;
  Next next;
};

class RetryPolicyTable : public testing::TestWithParam<Case> {};

TEST_P(RetryPolicyTable, NextAction) {
  const Case& row = GetParam();
  base::Random random(1);
  RetryPolicy policy;
  policy.uncertain = row.uncertain;
  History history;
  history.idempotent = row.idempotent;
  const NextAction action =
      next_action(outcome(row.outcome_class, row.sent_state, "why"), history, policy, random);
  EXPECT_EQ(static_cast<int>(kind_of(action)), static_cast<int>(row.next));
}

using O = OutcomeClass;
using S = SentState;
using U = Uncertain;
INSTANTIATE_TEST_SUITE_P(
    All, RetryPolicyTable,
    testing::Values(Case{O::kDelivered, S::kSent, false, U::kReconcile, Next::kDelivered},
                    Case{O::kDelivered, S::kUnknown, false, U::kReconcile, Next::kDelivered},
                    // Proven not sent: again.
                    Case{O::kRetryable, S::kNotSent, false, U::kReconcile, Next::kRetry},
                    Case{O::kRetryable, S::kNotSent, false, U::kAtMostOnce, Next::kRetry},
                    Case{O::kUnknown, S::kNotSent, false, U::kReconcile, Next::kRetry},
                    // A retryable class alone is no proof.
                    Case{O::kRetryable, S::kUnknown, false, U::kReconcile, Next::kUnknown},
                    Case{O::kRetryable, S::kSent, false, U::kReconcile, Next::kUnknown},
                    Case{O::kUnknown, S::kUnknown, false, U::kReconcile, Next::kUnknown},
                    Case{O::kUnknown, S::kSent, false, U::kAtMostOnce, Next::kUnknown},
                    // The platform would recognise it.
                    Case{O::kUnknown, S::kUnknown, true, U::kReconcile, Next::kRepeat},
                    Case{O::kRetryable, S::kSent, true, U::kAtMostOnce, Next::kRepeat},
                    // The operator prefers twice to never.
                    Case{O::kUnknown, S::kUnknown, false, U::kAtLeastOnce, Next::kRepeat},
                    Case{O::kPermanent, S::kNotSent, true, U::kAtLeastOnce, Next::kFailed},
                    Case{O::kPermanent, S::kUnknown, true, U::kAtLeastOnce, Next::kFailed},
                    Case{O::kAccount, S::kNotSent, false, U::kReconcile, Next::kPause},
                    Case{O::kAccount, S::kUnknown, false, U::kReconcile, Next::kUnknown},
                    Case{O::kBug, S::kNotSent, false, U::kReconcile, Next::kFailed},
                    Case{O::kBug, S::kUnknown, false, U::kReconcile, Next::kUnknown},
                    Case{O::kBug, S::kUnknown, true, U::kReconcile, Next::kRepeat}));

TEST(RetryPolicy, OfflineChatsPauseOnlyWhenNothingWasSent) {
  base::Random random(1);
  AttemptOutcome offline = outcome(OutcomeClass::kRetryable, SentState::kNotSent);
  offline.chat_offline = true;
  EXPECT_EQ(kind_of(next_action(offline, {}, {}, random)), Next::kPause);
  offline.sent_state = SentState::kUnknown;
  EXPECT_EQ(kind_of(next_action(offline, {}, {}, random)), Next::kUnknown);
}

TEST(RetryPolicy, WhatMayBeSentAgainWaitsForAnOfflineChatEvenIfItMayHaveArrived) {
  base::Random random(1);
  AttemptOutcome offline = outcome(OutcomeClass::kRetryable, SentState::kUnknown, "it left");
  offline.chat_offline = true;
  History history;
  history.idempotent = true;
  history.attempts = 1000;  // a pause uses up none
  const NextAction action = next_action(offline, history, {}, random);
  ASSERT_EQ(kind_of(action), Next::kPause);
  EXPECT_TRUE(std::get<Pause>(action).was_uncertain);
  EXPECT_EQ(std::get<Pause>(action).reason, "it left");
}

TEST(RetryPolicy, PausesUseUpNeitherAttemptsNorAge) {
  base::Random random(1);
  AttemptOutcome offline = outcome(OutcomeClass::kRetryable, SentState::kNotSent);
  offline.chat_offline = true;
  History history;
  history.attempts = 1000;
  history.age = hours(1000);
  EXPECT_EQ(kind_of(next_action(offline, history, {}, random)), Next::kPause);
}

TEST(RetryPolicy, GivesUpByAttemptsAndByAge) {
  base::Random random(1);
  const auto refused = outcome(OutcomeClass::kRetryable, SentState::kNotSent, "502");
  History history;
  history.attempts = 29;
  EXPECT_EQ(kind_of(next_action(refused, history, {}, random)), Next::kRetry);
  history.attempts = 30;
  const NextAction last = next_action(refused, history, {}, random);
  ASSERT_EQ(kind_of(last), Next::kFailed);
  EXPECT_EQ(std::get<Failed>(last).reason, "given up after 30 attempts: 502");
  history.attempts = 2;
  history.age = hours(24);
  EXPECT_EQ(std::get<Failed>(next_action(refused, history, {}, random)).reason,
            "given up after 24 h: 502");
  // What may be visible already is not called failed.
  history.idempotent = true;
  EXPECT_EQ(kind_of(next_action(outcome(OutcomeClass::kUnknown, SentState::kUnknown), history, {},
                                random)),
            Next::kUnknown);
}

TEST(RetryPolicy, RetryAfterIsKeptToTheMillisecondWithinItsBounds) {
  base::Random random(1);
  AttemptOutcome limited = outcome(OutcomeClass::kRetryable, SentState::kNotSent);
  limited.retry_scope = RetryScope::kAccount;
  const std::pair<milliseconds, milliseconds> cases[] = {
      {milliseconds(31'417), milliseconds(31'417)},
      {milliseconds(0), milliseconds(1000)},
      {milliseconds(-5), milliseconds(1000)},
      {milliseconds(hours(24 * 365)), milliseconds(hours(24))}};
  for (const auto& [asked, waited] : cases) {
    limited.retry_after = asked;
    const auto retry = std::get<RetryLater>(next_action(limited, {}, {}, random));
    EXPECT_EQ(retry.after, waited);
    EXPECT_EQ(retry.wait_scope, RetryScope::kAccount);
  }
}

TEST(RetryPolicy, BackoffIsExponentialWithFullJitter) {
  base::Random random(1);
  for (std::uint32_t attempts = 1; attempts < 40; ++attempts) {
    const auto window =
        std::min<std::int64_t>(600'000, attempts > 20 ? 600'000 : 1000LL << attempts);
    std::int64_t least = window;
    std::int64_t most = 0;
    for (int i = 0; i < 300; ++i) {
      const std::int64_t delay = backoff(attempts, random).count();
      ASSERT_GE(delay, 1000);
      ASSERT_LE(delay, window);
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
    EXPECT_GT(most - least, (window - 1000) / 2) << attempts;
  }
}

TEST(RetryPolicy, AfterRestartOnlyProofSendsAgain) {
  RetryPolicy policy;
  History history;
  const NextAction unknown = next_action_after_restart(history, policy);
  ASSERT_EQ(kind_of(unknown), Next::kUnknown);
  EXPECT_EQ(std::get<Unknown>(unknown).reason, "the host stopped while it was being sent");
  history.idempotent = true;
  EXPECT_EQ(kind_of(next_action_after_restart(history, policy)), Next::kRepeat);
  history.idempotent = false;
  policy.uncertain = Uncertain::kAtLeastOnce;
  EXPECT_EQ(kind_of(next_action_after_restart(history, policy)), Next::kRepeat);
}

}  // namespace
}  // namespace patchbay::delivery
