// A runner in the hands of an attacker, played by hostile_runner.cpp: the daemon survives whatever
// it says, and loses that instance only.
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/wait.h>

#include "adapter_host_test.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {
namespace {

using delivery::OutcomeClass;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class HostileRunnerTest : public AdapterHostTest {
 protected:
  HostileRunnerTest() { options_.runner = PATCHBAY_HOSTILE_RUNNER; }

  void start_two() {
    make_host();
    isolation_ = Isolation::kProcess;
    ASSERT_TRUE(add("bad").ok());
    isolation_ = Isolation::kNone;
    ASSERT_TRUE(add("good").ok());
    ASSERT_TRUE(host_->start(inbound_, events_).ok());
    ASSERT_TRUE(comes("bad", State::kOnline)) << status("bad").reason;
    ASSERT_TRUE(comes("good", State::kOnline));
  }

  // The core thread deals with one task after the other, while the runner writes on.
  template <class Condition, class Look>
  void run_slowly_until(Condition condition, Look look) {
    const auto give_up = std::chrono::steady_clock::now() + test::VirtualLoop::kPatience;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      look();
      loop_.run_some(1);
      std::this_thread::yield();
    }
  }

  bool is_lost() { return status("bad").state == State::kConnecting; }
  void expect_loss(const std::string& why) {
    EXPECT_TRUE(loop_.run_until([&] { return is_lost(); }));
    EXPECT_THAT(status("bad").reason, HasSubstr(why));
    expect_good_works();
  }
  void expect_good_works() {
    EXPECT_EQ(run("good", "ok").outcome, OutcomeClass::kDelivered);
    EXPECT_EQ(status("good").counters.restarts, 0U);
  }
  // And the other comes back.
  void expect_restart() {
    hanging_.clear();
    pass(std::chrono::seconds(1));
    ASSERT_TRUE(comes("bad", State::kOnline)) << status("bad").reason;
    EXPECT_EQ(say("bad", "ok"), "ok");
    EXPECT_TRUE(stop_all());
  }
};

TEST_F(HostileRunnerTest, AnAnswerIsOfTheKindThatTheHostKnows) {
  start_two();
  const auto outcome = give("bad", "confuse");
  ASSERT_TRUE(loop_.run_until([&] { return status("bad").counters.violations == 1; }));
  ASSERT_EQ(http_.requests.size(), 1U);
  http_.answer(http_.requests.begin()->first, 200, "body");
  EXPECT_EQ(await(outcome).text, "0 as 1") << "a pbay_http_response";
  expect_good_works();
}

TEST_F(HostileRunnerTest, WhatIsNoFrameCostsItTheProcess) {
  const std::pair<const char*, const char*> cases[] = {
      {"malformed", "it sent a malformed frame (kind "},
      {"unknown", "it sent a malformed frame (kind 999)"},
      {"huge", "it sent a frame that is larger than any can be"},
      {"no-descriptors", "it sent a frame without the descriptors that belong to it"},
  };
  start_two();
  int losses = 0;
  for (const auto& [command, why] : cases) {
    SCOPED_TRACE(command);
    EXPECT_EQ(run("bad", command).sent_state, delivery::SentState::kNotSent);
    expect_loss(why);
    pass(std::chrono::seconds(1 << losses++));
    ASSERT_TRUE(comes("bad", State::kOnline));
  }
}

TEST_F(HostileRunnerTest, AnAnswerToNoQuestionIsIgnored) {
  start_two();
  EXPECT_EQ(say("bad", "foreign-answer"), "ok");
  EXPECT_EQ(status("bad").counters.restarts, 0U);
}

// One that does as it should: a thread of its adapter's own submits while on_complete() is called.
TEST_F(HostileRunnerTest, WhatWasSubmittedBeforeAnEventIsKnownToBeRefusedDoesNotOvertakeIt) {
  start_two();
  inbound_.hold = true;
  const auto outcome = give("bad", "submit");
  ASSERT_TRUE(loop_.run_until([&] { return inbound_.events.size() == 1; }));
  inbound_.hold = false;
  inbound_.held.front()(routing::SubmitOutcome::kBusy);
  EXPECT_EQ(await(outcome).text, "done");
  EXPECT_THAT(inbound_.events, ElementsAre(Field(&routing::InboundEvent::message_id, "m1"),
                                           Field(&routing::InboundEvent::message_id, "m1"),
                                           Field(&routing::InboundEvent::message_id, "m2")));
}

TEST_F(HostileRunnerTest, AProcessThatDoesNotSayWhatItHasHeardHasHeardItInTheEnd) {
  start_two();
  inbound_.hold = true;
  give("bad", "submit 1");
  ASSERT_TRUE(loop_.run_until([&] { return inbound_.events.size() == 1; }));
  inbound_.hold = false;
  inbound_.held.front()(routing::SubmitOutcome::kBusy);
  EXPECT_EQ(say("bad", "submit-again"), "submitted");
  EXPECT_TRUE(loop_.run_until([&] { return inbound_.events.size() == 2; }));
}

TEST_F(HostileRunnerTest, AProcessThatLeftItsGroupAndItsSocketIsEnded) {
  start_two();
  EXPECT_EQ(run("bad", "leave").sent_state, delivery::SentState::kNotSent);
  expect_loss("it was killed");
  expect_restart();
}

TEST_F(HostileRunnerTest, AProcessThatLeftItsGroupAndMakesNoiseIsEnded) {
  start_two();
  const auto given = give("bad", "leave-noisily");
  ASSERT_TRUE(comes("bad", State::kDegraded));
  const auto behind = give("bad", "ok");
  hanging_.insert("bad");
  const auto give_up = std::chrono::steady_clock::now() + test::VirtualLoop::kPatience;
  while (!is_lost()) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    ASSERT_NO_FATAL_FAILURE(pass(options_.hung_call));
    std::this_thread::yield();
  }
  EXPECT_EQ(await(given).sent_state, delivery::SentState::kNotSent);
  EXPECT_EQ(await(behind).sent_state, delivery::SentState::kNotSent);
  expect_loss("did not come back");
  expect_restart();
}

TEST_F(HostileRunnerTest, AHostThatGoesEndsAProcessThatLeftItsGroup) {
  start_two();
  give("bad", "leave-noisily");
  ASSERT_TRUE(comes("bad", State::kDegraded));
  give("bad", "ok");
  host_.reset();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process is left";
}

TEST_F(HostileRunnerTest, AFloodIsReadNoFasterThanItIsDealtWith) {
  start_two();
  give("bad", "flood 60000");
  std::size_t most = 0;
  run_slowly_until([&] { return is_lost(); }, [&] { most = std::max(most, loop_.waiting()); });
  EXPECT_LE(most, limits::kRunnerPostedFrames + 100) << "with what others post";
  expect_loss("calls waited for it, most of them answers to what it asked for");
  expect_restart();
}

TEST_F(HostileRunnerTest, DescriptorsOfAnIdThatIsTakenAreCountedToo) {
  start_two();
  const std::size_t before = open_descriptors();
  const auto outcome = give("bad", "same-request 20000");
  std::size_t most = 0;
  run_slowly_until([&] { return outcome->has_value(); },
                   [&] { most = std::max(most, open_descriptors()); });
  EXPECT_LE(most, before + 4 * limits::kRunnerDescriptors);
  EXPECT_EQ(status("bad").counters.violations, 199U);
  expect_good_works();
}

TEST_F(HostileRunnerTest, OperationsHoldNoMoreFilesThanAProcessMay) {
  start_two();
  EXPECT_EQ(say("bad", "hold-files 800"), "busy");
  EXPECT_EQ(http_.requests.size(), limits::kRunnerDescriptors / 100);
  expect_good_works();
}

// More than the socket holds. What it sends is read on: descriptors that lie unread would keep
// every other runner from passing any.
TEST_F(HostileRunnerTest, AnswersThatAreNotReadKeepTheHostFromNothing) {
  start_two();
  EXPECT_EQ(say("bad", "questions 900"), "asked");
  EXPECT_EQ(say("bad", "ok"), "ok") << "it reads again";
  expect_good_works();
}

TEST_F(HostileRunnerTest, TooManyAnswersThatAreNotReadCostItTheProcess) {
  start_two();
  give("bad", "questions 5000");
  expect_loss("it asks on and on and does not read the answers");
  expect_restart();
}

TEST_F(HostileRunnerTest, AnswersHoldNoMoreThanTheyMay) {
  start_two();
  constexpr std::size_t kBytes = 30 << 20;
  constexpr std::size_t kFit = limits::kRunnerHeldBytes / kBytes + 1;
  give("bad", "requests " + std::to_string(kFit + 1));
  ASSERT_TRUE(loop_.run_until([&] { return http_.requests.size() == kFit + 1; }));
  for (const auto& [operation, request] : http_.requests) {
    http_.answer(operation, 200, std::string(kBytes, 'x'));
  }
  expect_loss("more than 256 MiB of answers to what it asked for waited for it");
  expect_restart();
}

// The loader, which ends it, is everybody's.
TEST_F(HostileRunnerTest, OneThatReadsNothingAtItsEndHoldsUpNobody) {
  start_two();
  give("bad", "deaf 900");
  EXPECT_TRUE(comes("bad", State::kFailed));
  expect_good_works();
  EXPECT_TRUE(stop_all());
}

TEST_F(HostileRunnerTest, TooManyThreadsCostItTheProcess) {
  start_two();
  EXPECT_EQ(say("bad", "threads 120"), "there they are");
  pass(limits::kRunnerWatch);
  EXPECT_FALSE(is_lost());
  EXPECT_EQ(say("bad", "threads 20"), "there they are");
  pass(limits::kRunnerWatch);
  expect_loss("it ran more than 128 threads");
  expect_restart();
}

}  // namespace
}  // namespace patchbay::adapters
