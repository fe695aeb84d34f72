// Sessions that cannot be written: their rows wait in the intake, in order, and hold up nobody.
#include "base/limits.hpp"
#include "router_fixture.hpp"

namespace patchbay::routing {
namespace {

class RouterIntakeTest : public RouterTest {
 protected:
  void SetUp() override {
    RouterTest::SetUp();
    route(message("0", "first"));
    session_ = session_of("main");
  }
  void lock() { sessions_.write_failure[session_] = {base::Code::kBusy, "the agent holds a lock"}; }
  void unlock() { sessions_.write_failure.clear(); }
  // Time passes until everything waiting was tried again.
  bool replayed() {
    return eventually([&] {
      loop_.advance(limits::kReplayLongest);
      return intake_rows() == 0 && router_->numbers().diverted_sessions == 0;
    });
  }

  session::SessionAddress session_;
};

TEST_F(RouterIntakeTest, ABusySessionsRowsWaitAndComeBackInOrder) {
  lock();
  EXPECT_EQ(route(message("1", "one")), SubmitOutcome::kIntake);
  EXPECT_EQ(route(message("2", "two")), SubmitOutcome::kIntake);
  unlock();
  // Not past those that wait.
  EXPECT_EQ(route(message("3", "three")), SubmitOutcome::kIntake);
  EXPECT_EQ(texts_of("main"), std::vector<std::string>{"+first"});
  EXPECT_EQ(ask_seen("e1"), store::Disposition::kIntake);
  ASSERT_TRUE(replayed());
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+first", "+one", "+two", "+three"}));
  EXPECT_EQ(ask_seen("e1"), store::Disposition::kStored) << "it does not wait any more";
  EXPECT_EQ(route(message("2", "two")), SubmitOutcome::kDuplicate);
  EXPECT_EQ(route(message("4", "four")), SubmitOutcome::kStored);
}

TEST_F(RouterIntakeTest, OrderHoldsWhenManyAreUnderWay) {
  lock();
  for (int number = 1; number <= 600; ++number) {
    submit(message(std::to_string(number), std::to_string(number)));
  }
  ASSERT_TRUE(all_ended());
  unlock();
  for (int number = 601; number <= 700; ++number) {
    submit(message(std::to_string(number), std::to_string(number)));
  }
  ASSERT_TRUE(all_ended());
  ASSERT_TRUE(replayed());
  const auto texts = texts_of("main");
  ASSERT_EQ(texts.size(), 701U);
  for (std::size_t number = 1; number < texts.size(); ++number) {
    EXPECT_EQ(texts[number], "+" + std::to_string(number));
  }
}

TEST_F(RouterIntakeTest, OneSlowSessionHoldsUpNobodyElse) {
  sessions_.held.insert(session_);
  const std::size_t slow = submit(message("1"));
  EXPECT_EQ(route(in_chat(message("2"), "-2")), SubmitOutcome::kStored);
  EXPECT_FALSE(outcomes_[slow]);
  sessions_.release();
  ASSERT_TRUE(all_ended());
  EXPECT_EQ(outcomes_[slow], SubmitOutcome::kStored);
}

TEST_F(RouterIntakeTest, AFailureOfOneAgentIsNoneOfTheOther) {
  config_.wirings = {wiring("telegram:*", "main"), wiring("telegram:*", "helper")};
  reconfigure();
  lock();
  EXPECT_EQ(route(message("1", "one")), SubmitOutcome::kStored);
  EXPECT_EQ(texts_of("helper"), std::vector<std::string>{"+one"});
  EXPECT_EQ(intake_rows(), 1);
  unlock();
  ASSERT_TRUE(replayed());
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+first", "+one"}));
  EXPECT_EQ(texts_of("helper"), std::vector<std::string>{"+one"});
}

TEST_F(RouterIntakeTest, WhatWaitsSurvivesARestartAndIsReplayedFirst) {
  lock();
  route(message("1", "one"));
  route(message("2", "two"));
  restart();
  unlock();
  EXPECT_EQ(route(message("3", "three")), SubmitOutcome::kIntake);
  ASSERT_TRUE(replayed());
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+first", "+one", "+two", "+three"}));
}

TEST_F(RouterIntakeTest, AReplayThatWasCutShortEndsAsDuplicates) {
  lock();
  route(message("1", "one"));
  unlock();
  sessions_.completions_are_lost = true;
  loop_.advance(limits::kReplayFirst);
  ASSERT_TRUE(eventually([&] { return texts_of("main").size() == 2; }));
  stop();
  sessions_.completions_are_lost = false;
  start();
  EXPECT_EQ(route(message("2", "two")), SubmitOutcome::kIntake);
  ASSERT_TRUE(replayed());
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+first", "+one", "+two"}));
}

TEST_F(RouterIntakeTest, AWritableSessionIsTriedAtOnce) {
  lock();
  route(message("1", "one"));
  loop_.advance(limits::kReplayFirst);
  ASSERT_TRUE(eventually([&] { return loop_.run_ready() == 0; }));
  unlock();
  router_->session_is_writable(session_);
  ASSERT_TRUE(eventually([&] {
    loop_.advance(base::Milliseconds(1));
    return texts_of("main").size() == 2;
  }));
}

TEST_F(RouterIntakeTest, ARowThatCanNeverBeStoredBlocksNobody) {
  sessions_.write_failure[session_] = {base::Code::kTooLarge, "too long"};
  EXPECT_EQ(route(message("1")), SubmitOutcome::kRefused);
  unlock();
  EXPECT_EQ(route(message("2", "two")), SubmitOutcome::kStored);
}

TEST_F(RouterIntakeTest, AFolderThatCannotBeMadeDivertsToo) {
  config_.wirings = {wiring("telegram:*", "helper")};
  reconfigure();
  route(message("1", "one"));
  const session::SessionAddress helper = session_of("helper");
  restart();
  sessions_.create_failure[helper] = {base::Code::kRefused, "something else is in its place"};
  EXPECT_EQ(route(message("2", "two")), SubmitOutcome::kIntake);
  EXPECT_EQ(route(message("3", "three")), SubmitOutcome::kIntake);
  sessions_.create_failure.clear();
  ASSERT_TRUE(replayed());
  EXPECT_EQ(texts_of("helper"), (std::vector<std::string>{"+one", "+two", "+three"}));
}

TEST_F(RouterIntakeTest, RowsOfASessionThatWasResetGoToItsSuccessor) {
  lock();
  route(message("1", "one"));
  const session::SessionAddress old = session_;
  ASSERT_TRUE(database_
                  ->run([&](store::Repositories& r) -> base::Status {
                    PATCHBAY_ASSIGN(auto record, r.sessions.find(old.agent, old.id));
                    PATCHBAY_TRY(r.sessions.archive(old.agent, old.id));
                    record->id = base::SessionId("successor");
                    return r.sessions.insert(*record);
                  })
                  .ok());
  ASSERT_TRUE(replayed());
  EXPECT_EQ(sessions_.rows[session_of("main")].at(0).id, "-1:1:main");
}

}  // namespace
}  // namespace patchbay::routing
