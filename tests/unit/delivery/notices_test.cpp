// Every failure is told once: what ends anew is told anew, and no start tells of one twice.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/aftermath.hpp"
#include "delivery_world.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::seconds;
using store::DeliveryState;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t times(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

class Notices : public testing::Test {
 protected:
  void fail_next(OutcomeClass outcome_class = OutcomeClass::kPermanent) {
    const bool is_unknown = outcome_class == OutcomeClass::kUnknown;
    world.channels.script(
        test::outcome(outcome_class, is_unknown ? SentState::kUnknown : SentState::kNotSent, "no"));
  }
  void write(const std::string& id) { world.write(id, R"({"text":"x"})"); }
  void send_again(const std::string& id) {
    world.service->resolve(world.record(id).id, DeliveryState::kWaiting,
                           [](const base::Result<store::DeliveryRecord>& record) {
                             EXPECT_TRUE(record.ok()) << record.status().message();
                           });
    world.settle();
  }
  // What the agent reads, in order.
  [[nodiscard]] std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const auto& row : world.files().inbound) {
      out.push_back(row.content);
    }
    return out;
  }
  [[nodiscard]] std::string all_told() {
    std::string out;
    for (const std::string& text : told()) {
      out += text;
    }
    return out;
  }
  [[nodiscard]] std::size_t times_the_person_was_told() {
    std::size_t count = 0;
    for (const std::string& text : world.channels.texts()) {
      count += times(text, "A message to you may not have been delivered");
    }
    return count;
  }
  DeliveryWorld world;
};

TEST_F(Notices, AnAgentIsToldAnewOfWhatIsUnknownAnew) {
  world.start();
  fail_next(OutcomeClass::kUnknown);
  write("a1");
  world.pass(seconds(61));
  // Behind a failure that it is told of at once, two are gathered.
  fail_next();
  write("b1");
  fail_next(OutcomeClass::kUnknown);
  send_again("a1");
  ASSERT_EQ(world.record("a1").state, DeliveryState::kUnknown);
  fail_next();
  write("c1");
  world.pass(seconds(61));
  ASSERT_EQ(told().size(), 3U);
  EXPECT_THAT(told()[2], AllOf(HasSubstr("Your message a1 "), HasSubstr("Your message c1 ")));
}

TEST_F(Notices, APersonIsToldAnewOfWhatIsUnknownAnew) {
  world.start();
  fail_next(OutcomeClass::kUnknown);
  write("a1");
  EXPECT_EQ(times_the_person_was_told(), 1U);
  world.pass(seconds(61));
  fail_next(OutcomeClass::kUnknown);
  send_again("a1");
  EXPECT_EQ(times_the_person_was_told(), 2U);
}

// It was told alone, and after a restart in vain once more, as the first of two.
TEST_F(Notices, ANoticeThatWasGivenHidesNoOther) {
  world.start();
  SQLite::Database disk(world.folder / "patchbay.db", SQLite::OPEN_READWRITE);
  disk.exec(
      "CREATE TRIGGER no_flags BEFORE UPDATE OF projected, notified ON deliveries "
      "WHEN new.projected = 1 OR new.notified = 1 BEGIN SELECT RAISE(FAIL, 'full'); END");
  world.channels.hold = true;
  world.sessions.write_out(world.session, "slow", R"({"text":"in a thread"})").address = {
      "telegram", "telegram:dm:42", "7"};
  write("a1");
  ASSERT_EQ(world.channels.held.size(), 2U);
  const auto refused = test::outcome(OutcomeClass::kPermanent, SentState::kNotSent, "no");
  std::swap(world.channels.held[0], world.channels.held[1]);
  world.channels.hold = false;
  for (int i = 0; i < 2; ++i) {
    world.channels.release(refused);
    world.settle();
  }
  ASSERT_EQ(told().size(), 1U);
  ASSERT_THAT(told()[0], HasSubstr("Your message a1 "));
  fail_next();
  write("a2");
  world.crash();
  disk.exec("DROP TRIGGER no_flags");
  world.start();
  world.pass(seconds(120));
  EXPECT_EQ(times(all_told(), "Your message slow "), 1U);
  EXPECT_EQ(times(all_told(), "Your message a2 "), 1U);
}

TEST_F(Notices, EachFailureIsNamedOnceAfterAStart) {
  world.start();
  world.sessions.write_failures = {base::Status(base::Code::kBusy, "locked")};
  write("a1");
  world.crash();
  ASSERT_FALSE(world.record("a1").projected);
  world.start();
  testing::internal::CaptureStderr();
  for (const char* id : {"b1", "b2"}) {
    fail_next();
    write(id);
  }
  world.pass(seconds(200));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(world.record("a1").projected);
  EXPECT_EQ(told().size(), 2U);
  for (const char* id : {"b1", "b2"}) {
    EXPECT_EQ(times(all_told(), "Your message " + std::string(id)), 1U);
    EXPECT_EQ(times(log, "message=" + std::string(id)), 1U) << log;
    EXPECT_TRUE(world.record(id).notified);
  }
  EXPECT_THAT(all_told(), Not(HasSubstr(" more of your messages")));
}

// The notice of the first end comes late; the second one is not told yet.
TEST_F(Notices, ALateNoticeDoesNotCountForALaterEnd) {
  world.start();
  fail_next();
  write("b1");
  fail_next(OutcomeClass::kUnknown);
  write("a1");
  // Its projection; then the notice, several times.
  const base::Status locked(base::Code::kBusy, "locked");
  world.pass(seconds(59));
  world.sessions.write_failures.assign(2, locked);
  world.pass(seconds(1));
  ASSERT_EQ(told().size(), 1U);
  fail_next(OutcomeClass::kUnknown);
  send_again("a1");
  ASSERT_EQ(told().size(), 1U);
  world.pass(seconds(5));
  ASSERT_EQ(told().size(), 2U);
  EXPECT_FALSE(world.record("a1").notified) << "a crash now would hide the second end";
  world.pass(seconds(61));
  EXPECT_EQ(told().size(), 3U);
  EXPECT_TRUE(world.record("a1").notified);
}

}  // namespace
}  // namespace patchbay::delivery
