// Instances that break the rules: each is survived, says what it did, and harms no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapter_host_test.hpp"

namespace patchbay::adapters {
namespace {

using delivery::OutcomeClass;
using ::testing::HasSubstr;

class MisbehaviourTest : public AdapterHostTest {
 protected:
  void start_with_good(const std::string& mode) {
    make_host();
    ASSERT_TRUE(add("bad", R"({"mode": ")" + mode + R"("})").ok());
    ASSERT_TRUE(add("good").ok());
    ASSERT_TRUE(host_->start(inbound_, events_).ok());
  }
  void expect_good_works() {
    ASSERT_TRUE(comes("good", State::kOnline));
    EXPECT_EQ(run("good", "ok").outcome, OutcomeClass::kDelivered);
  }
  std::uint64_t violations(const std::string& name) { return status(name).counters.violations; }
};

TEST_F(MisbehaviourTest, ASecondCompletionIsIgnored) {
  start_online({"bad", "good"});
  const auto outcome = run("bad", "twice");
  EXPECT_EQ(outcome.text, "first");
  EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered);
  EXPECT_EQ(violations("bad"), 1U);
  EXPECT_EQ(status("bad").counters.delivered, 2U);
  expect_good_works();
}

TEST_F(MisbehaviourTest, ForeignCompletionsAreIgnored) {
  start_online({"bad", "good"});
  EXPECT_EQ(run("bad", "foreign").text, "right");
  EXPECT_EQ(violations("bad"), 2U);
  expect_good_works();
}

TEST_F(MisbehaviourTest, NoFloodFillsTheLog) {
  start_online({"bad", "good"});
  for (const std::string what : {"lines", "violations", "states"}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run("bad", "flood " + what + " 5000").text, "flooded");
    const std::string full = ::testing::internal::GetCapturedStderr();
    EXPECT_LT(full.size(), limits::kAdapterLogBurstBytes + 1024) << what;
    EXPECT_THAT(full, HasSubstr("adapter.log_share_used instance=bad")) << what;

    ::testing::internal::CaptureStderr();
    pass(std::chrono::minutes(10));
    EXPECT_EQ(run("bad", "flood " + what + " 1").text, "flooded");
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                HasSubstr("adapter.log_lines_left_out instance=bad lines="))
        << what;
    pass(std::chrono::minutes(10));
  }
  EXPECT_EQ(violations("bad"), 5001U) << "counted all the same";
  expect_good_works();
}

TEST_F(MisbehaviourTest, OperationZeroIsIgnored) {
  start_online({"bad", "good"});
  EXPECT_EQ(run("bad", "submit-zero").text, "went on");
  EXPECT_TRUE(inbound_.events.empty());
  EXPECT_EQ(violations("bad"), 1U);
  EXPECT_EQ(say("bad", "submit m1"), "0 1 ");
  expect_good_works();
}

TEST_F(MisbehaviourTest, AnIdUnderWayTwiceCompletesOnce) {
  start_online({"bad", "good"});
  const auto place = give("bad", "same-op");
  ASSERT_TRUE(loop_.run_until([&] { return violations("bad") == 1; }));
  pass(std::chrono::milliseconds(50));
  EXPECT_EQ(await(place).text, "0 0 ");
  expect_good_works();
}

TEST_F(MisbehaviourTest, AMalformedEventIsNotPassedOn) {
  start_online({"bad", "good"});
  EXPECT_THAT(say("bad", "submit-broken chat"), HasSubstr("-208 5 event: it has no chat"));
  EXPECT_TRUE(inbound_.events.empty());
  EXPECT_EQ(status("bad").counters.malformed, 1U);
  expect_good_works();
}

TEST_F(MisbehaviourTest, TheStagingHandleOfAnotherIsNotGiven) {
  start_online({"bad", "good"});
  const std::string handle = say("good", "open-staging");
  EXPECT_THAT(say("bad", "submit-stolen " + handle), HasSubstr("-208 5 "));
  EXPECT_TRUE(inbound_.events.empty());
  expect_good_works();
}

TEST_F(MisbehaviourTest, ACallThatHangsGivesTheInstanceUp) {
  start_online({"bad", "good"});
  ASSERT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered) << "its start() has returned";
  const auto stuck = give("bad", "hang");
  const auto behind = give("bad", "ok");
  let_hang("bad");
  EXPECT_EQ(await(stuck).outcome, OutcomeClass::kRetryable) << "nothing had left";
  EXPECT_EQ(await(behind).sent_state, delivery::SentState::kNotSent);
  EXPECT_THAT(status("bad").reason, HasSubstr("a call of the adapter's deliver did not come back"));
  EXPECT_THAT(status("bad").user_action, HasSubstr("restart Patchbay"));
  EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kRetryable) << "it is not called any more";
  expect_good_works();
  EXPECT_TRUE(stop_all());
}

TEST_F(MisbehaviourTest, AHangAfterARequestLeftIsUnknown) {
  start_online({"bad", "good"});
  http_.sent_when_cancelled = net::SentState::kUnknown;
  const auto stuck = give("bad", "post-and-hang https://api.example.org/");
  ASSERT_TRUE(loop_.run_until([&] { return !http_.requests.empty(); }));
  let_hang("bad");
  EXPECT_EQ(await(stuck).outcome, OutcomeClass::kUnknown);
  EXPECT_TRUE(http_.requests.begin()->second.cancelled);
  EXPECT_EQ(status("bad").counters.unknown, 1U);
  expect_good_works();
}

TEST_F(MisbehaviourTest, AHangWithARequestOfWhichNothingLeftIsNotSent) {
  start_online({"bad"});
  http_.sent_when_cancelled = net::SentState::kNotSent;
  const auto stuck = give("bad", "post-and-hang https://api.example.org/");
  ASSERT_TRUE(loop_.run_until([&] { return !http_.requests.empty(); }));
  let_hang("bad");
  const auto outcome = await(stuck);
  EXPECT_EQ(outcome.outcome, OutcomeClass::kRetryable);
  EXPECT_EQ(outcome.sent_state, delivery::SentState::kNotSent);
}

TEST_F(MisbehaviourTest, ARequestThatNamesNoDeliveryMayHaveBeenAny) {
  start_online({"bad"});
  const auto stuck = give("bad", "post-untagged-and-hang https://api.example.org/");
  ASSERT_TRUE(loop_.run_until([&] { return !http_.requests.empty(); }));
  let_hang("bad");
  EXPECT_EQ(await(stuck).outcome, OutcomeClass::kUnknown);
}

TEST_F(MisbehaviourTest, StartThatHangsGivesTheInstanceUp) {
  start_with_good("hang-start");
  expect_good_works();
  let_hang("bad");
  EXPECT_THAT(status("bad").reason, HasSubstr("adapter's start did not come back"));
  expect_good_works();
  EXPECT_TRUE(stop_all());
}

TEST_F(MisbehaviourTest, CreateThatHangsGivesTheInstanceUpAndTheModuleToNoOther) {
  start_with_good("hang-create");
  let_hang("bad", "pb-loader");
  EXPECT_THAT(status("bad").reason, HasSubstr("create() did not come back"));
  ASSERT_TRUE(comes("good", State::kFailed)) << "of the same library, which nobody may enter";
  EXPECT_TRUE(stop_all());
}

TEST_F(MisbehaviourTest, AnInstanceThatIgnoresStopIsLeftBehind) {
  start_with_good("ignore-stop");
  ASSERT_TRUE(comes("bad", State::kOnline));
  ASSERT_TRUE(comes("good", State::kOnline));
  bool stopped = false;
  host_->stop([&] { stopped = true; });
  ASSERT_TRUE(comes("good", State::kStopped));
  loop_.run_ready();
  EXPECT_FALSE(stopped);
  pass(options_.stop_deadline);
  EXPECT_TRUE(stopped);
  EXPECT_THAT(status("bad").reason, HasSubstr("did not stop within 10000 ms"));
}

TEST_F(MisbehaviourTest, AStopThatHangsIsLeftBehind) {
  start_with_good("hang-stop");
  ASSERT_TRUE(comes("bad", State::kOnline));
  ASSERT_TRUE(comes("good", State::kOnline));
  bool stopped = false;
  host_->stop([&] { stopped = true; });
  let_hang("bad");
  EXPECT_TRUE(loop_.run_until([&] { return stopped; }));
}

TEST_F(MisbehaviourTest, AnInstanceThatStopsByItselfIsToldAndDestroyed) {
  start_online({"bad", "good"});
  const auto quit = give("bad", "quit");
  EXPECT_EQ(await(quit).outcome, OutcomeClass::kDelivered) << "said before stopped()";
  ASSERT_TRUE(comes("bad", State::kFailed));
  EXPECT_EQ(status("bad").reason, "the adapter stopped by itself");
  EXPECT_EQ(status("bad").last_error, "") << "said after stopped(): ignored";
  expect_good_works();
  EXPECT_TRUE(stop_all());
}

TEST_F(MisbehaviourTest, AMissingFunctionIsRefused) {
  start_with_good("no-start");
  ASSERT_TRUE(comes("bad", State::kFailed));
  EXPECT_THAT(status("bad").reason, HasSubstr("leaves out a function"));
  expect_good_works();
}

TEST_F(MisbehaviourTest, APartAfterTheDeadlineIsEvidenceWithItsCursor) {
  start_online({"bad"});
  auto request = command("bad", "late-part");
  request.time_allowed = std::chrono::seconds(30);
  const auto place = give(std::move(request));
  EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered) << "it has been given";
  pass(std::chrono::seconds(30));
  await(place);
  ASSERT_TRUE(loop_.run_until([&] { return !events_.late_parts.empty(); }));
  EXPECT_EQ(events_.late_parts.front().part.remote_id, "p0");
  EXPECT_EQ(events_.late_parts.front().part.cursor, "cursor");
  EXPECT_TRUE(events_.parts.empty());
  EXPECT_TRUE(events_.reports.empty()) << "nobody said that all of it is there";
}

TEST_F(MisbehaviourTest, ADeliveryWithoutAnAnswerEndsAtItsDeadline) {
  start_online({"bad", "good"});
  auto request = command("bad", "never");
  request.time_allowed = std::chrono::seconds(30);
  const auto place = give(std::move(request));
  EXPECT_EQ(run("bad", "ok").outcome, OutcomeClass::kDelivered) << "it has been given";
  pass(std::chrono::seconds(30));
  const auto outcome = await(place);
  EXPECT_EQ(outcome.outcome, OutcomeClass::kRetryable);
  EXPECT_EQ(outcome.sent_state, delivery::SentState::kNotSent);
  EXPECT_THAT(outcome.text, HasSubstr("nothing had left"));

  // What is asked for on its behalf afterwards does not leave.
  EXPECT_THAT(say("bad", "post-for https://api.example.org/ 1"), HasSubstr("-207 "));
  EXPECT_TRUE(http_.requests.empty());

  http_.sent_when_cancelled = net::SentState::kUnknown;
  auto posted = command("bad", "post-and-forget https://api.example.org/");
  posted.time_allowed = std::chrono::seconds(30);
  const auto unknown = give(std::move(posted));
  ASSERT_TRUE(loop_.run_until([&] { return !http_.requests.empty(); }));
  pass(std::chrono::seconds(30));
  EXPECT_EQ(await(unknown).outcome, OutcomeClass::kUnknown);
  expect_good_works();
}

TEST_F(MisbehaviourTest, AHostThatGoesLeavesHangingThreadsBehind) {
  start_online({"bad", "good"});
  const auto stuck = give("bad", "hang");
  host_.reset();
  EXPECT_FALSE(stuck->has_value());
}

}  // namespace
}  // namespace patchbay::adapters
