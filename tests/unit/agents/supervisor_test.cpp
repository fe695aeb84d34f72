#include "agents/supervisor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.hpp"

namespace patchbay::agents {
namespace {

using session::SessionAddress;
using session::SessionWork;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Not;

SessionAddress address(const std::string& id) {
  return {base::AgentGroupId("main"), base::SessionId(id)};
}

std::map<base::AgentGroupId, AgentGroup> groups() {
  AgentGroup group;
  group.id = base::AgentGroupId("main");
  group.command = {"agent"};
  group.workspace = "/nowhere/agents/main";
  group.idle_timeout = minutes(10);
  group.timezone = "Europe/Berlin";
  return {{group.id, group}};
}

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() { make(2); }

  void make(std::size_t cap) {
    Supervisor::Options options;
    options.running_agents = cap;
    options.logs_folder = "/nowhere/logs";
    options.session_folder = [](const SessionAddress& session) {
      return "/nowhere/" + session.id.str();
    };
    options.groups = groups();
    supervisor = std::make_unique<Supervisor>(std::move(options), loop, storage, runtime, hooks);
  }

  // A batch left `due` rows waiting; if there were more before, the agent finished them.
  void work(const std::string& id, std::uint32_t due, seconds age = seconds(0)) {
    SessionWork it;
    it.due = due;
    const std::uint32_t before = storage.work[address(id)].due;
    it.finished = before > due ? before - due : 0;
    if (due > 0) {
      it.oldest_due = loop.wall_now() - age;
    }
    supervisor->on_work(address(id), it);
    it.finished = 0;
    storage.work[address(id)] = it;
    loop.run_ready();
  }
  // The agent ends, and the row that it had claimed waits for another try.
  void crash_with_claim(const std::string& id, seconds wait) {
    SessionWork waiting;
    waiting.next_due = loop.wall_now() + wait;
    storage.work[address(id)] = waiting;
    exit(id, {1, 0});
    SessionWork due;
    due.due = 1;
    due.oldest_due = loop.wall_now();
    storage.work[address(id)] = due;
    loop.advance(wait);
  }
  void exit(const std::string& id, AgentExit how = {}) {
    runtime.exit(id, how);
    loop.run_ready();
  }
  RunState state(const std::string& id) { return supervisor->state(address(id)); }

  test::VirtualLoop loop;
  FakeStorage storage{loop};
  FakeRuntime runtime;
  FakeHooks hooks;
  std::unique_ptr<Supervisor> supervisor;
};

TEST_F(SupervisorTest, WakesASessionWithDueMessagesAndHealsItBefore) {
  work("a", 1);
  EXPECT_EQ(state("a"), RunState::kRunning);
  EXPECT_THAT(storage.calls, ElementsAre("recover a", "settle a"));
  EXPECT_THAT(hooks.told, ElementsAre("prepare a", "started a"));
  const StartSpec& spec = runtime.of("a")->spec;
  EXPECT_EQ(spec.env.at("PATCHBAY_SESSION_DIR"), "/nowhere/a");
  EXPECT_EQ(spec.env.at("TZ"), "Europe/Berlin");
  EXPECT_EQ(spec.working_directory, "/nowhere/agents/main");
}

TEST_F(SupervisorTest, ANewInboundIsRefilledBeforeAnyAgentSeesIt) {
  storage.set_aside = "inbound.db.corrupt-1";
  work("a", 1);
  EXPECT_THAT(hooks.told,
              ElementsAre("refill a after inbound.db.corrupt-1", "prepare a", "started a"));
  storage.set_aside = "";
  storage.work[address("a")] = {};
  exit("a");
  EXPECT_THAT(hooks.told, ElementsAre("refill a after inbound.db.corrupt-1", "prepare a",
                                      "started a", "refill a after ", "exited a", "stopped a"));
}

TEST_F(SupervisorTest, LeavesASessionWithoutDueMessagesAlone) {
  work("a", 0);
  EXPECT_EQ(state("a"), RunState::kStopped);
  EXPECT_THAT(runtime.started, ElementsAre());
}

TEST_F(SupervisorTest, TheCapHoldsAndTheLongestWaitingGoesFirst) {
  work("a", 1);
  work("b", 1);
  work("young", 1, seconds(1));
  work("old", 1, seconds(60));
  EXPECT_THAT(runtime.started, ElementsAre("a", "b"));
  EXPECT_EQ(supervisor->queued(), 2U);
  work("a", 0);  // finished; it idles, and makes room because somebody waits
  EXPECT_TRUE(runtime.of("a")->terminated);
  exit("a");
  EXPECT_THAT(runtime.started, ElementsAre("a", "b", "old"));
}

TEST_F(SupervisorTest, AnIdleAgentIsStoppedAfterItsTimeAndNotBefore) {
  work("a", 1);
  work("a", 0);
  loop.advance(minutes(9));
  EXPECT_FALSE(runtime.of("a")->terminated);
  supervisor->on_activity(address("a"));
  loop.advance(minutes(9));
  EXPECT_FALSE(runtime.of("a")->terminated);
  loop.advance(minutes(2));
  EXPECT_TRUE(runtime.of("a")->terminated);
  exit("a", {0, 15});
  EXPECT_EQ(state("a"), RunState::kStopped);
  EXPECT_THAT(hooks.told, Not(Contains("failing a")));
}

TEST_F(SupervisorTest, AnAgentThatDoesNotStopWhenAskedIsKilled) {
  work("a", 1);
  work("a", 0);
  loop.advance(minutes(10));
  EXPECT_FALSE(runtime.of("a")->killed);
  loop.advance(limits::kAgentStopGrace);
  EXPECT_TRUE(runtime.of("a")->killed);
}

TEST_F(SupervisorTest, AMessageThatComesWhileItStopsWakesItAgain) {
  work("a", 1);
  work("a", 0);
  loop.advance(minutes(10));
  ASSERT_TRUE(runtime.of("a")->terminated);
  work("a", 1);
  exit("a");
  EXPECT_THAT(runtime.started, ElementsAre("a", "a"));
}

TEST_F(SupervisorTest, AfterAnExitItIsHealedDrainedAndSettledInThisOrder) {
  work("a", 1);
  storage.calls.clear();
  storage.work[address("a")] = {};
  exit("a");
  EXPECT_THAT(storage.calls, ElementsAre("recover a", "settle a"));
  EXPECT_THAT(hooks.told, ElementsAre("prepare a", "started a", "exited a", "stopped a"));
  EXPECT_EQ(state("a"), RunState::kStopped);
}

TEST_F(SupervisorTest, CrashesBackOffFromOneSecondAndTheChatIsToldOnce) {
  work("a", 1);
  exit("a", {1, 0});
  EXPECT_EQ(state("a"), RunState::kBackoff);
  loop.advance(milliseconds(999));
  EXPECT_EQ(runtime.started.size(), 1U);
  loop.advance(milliseconds(1));
  EXPECT_EQ(runtime.started.size(), 2U);
  exit("a", {1, 0});
  loop.advance(milliseconds(1999));
  EXPECT_EQ(runtime.started.size(), 2U);
  loop.advance(milliseconds(1));
  EXPECT_EQ(runtime.started.size(), 3U);
  EXPECT_THAT(hooks.told, Not(Contains("failing a")));
  for (int i = 0; i < 10; ++i) {
    exit("a", {1, 0});
    loop.advance(minutes(5));
  }
  EXPECT_EQ(std::count(hooks.told.begin(), hooks.told.end(), "failing a"), 1);
}

TEST_F(SupervisorTest, WorkThatWasDoneEndsTheRowOfFailures) {
  work("a", 2);
  exit("a", {1, 0});
  loop.advance(seconds(1));
  work("a", 1);  // one of two is finished
  exit("a", {1, 0});
  EXPECT_EQ(state("a"), RunState::kRunning);  // at once: it brings something
}

TEST_F(SupervisorTest, ACrashAfterAClaimIsAFailureThoughItsRowIsNotDueAnyMore) {
  work("a", 1);
  crash_with_claim("a", seconds(5));
  ASSERT_TRUE(supervisor->failure(address("a")));
  EXPECT_EQ(supervisor->failure(address("a"))->in_a_row, 1U);
  crash_with_claim("a", seconds(10));
  EXPECT_THAT(hooks.told, Not(Contains("failing a")));
  crash_with_claim("a", seconds(20));
  EXPECT_EQ(supervisor->failure(address("a"))->in_a_row, 3U);
  crash_with_claim("a", seconds(40));
  EXPECT_EQ(std::count(hooks.told.begin(), hooks.told.end(), "failing a"), 1);
  EXPECT_THAT(runtime.started, ElementsAre("a", "a", "a", "a", "a"));
}

TEST_F(SupervisorTest, WhatIsGivenUpIsToldAndTheFailureStays) {
  work("a", 1);
  storage.work[address("a")] = {};
  session::GivenUpRow row;
  row.id = "7:42:main";
  storage.given_up = {row};
  exit("a", {1, 0});
  EXPECT_THAT(hooks.told, Contains("given up a 7:42:main"));
  ASSERT_TRUE(supervisor->failure(address("a"))) << "nothing waits, but the agent did not work";
  loop.advance(minutes(5));
  EXPECT_EQ(state("a"), RunState::kStopped);
  EXPECT_EQ(supervisor->failing(), 1U);

  work("a", 1);
  EXPECT_EQ(state("a"), RunState::kRunning);
  work("a", 0);
  exit("a");
  EXPECT_FALSE(supervisor->failure(address("a")));
}

TEST_F(SupervisorTest, WorkOfAnEarlierRunIsNoWorkOfThisOne) {
  storage.work[address("a")].due = 1;
  storage.work[address("a")].finished = 1;  // found when the session is settled before the start
  SessionWork due;
  due.due = 1;
  supervisor->on_work(address("a"), due);
  loop.run_ready();
  ASSERT_EQ(state("a"), RunState::kRunning);
  storage.work[address("a")].finished = 0;
  exit("a", {1, 0});
  EXPECT_TRUE(supervisor->failure(address("a")));
}

TEST_F(SupervisorTest, TellsWhyAnAgentFailsUntilItWorks) {
  work("a", 2);
  EXPECT_FALSE(supervisor->failure(address("a")));
  exit("a", {1, 0});
  exit("a", {1, 0});
  loop.advance(seconds(1));
  EXPECT_EQ(state("a"), RunState::kRunning);
  auto failure = supervisor->failure(address("a"));  // while it is tried again, too
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, "the agent ended with exit code 1 without finishing anything");
  EXPECT_EQ(failure->in_a_row, 1U);
  EXPECT_EQ(failure->log_file, "/nowhere/logs/main/a.log");
  EXPECT_EQ(supervisor->failing(), 1U);

  runtime.start_status = {base::Code::kNotFound, "no such program"};
  exit("a", {0, 11});
  loop.advance(seconds(2));
  failure = supervisor->failure(address("a"));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, "no such program");
  EXPECT_EQ(failure->in_a_row, 3U);

  runtime.start_status = {};
  loop.advance(seconds(4));
  work("a", 0);
  exit("a");
  EXPECT_FALSE(supervisor->failure(address("a")));
  EXPECT_EQ(supervisor->failing(), 0U);
}

TEST_F(SupervisorTest, AnAgentThatCannotStartIsTriedAgainLater) {
  runtime.start_status = {base::Code::kNotFound, "no such program"};
  work("a", 1);
  EXPECT_EQ(state("a"), RunState::kBackoff);
  runtime.start_status = {};
  loop.advance(seconds(1));
  EXPECT_EQ(state("a"), RunState::kRunning);
}

TEST_F(SupervisorTest, ASessionThatCannotBePreparedOrHealedIsTriedAgainLater) {
  hooks.prepare_status = {base::Code::kBusy, "later"};
  storage.recover_status = {base::Code::kCorrupt, "damaged"};
  work("a", 1);
  EXPECT_EQ(state("a"), RunState::kBackoff);
  EXPECT_THAT(hooks.told, Not(Contains("prepare a")));
  storage.recover_status = {};
  loop.advance(seconds(1));
  EXPECT_THAT(hooks.told, Contains("prepare a"));
  EXPECT_EQ(state("a"), RunState::kBackoff);
  hooks.prepare_status = {};
  loop.advance(seconds(2));
  EXPECT_EQ(state("a"), RunState::kRunning);
}

TEST_F(SupervisorTest, ARowThatBecomesDueLaterWakesItThen) {
  SessionWork later;
  later.next_due = loop.wall_now() + seconds(30);
  supervisor->on_work(address("a"), later);
  loop.advance(seconds(29));
  EXPECT_THAT(runtime.started, ElementsAre());
  storage.work[address("a")].due = 1;
  loop.advance(seconds(1));
  EXPECT_THAT(runtime.started, ElementsAre("a"));
}

TEST_F(SupervisorTest, ASessionThatCannotBeReadWhenItsRowIsDueIsLookedAtAgain) {
  SessionWork later;
  later.next_due = loop.wall_now() + seconds(30);
  supervisor->on_work(address("a"), later);
  storage.work[address("a")].due = 1;
  storage.read_status = {base::Code::kIo, "too many open files"};
  loop.advance(seconds(30));
  EXPECT_THAT(storage.calls, ElementsAre("read a"));
  loop.advance(seconds(1 + 2 + 4 + 8 + 16 + 32));
  EXPECT_EQ(storage.calls.size(), 7U) << "twice as long each time";
  loop.advance(seconds(60 + 60));
  EXPECT_EQ(storage.calls.size(), 9U) << "and a minute at the most";
  EXPECT_TRUE(runtime.started.empty());
  storage.read_status = {};
  loop.advance(seconds(60));
  EXPECT_THAT(runtime.started, ElementsAre("a"));
}

TEST_F(SupervisorTest, ADamagedSessionIsRecoveredThoughNothingIsDue) {
  SessionWork damaged;
  damaged.damaged = true;
  supervisor->on_work(address("a"), damaged);
  loop.run_ready();
  EXPECT_THAT(storage.calls, ElementsAre("recover a", "settle a"));
  EXPECT_THAT(hooks.told, ElementsAre("exited a", "stopped a"))
      << "what its last agent left is read";
  EXPECT_TRUE(runtime.started.empty());
  EXPECT_EQ(state("a"), RunState::kStopped);
}

TEST_F(SupervisorTest, ARecoveryThatFailsIsTriedAgain) {
  SessionWork damaged;
  damaged.damaged = true;
  storage.recover_status = {base::Code::kBusy, "database is locked"};
  supervisor->on_work(address("a"), damaged);
  loop.run_ready();
  EXPECT_EQ(state("a"), RunState::kBackoff);
  EXPECT_THAT(hooks.told, Not(Contains("exited a")));
  storage.recover_status = {};
  loop.advance(seconds(1));
  EXPECT_THAT(hooks.told, Contains("exited a"));
  EXPECT_EQ(state("a"), RunState::kStopped);
}

TEST_F(SupervisorTest, ARecoveryThatFailsAfterAnExitIsTriedAgain) {
  work("a", 1);
  storage.recover_status = {base::Code::kBusy, "database is locked"};
  work("a", 0);
  exit("a");
  EXPECT_EQ(state("a"), RunState::kBackoff);
  storage.recover_status = {};
  storage.calls.clear();
  loop.advance(seconds(1));
  EXPECT_THAT(storage.calls, ElementsAre("recover a", "settle a"));
  EXPECT_EQ(std::count(hooks.told.begin(), hooks.told.end(), "exited a"), 2);
}

TEST_F(SupervisorTest, DamageWhileAnAgentRunsWaitsForItsExit) {
  work("a", 1);
  storage.calls.clear();
  SessionWork damaged;
  damaged.damaged = true;
  supervisor->on_work(address("a"), damaged);
  loop.run_ready();
  EXPECT_TRUE(storage.calls.empty());
  work("a", 0);
  exit("a");
  EXPECT_THAT(storage.calls, ElementsAre("recover a", "settle a"));
}

TEST_F(SupervisorTest, AStuckTurnIsKilledAndABusyOneIsNot) {
  work("a", 1);
  storage.turns[address("a")].oldest_claim = loop.wall_now();
  runtime.busy = AgentActivity{1, 1};
  loop.advance(seconds(50));
  for (std::uint64_t i = 2; i < 20; ++i) {
    runtime.busy = AgentActivity{i, i};  // something happens between any two looks
    loop.advance(seconds(10));
  }
  EXPECT_FALSE(runtime.of("a")->killed);
  loop.advance(seconds(30));
  EXPECT_TRUE(runtime.of("a")->killed);
}

TEST_F(SupervisorTest, StopAllAsksEveryAgentAndCallsBackWhenTheLastIsSettled) {
  work("a", 1);
  work("b", 1);
  work("c", 1);
  bool stopped = false;
  supervisor->stop_all([&] { stopped = true; });
  loop.run_ready();
  EXPECT_TRUE(runtime.of("a")->terminated);
  exit("a", {0, 15});
  EXPECT_FALSE(stopped);
  exit("b", {0, 15});
  EXPECT_TRUE(stopped);
  EXPECT_THAT(runtime.started, ElementsAre("a", "b"));  // c never
}

TEST_F(SupervisorTest, StopAllWithNothingRunningIsDoneAtOnce) {
  bool stopped = false;
  supervisor->stop_all([&] { stopped = true; });
  loop.run_ready();
  EXPECT_TRUE(stopped);
}

TEST_F(SupervisorTest, ANewConfigurationIsTriedAtOnceByThoseThatFailed) {
  runtime.start_status = {base::Code::kNotFound, "no such program"};
  work("a", 1);
  loop.advance(seconds(1));
  ASSERT_EQ(state("a"), RunState::kBackoff);
  const std::size_t before = runtime.started.size();
  runtime.start_status = {};
  supervisor->set_groups(groups());
  loop.run_ready();
  EXPECT_EQ(state("a"), RunState::kRunning);
  EXPECT_EQ(runtime.started.size(), before + 1);
}

TEST_F(SupervisorTest, AGroupThatLeftTheConfigurationIsNotStarted) {
  supervisor->set_groups({});
  work("a", 1);
  EXPECT_EQ(state("a"), RunState::kBackoff);
  EXPECT_THAT(runtime.started, ElementsAre());
}

}  // namespace
}  // namespace patchbay::agents
