// Order, waiting and standing still.
#include "delivery/lanes.hpp"

#include <gtest/gtest.h>

#include "delivery_world.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using store::DeliveryState;
using Texts = std::vector<std::string>;

AttemptOutcome refused(std::optional<milliseconds> retry_after = std::nullopt,
                       RetryScope scope = RetryScope::kOperation) {
  AttemptOutcome out = test::outcome(OutcomeClass::kRetryable, SentState::kNotSent, "429");
  out.retry_after = retry_after;
  out.retry_scope = scope;
  return out;
}

std::string text(const std::string& of) { return R"({"text":")" + of + R"("})"; }

class LanesTest : public testing::Test {
 protected:
  LanesTest() { world.add_session(other, "telegram:dm:7"); }
  void write_other(const std::string& id, const std::string& content) {
    world.sessions.write_out(other, id, content);
    world.service->wake(other);
    world.settle();
  }
  DeliveryWorld world;
  session::SessionAddress other{base::AgentGroupId("main"), base::SessionId("s2")};
};

TEST_F(LanesTest, ARetryHoldsItsLaneAndNoOther) {
  world.start();
  world.channels.script(refused(milliseconds(5'000)));
  world.write("a1", text("first"));
  world.write("a2", text("second"));
  write_other("b1", text("other"));
  EXPECT_EQ(world.channels.texts(), (Texts{"first", "other"}));
  world.pass(milliseconds(4'999));
  EXPECT_EQ(world.channels.requests.size(), 2U);
  world.pass(milliseconds(1));
  EXPECT_EQ(world.channels.texts(), (Texts{"first", "other", "first", "second"}));
  EXPECT_EQ(world.channels.requests[2].attempt, 2U);
  EXPECT_EQ(world.channels.requests[2].idempotency_key, world.channels.requests[0].idempotency_key);
}

TEST_F(LanesTest, APermanentFailureLetsSuccessorsGo) {
  world.start();
  world.channels.script(test::outcome(OutcomeClass::kPermanent, SentState::kNotSent, "no"));
  world.sessions.write_out(world.session, "a1", text("first"));
  world.write("a2", text("second"));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
}

TEST_F(LanesTest, OneAtATime) {
  world.start();
  world.channels.hold = true;
  world.sessions.write_out(world.session, "a1", text("1"));
  world.sessions.write_out(world.session, "a2", text("2"));
  world.write("a3", text("3"));
  for (std::size_t i = 1; i <= 3; ++i) {
    ASSERT_EQ(world.channels.held.size(), 1U);
    EXPECT_EQ(world.channels.requests.size(), i);
    world.channels.release(world.channels.delivered());
    world.settle();
  }
  EXPECT_EQ(world.channels.texts(), (Texts{"1", "2", "3"}));
}

TEST_F(LanesTest, AccountDeadlinesHoldAllItsLanesAlsoAfterARestart) {
  world.start();
  world.channels.script(refused(minutes(5), RetryScope::kAccount));
  world.write("a1", text("first"));
  write_other("b1", text("other"));
  EXPECT_EQ(world.channels.texts(), (Texts{"first"}));
  world.crash();
  world.start();
  world.pass(minutes(5) - seconds(1));
  EXPECT_EQ(world.channels.requests.size(), 1U);
  world.pass(seconds(2));
  EXPECT_EQ(world.channels.requests.size(), 3U);
}

TEST_F(LanesTest, PublishedRatesAreKept) {
  world.channels.channel_limits.chat = {1, milliseconds(1000)};
  world.channels.channel_limits.account = {30, milliseconds(1000)};
  world.start();
  for (int i = 0; i < 4; ++i) {
    world.sessions.write_out(world.session, "a" + std::to_string(i), text(std::to_string(i)));
  }
  world.service->wake(world.session);
  world.settle();
  EXPECT_EQ(world.channels.requests.size(), 1U);
  world.pass(milliseconds(1'100));
  EXPECT_EQ(world.channels.requests.size(), 2U);
  world.pass(milliseconds(2'100));
  EXPECT_EQ(world.channels.requests.size(), 4U);
}

TEST_F(LanesTest, AMissingInstanceDelaysAndNeverCountsAsDelivered) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kStopped);
  world.write("a1", text("x"));
  world.pass(hours(48));
  EXPECT_TRUE(world.channels.requests.empty());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.channels.script(refused(seconds(2)));
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.settle();
  EXPECT_EQ(world.channels.requests.size(), 1U);
  // Two days of pause are no age: it is not given up now.
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.pass(seconds(3));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a1").attempts, 2U);
}

// A host that was off over the weekend: what waited gets as much time as anything else.
TEST_F(LanesTest, RowsGrowOldFromTheirFirstAttempt) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  world.write("a1", text("x"));
  world.crash();
  world.pass(hours(60));
  world.channels.answer = [](const DeliveryRequest&) { return refused(hours(1)); };
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.start();
  EXPECT_EQ(world.record("a1").attempts, 1U);
  world.pass(hours(23));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.pass(hours(2));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_EQ(world.record("a1").reason, "given up after 24 h: 429");
}

TEST_F(LanesTest, WhatWasTriedDoesNotGrowOldWhileTheHostIsOff) {
  world.start();
  world.channels.answer = [](const DeliveryRequest&) { return refused(hours(1)); };
  world.write("a1", text("x"));
  world.pass(hours(5) - minutes(1));
  for (int stop = 0; stop < 3; ++stop) {
    world.crash();
    world.pass(hours(60));
    world.start();
  }
  world.pass(hours(18));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting) << world.record("a1").reason;
  world.pass(hours(2) + minutes(20));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_EQ(world.record("a1").reason, "given up after 24 h: 429");
}

// A try now and then shows that the chat is offline still.
TEST_F(LanesTest, APauseCountsOnceHoweverOftenItIsTried) {
  world.options.policy.max_attempts = 1000;
  world.start();
  world.channels.script(refused(seconds(1)));
  AttemptOutcome offline = refused();
  offline.chat_offline = true;
  world.channels.answer = [&](const DeliveryRequest&) { return offline; };
  world.write("a1", text("x"));
  world.pass(hours(6));
  EXPECT_GT(world.channels.requests.size(), 30U);
  world.channels.answer = [](const DeliveryRequest&) { return refused(minutes(30)); };
  world.pass(minutes(15));
  const auto waiting = world.record("a1");
  EXPECT_EQ(waiting.paused_since, std::nullopt);
  EXPECT_GT(waiting.paused_total, hours(6) - minutes(1));
  EXPECT_LT(waiting.paused_total, hours(6) + minutes(11));
  world.pass(hours(23));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting) << world.record("a1").reason;
  world.pass(hours(2));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
}

// The row that was behind had its first turn in the middle of the standstill.
TEST_F(LanesTest, APauseOfBeforeTheFirstTurnIsNoPartOfTheAge) {
  world.options.policy.max_attempts = 1000;
  world.options.policy.max_paused = hours(10);
  world.start();
  AttemptOutcome offline = refused();
  offline.chat_offline = true;
  world.channels.answer = [&](const DeliveryRequest&) { return offline; };
  world.write("a1", text("x"));
  world.pass(hours(9));
  world.write("a2", text("y"));
  world.pass(hours(2));
  ASSERT_EQ(world.record("a1").state, DeliveryState::kFailed);
  world.channels.answer = [](const DeliveryRequest&) { return refused(minutes(30)); };
  world.pass(minutes(15));
  EXPECT_EQ(world.record("a2").state, DeliveryState::kWaiting);
  EXPECT_LT(world.record("a2").paused_total, hours(1) + minutes(30));
}

TEST_F(LanesTest, APauseIsNoAgeForAnyRowOfItsLane) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  const std::size_t rows = limits::kLaneRows + 100;
  for (std::size_t i = 0; i < rows; ++i) {
    world.sessions.write_out(world.session, "a" + std::to_string(i), text(std::to_string(i)));
  }
  world.service->wake(world.session);
  world.pass(hours(30));
  // Each is refused once.
  world.channels.answer = [this](const DeliveryRequest& request) {
    return request.attempt == 1 ? refused(seconds(1)) : world.channels.delivered();
  };
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.pass(minutes(30));
  for (const auto& record : world.all()) {
    ASSERT_EQ(record.state, DeliveryState::kDelivered)
        << record.message_out_id << ": " << record.reason;
  }
}

TEST_F(LanesTest, APauseThatTheLastAttemptEndsIsNoAge) {
  world.start();
  world.channels.script(refused());
  world.channels.script(test::outcome(OutcomeClass::kAccount, SentState::kNotSent, "401"));
  world.channels.script(refused(seconds(1)));
  world.write("a1", text("x"));
  world.pass(seconds(5));
  world.channels.set_state("telegram", InstanceState::kLoginRequired);
  world.pass(hours(30));
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.settle();
  EXPECT_EQ(world.channels.requests.size(), 3U);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.pass(seconds(5));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

// It was refused once, and then its instance went away.
TEST_F(LanesTest, APauseBetweenTwoAttemptsIsNoAge) {
  world.start();
  world.channels.script(refused());
  world.channels.script(refused(seconds(1)));
  world.write("a1", text("x"));
  world.channels.set_state("telegram", InstanceState::kConnecting);
  world.pass(hours(30));
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.settle();
  EXPECT_EQ(world.channels.requests.size(), 2U);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.pass(seconds(5));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a1").paused_since, std::nullopt);
}

TEST_F(LanesTest, SevenDaysOfPauseEndInFailureForAllThatWaited) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kLoginRequired);
  world.write("a1", text("x"));
  world.write("a2", text("y"));
  world.pass(hours(24 * 6));
  world.crash();  // the pause goes on
  world.start();
  world.write("a3", text("z"));
  world.pass(hours(24) + minutes(5));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_NE(world.record("a1").reason.find("168 h"), std::string::npos);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kFailed);
  EXPECT_EQ(world.record("a3").state, DeliveryState::kWaiting);
}

TEST_F(LanesTest, APauseDoesNotUseUpItsTimeWhileTheHostIsOff) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  world.write("a1", text("x"));
  world.write("a2", text("y"));
  world.pass(minutes(5));
  world.crash();
  world.pass(hours(24 * 8));
  world.start();  // its channel connects later
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting) << world.record("a1").reason;
  EXPECT_EQ(world.record("a2").state, DeliveryState::kWaiting) << world.record("a2").reason;
  world.pass(hours(24 * 7) - minutes(6));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting) << world.record("a1").reason;
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.settle();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
}

// It came to the front when the one before it had waited for too long.
TEST_F(LanesTest, APauseOfARowBeginsNotBeforeTheRowCame) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  world.write("a1", text("x"));
  world.pass(hours(24 * 6));
  world.write("a2", text("y"));
  world.pass(hours(24) + minutes(10));
  ASSERT_EQ(world.record("a1").state, DeliveryState::kFailed);
  world.crash();
  world.pass(hours(24 * 8));
  world.start();
  world.pass(hours(24 * 6) - minutes(20));
  EXPECT_EQ(world.record("a2").state, DeliveryState::kWaiting) << world.record("a2").reason;
  world.pass(minutes(25));
  EXPECT_EQ(world.record("a2").state, DeliveryState::kFailed);
}

TEST_F(LanesTest, OfflineChatsWaitForTheirReturn) {
  world.start();
  AttemptOutcome offline = refused();
  offline.chat_offline = true;
  world.channels.answer = [&](const DeliveryRequest&) { return offline; };
  world.write("a1", text("x"));
  world.write("a2", text("y"));
  EXPECT_EQ(world.channels.requests.size(), 1U);
  write_other("b1", text("other"));
  EXPECT_EQ(world.channels.requests.size(), 2U);
  world.pass(minutes(5));
  EXPECT_EQ(world.channels.requests.size(), 2U);
  world.channels.answer = [&](const DeliveryRequest&) { return world.channels.delivered(); };
  world.service->channel_events().on_chat_reachable(base::InstanceName("telegram"),
                                                    base::ChatKey("telegram:dm:42"));
  world.settle();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a1").attempts, 1U);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
}

TEST_F(LanesTest, AChatThatCameBackDuringTheAttemptIsTriedAtOnce) {
  world.start();
  world.channels.hold = true;
  world.write("a1", text("x"));
  world.service->channel_events().on_chat_reachable(base::InstanceName("telegram"),
                                                    base::ChatKey("telegram:dm:42"));
  AttemptOutcome offline = refused();
  offline.chat_offline = true;
  world.channels.release(offline);
  world.settle();
  EXPECT_EQ(world.channels.requests.size(), 2U);
}

TEST_F(LanesTest, AnAccountThatNeedsAPersonIsTriedAgainWhenItIsOnline) {
  world.start();
  world.channels.script(test::outcome(OutcomeClass::kAccount, SentState::kNotSent, "401"));
  world.write("a1", text("x"));
  world.channels.set_state("telegram", InstanceState::kLoginRequired);
  world.pass(hours(30));
  EXPECT_EQ(world.channels.requests.size(), 1U);
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.settle();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

TEST_F(LanesTest, ScheduledRowsEnterWhenDueInOrderOfTime) {
  world.start();
  const auto later = [&](const std::string& id, base::Milliseconds after) {
    world.sessions.write_out(world.session, id, text(id)).deliver_after =
        world.loop.wall_now() + after;
  };
  later("in 2 h", hours(2));
  later("in 1 h", hours(1));
  world.write("now", text("now"));
  EXPECT_EQ(world.channels.texts(), (Texts{"now"}));
  world.crash();
  world.start();
  world.pass(hours(1));
  EXPECT_EQ(world.channels.texts(), (Texts{"now", "in 1 h"}));
  world.pass(hours(1));
  EXPECT_EQ(world.channels.texts(), (Texts{"now", "in 1 h", "in 2 h"}));
}

TEST_F(LanesTest, EditsWaitForTheirTarget) {
  world.start();
  world.channels.hold = true;
  world.write("a1", text("draft"));
  auto& edit = world.sessions.write_out(world.session, "a2",
                                        R"({"operation":"edit","messageId":"a1","text":"done"})");
  edit.target = {session::TargetReference::Kind::kOutboundRow, "a1"};
  world.service->wake(world.session);
  world.settle();
  EXPECT_EQ(world.record("a2").target, "row:a1");
  world.channels.release(world.channels.delivered());
  world.settle();
  ASSERT_EQ(world.channels.requests.size(), 2U);
  EXPECT_EQ(world.channels.requests[1].operation, Operation::kEdit);
  EXPECT_EQ(world.channels.requests[1].target_ids, (Texts{"m1"}));
}

TEST_F(LanesTest, EditsWaitForATargetInAnotherThreadOfTheChat) {
  world.start();
  world.channels.hold = true;
  world.sessions.write_out(world.session, "a1", text("in the thread")).address = {
      "telegram", "telegram:dm:42", "7"};
  auto& edit = world.sessions.write_out(
      world.session, "a2", R"({"operation":"reaction","messageId":"a1","emoji":"eyes"})");
  edit.target = {session::TargetReference::Kind::kOutboundRow, "a1"};
  world.service->wake(world.session);
  world.settle();
  EXPECT_EQ(world.channels.requests.size(), 1U);
  world.channels.release(world.channels.delivered());
  world.settle();
  ASSERT_EQ(world.channels.requests.size(), 2U);
  EXPECT_EQ(world.channels.requests[1].target_ids, (Texts{"m1"}));
}

TEST_F(LanesTest, EditsOfWhatWasNotDeliveredFail) {
  world.start();
  world.channels.script(test::outcome(OutcomeClass::kPermanent, SentState::kNotSent, "no"));
  world.sessions.write_out(world.session, "a1", text("x"));
  const auto edit = [&](const std::string& id, const std::string& target) {
    world.sessions
        .write_out(world.session, id, R"({"operation":"delete","messageId":")" + target + R"("})")
        .target = {session::TargetReference::Kind::kOutboundRow, target};
  };
  edit("a2", "a1");
  edit("a3", "a4");  // not there yet: never waited for
  world.sessions.write_out(world.session, "a4", text("y"));
  world.service->wake(world.session);
  world.settle();
  EXPECT_EQ(world.record("a2").reason, "target not delivered");
  EXPECT_EQ(world.record("a3").reason, "target not delivered");
  EXPECT_EQ(world.record("a4").state, DeliveryState::kDelivered);
}

TEST_F(LanesTest, MoreThanFitsInMemoryKeepsItsOrder) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  const int rows = static_cast<int>(limits::kLaneRows) + 300;
  Texts expected;
  for (int i = 0; i < rows; ++i) {
    world.sessions.write_out(world.session, "a" + std::to_string(i), text(std::to_string(i)));
    expected.push_back(std::to_string(i));
  }
  world.service->wake(world.session);
  world.settle();
  EXPECT_TRUE(world.channels.requests.empty());
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.settle();
  EXPECT_EQ(world.channels.texts(), expected);
}

TEST_F(LanesTest, DeletedSessionsFailWhatWaits) {
  world.start();
  world.channels.hold = true;
  world.write("a1", text("being sent"));
  world.write("a2", text("waiting"));
  bool done = false;
  world.service->session_deleted(world.session, "session deleted",
                                 [&](const base::Status& status) { done = status.ok(); });
  world.settle();
  EXPECT_TRUE(done);
  EXPECT_EQ(world.record("a2").reason, "session deleted");
  world.channels.release(world.channels.delivered());
  world.settle();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.channels.requests.size(), 1U);
}

TEST_F(LanesTest, AnInstanceThatDoesNotAnswerIsAskedAgain) {
  world.channels.answers_limits = false;
  world.start();
  world.write("a1", text("x"));
  world.pass(seconds(5));
  EXPECT_TRUE(world.channels.requests.empty());
  world.channels.answers_limits = true;
  world.pass(seconds(2));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

}  // namespace
}  // namespace patchbay::delivery
