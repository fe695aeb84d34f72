// What platforms say of deliveries, and when they say it.
#include "delivery/reports.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/evidence.hpp"
#include "delivery_world.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using store::DeliveryState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Reports : public testing::Test {
 protected:
  void report(const std::string& remote, const std::string& key, bool failed = false) {
    world.service->channel_events().on_report(base::InstanceName("telegram"), remote, key, failed,
                                              failed ? "undeliverable" : "");
    world.settle();
  }
  void part_is_there(const std::string& id, std::uint32_t part, const std::string& remote,
                     const std::string& cursor = {}) {
    world.service->channel_events().on_part(world.record(id).id, {part, remote, cursor},
                                            [](bool) {});
    world.settle();
  }
  void late_part(const std::string& id, std::uint32_t part, const std::string& remote,
                 const std::string& cursor) {
    world.service->channel_events().on_late_part(world.record(id).id, {part, remote, cursor});
    world.settle();
  }
  [[nodiscard]] std::string key_of(const std::string& id) {
    return world.record(id).idempotency_key;
  }
  // Is being sent, until release().
  void send(const std::string& id) {
    world.channels.hold = true;
    world.write(id, R"({"text":"x"})");
    world.channels.hold = false;
  }
  void release(const AttemptOutcome& with) {
    world.channels.release(with);
    world.settle();
  }
  void make_unknown(const std::string& id) {
    send(id);
    release(cut());
  }
  static AttemptOutcome cut() {
    return test::outcome(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
  }
  static AttemptOutcome refused() {
    return test::outcome(OutcomeClass::kRetryable, SentState::kNotSent, "503");
  }
  void write_delivered(const std::string& id) {
    world.write(id, R"({"text":"x"})");
    EXPECT_EQ(world.record(id).state, DeliveryState::kDelivered);
  }
  [[nodiscard]] std::ptrdiff_t notices_to_the_person() {
    const auto texts = world.channels.texts();
    return std::count(texts.begin(), texts.end(),
                      "⚠️ A message to you was not delivered (undeliverable).");
  }
  void expect_failed_and_told_once(const std::string& id) {
    world.pass(minutes(20));
    EXPECT_EQ(world.record(id).state, DeliveryState::kFailed);
    EXPECT_EQ(world.record(id).reason, "undeliverable");
    EXPECT_EQ(world.files().delivered[id].status, "failed");
    EXPECT_EQ(notices_to_the_person(), 1);
    EXPECT_EQ(world.files().inbound.size(), 1U) << "notices to the agent";
    EXPECT_EQ(world.channels.requests.size(), 2U) << "the rest was sent all the same";
  }
  [[nodiscard]] std::vector<std::string> parts_of(const std::string& id) {
    std::vector<std::string> out;
    for (const store::DeliveryPart& part : world.record(id).parts) {
      out.push_back(part.remote_id + "|" + part.cursor);
    }
    return out;
  }
  DeliveryWorld world;
};

TEST_F(Reports, OfAllOfItResolveWhatIsUnknown) {
  world.start();
  make_unknown("a1");
  report("wamid.7", key_of("a1"));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.files().delivered["a1"].platform_message_id, "wamid.7");
  EXPECT_EQ(world.record("a1").evidence, kReported);

  // Delivered → failed, once.
  report("wamid.7", "", true);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_EQ(world.record("a1").reason, "undeliverable");
  EXPECT_EQ(world.files().delivered["a1"].status, "failed");
  report("wamid.7", "");
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  report("nobody's", "", true);
}

TEST_F(Reports, APartThatComesLateIsEvidenceAndTheRestGoesOnAfterIt) {
  world.start();
  make_unknown("a1");
  late_part("a1", 0, "p0", "1/3");
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown) << "two parts never left";
  EXPECT_EQ(world.record("a1").evidence, "one part of it is there, as p0");
  world.service->resolve(world.record("a1").id, DeliveryState::kWaiting,
                         [](const base::Result<store::DeliveryRecord>&) {});
  world.settle();
  const auto& done = world.channels.requests.back().parts_done;
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].cursor, "1/3");
}

TEST_F(Reports, OfOnePartAreEvidenceAndNoMore) {
  world.start();
  send("a1");
  part_is_there("a1", 0, "p0", "1/3");
  release(cut());
  report("again", key_of("a1") + ":0");
  EXPECT_THAT(parts_of("a1"), ElementsAre("p0|1/3")) << "where a further attempt goes on";
  report("p5", key_of("a1") + ":5");
  EXPECT_THAT(parts_of("a1"), ElementsAre("p0|1/3")) << "those between are not known";
  EXPECT_EQ(world.record("a1").evidence, "the platform reported that part 5 of it is there");
  report("p1", key_of("a1") + ":1");
  EXPECT_THAT(parts_of("a1"), ElementsAre("p0|1/3", "p1|"));
  EXPECT_EQ(world.record("a1").evidence, "2 parts of it are there, the first as p0");
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
  // A key that was never ours.
  report("p0", key_of("a1") + ":last");
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
  // That a part has failed is enough.
  report("", key_of("a1") + ":2", true);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
}

TEST_F(Reports, ByTheIdOfAPartLeaveThePartsAsTheyAre) {
  world.start();
  send("a1");
  for (const std::uint32_t part : {0U, 1U, 2U}) {
    part_is_there("a1", part, "p" + std::to_string(part));
  }
  release(cut());
  report("p2", "");
  EXPECT_THAT(parts_of("a1"), ElementsAre("p0|", "p1|", "p2|"));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
}

TEST_F(Reports, AKeyNamesOneDeliveryAndAnIdOnlyIfItIsInOneChat) {
  const session::SessionAddress other{base::AgentGroupId("main"), base::SessionId("s2")};
  world.add_session(other, "telegram:dm:7");
  world.start();
  const auto same_id = [this](const DeliveryRequest&) {
    AttemptOutcome out = test::outcome(OutcomeClass::kDelivered, SentState::kSent);
    out.remote_ids = {"77"};
    return out;
  };
  make_unknown("a1");
  world.channels.answer = same_id;
  world.write("a2", R"({"text":"y"})");
  world.sessions.write_out(other, "b1", R"({"text":"z"})");
  world.service->wake(other);
  world.settle();
  const auto state_of_other = [&] { return world.record(other, "b1").state; };
  // Every supergroup has a message 77.
  report("77", "", true);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
  EXPECT_EQ(state_of_other(), DeliveryState::kDelivered);
  report("77", key_of("a1"), true);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
  EXPECT_EQ(state_of_other(), DeliveryState::kDelivered);
}

// A webhook often comes before the answer that it is about.

TEST_F(Reports, WhatArrivedBeforeItsAnswerWasLostIsDelivered) {
  world.start();
  send("a1");
  report("w1", key_of("a1"));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kSending);
  release(cut());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a1").evidence, kReported);
  EXPECT_EQ(world.files().delivered["a1"].platform_message_id, "w1");
  EXPECT_THAT(world.files().inbound, IsEmpty());
  world.pass(minutes(2));
  EXPECT_EQ(world.channels.requests.size(), 1U) << "nobody is told that it may not be there";
}

TEST_F(Reports, WhatArrivedIsKnownAfterAStopOfTheHost) {
  world.start();
  send("a1");
  report("", key_of("a1"));
  world.crash();
  world.start();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_THAT(world.files().inbound, IsEmpty());
}

TEST_F(Reports, AnAnswerAfterTheReportBringsItsIds) {
  world.start();
  send("a1");
  report("", key_of("a1"));
  release(world.channels.delivered());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.files().delivered["a1"].platform_message_id, "m1");
}

TEST_F(Reports, WhatArrivedIsNotSentAgain) {
  world.options.policy.uncertain = Uncertain::kAtLeastOnce;
  world.start();
  // Before the attempt ended; and after it.
  send("a1");
  report("", key_of("a1"));
  release(cut());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  make_unknown("a2");
  EXPECT_EQ(world.record("a2").state, DeliveryState::kWaiting);
  report("", key_of("a2"));
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
  // The platform refused it, and has it all the same.
  send("a3");
  release(refused());
  report("", key_of("a3"));
  EXPECT_EQ(world.record("a3").state, DeliveryState::kDelivered);
  world.pass(minutes(20));
  EXPECT_EQ(world.channels.requests.size(), 3U);
  world.write("a4", R"({"text":"the lane goes on"})");
  EXPECT_EQ(world.record("a4").state, DeliveryState::kDelivered);
}

TEST_F(Reports, ARefusalOfTheSecondTryIsNotTheEndOfWhatArrived) {
  world.options.policy.uncertain = Uncertain::kAtLeastOnce;
  world.start();
  make_unknown("a1");
  world.channels.hold = true;
  world.pass(seconds(3));
  ASSERT_EQ(world.record("a1").state, DeliveryState::kSending);
  report("", key_of("a1"));
  release(test::outcome(OutcomeClass::kPermanent, SentState::kSent, "a duplicate"));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_THAT(world.files().inbound, IsEmpty());
}

TEST_F(Reports, AFailureBeforeTheAnswerStands) {
  world.start();
  for (const auto& [id, answer] :
       {std::pair{"a1", world.channels.delivered()}, std::pair{"a2", cut()}}) {
    send(id);
    report("", key_of(id), true);
    release(answer);
    EXPECT_EQ(world.record(id).state, DeliveryState::kFailed);
    EXPECT_EQ(world.record(id).reason, "undeliverable");
    EXPECT_EQ(world.files().delivered[id].status, "failed");
  }
  // One notice a minute, of the first.
  ASSERT_EQ(world.channels.requests.size(), 3U);
  EXPECT_EQ(world.channels.requests[1].text,
            "⚠️ A message to you was not delivered (undeliverable).");
}

TEST_F(Reports, AFailureAfterTheAnswerIsToldToThePersonToo) {
  world.start();
  write_delivered("a1");
  report("", key_of("a1"), true);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_EQ(notices_to_the_person(), 1);
  ASSERT_EQ(world.files().inbound.size(), 1U);
  EXPECT_THAT(world.files().inbound[0].content, HasSubstr("was not delivered: undeliverable"));
  // Its notice is a message of the host, and one about a notice would never end.
  report("m2", "", true);
  world.pass(minutes(2));
  EXPECT_EQ(notices_to_the_person(), 1);
}

TEST_F(Reports, OfFailuresThatAreReportedTogetherThePersonIsToldOnce) {
  world.start();
  for (const char* id : {"a1", "a2", "a3"}) {
    write_delivered(id);
  }
  for (const char* id : {"a1", "a2", "a3"}) {
    world.service->channel_events().on_report(base::InstanceName("telegram"), "", key_of(id), true,
                                              "undeliverable");
  }
  world.settle();
  for (const char* id : {"a1", "a2", "a3"}) {
    EXPECT_EQ(world.record(id).state, DeliveryState::kFailed);
  }
  EXPECT_EQ(notices_to_the_person(), 1);
  write_delivered("a4");
  report("", key_of("a4"), true);
  EXPECT_EQ(notices_to_the_person(), 1) << "in the same minute";
  world.pass(seconds(61));
  write_delivered("a5");
  report("", key_of("a5"), true);
  EXPECT_EQ(notices_to_the_person(), 2);
}

TEST_F(Reports, AFailureThatCannotBeStoredIsHeardLater) {
  world.start();
  write_delivered("a1");
  write_delivered("a2");
  SQLite::Database disk(world.folder / "patchbay.db", SQLite::OPEN_READWRITE);
  disk.exec(
      "CREATE TRIGGER full BEFORE UPDATE OF state ON deliveries BEGIN SELECT RAISE(FAIL, 'full'); "
      "END");
  report("", key_of("a1"), true);
  report("", key_of("a2"), true);
  world.pass(seconds(5));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  disk.exec("DROP TRIGGER full");
  world.pass(seconds(2));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kFailed);
}

// Before the answer nobody knows whose message it is.
TEST_F(Reports, AFailureByAnIdThatComesWithTheAnswerStands) {
  world.start();
  send("a1");
  report("m1", "", true);
  report("m9", "", true);
  release(world.channels.delivered());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
  EXPECT_EQ(world.record("a1").reason, "undeliverable");
  EXPECT_EQ(world.files().delivered["a1"].status, "failed");
  EXPECT_EQ(notices_to_the_person(), 1);
  write_delivered("a2");
}

TEST_F(Reports, AFailureByAnIdThatComesWithAPartStands) {
  world.start();
  send("a1");
  report("p1", "", true);
  part_is_there("a1", 0, "p0");
  part_is_there("a1", 1, "p1");
  release(cut());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
}

TEST_F(Reports, WhileNothingIsSentAFailureOfNoKnownMessageIsLoggedAndNotKept) {
  world.start();
  testing::internal::CaptureStderr();
  report("m1", "", true);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("delivery.failure_of_no_known_message"));
  EXPECT_THAT(log, HasSubstr("message=m1"));
  write_delivered("a1");
  EXPECT_THAT(parts_of("a1"), ElementsAre("m1|"));
}

// On many platforms every chat has a message 77.
TEST_F(Reports, AnIdThatIsInSeveralChatsFailsNoneOfThem) {
  const session::SessionAddress other{base::AgentGroupId("main"), base::SessionId("s2")};
  world.add_session(other, "telegram:dm:7");
  world.start();
  AttemptOutcome same_id = test::outcome(OutcomeClass::kDelivered, SentState::kSent);
  same_id.remote_ids = {"77"};
  send("a1");
  report("77", "", true);
  world.sessions.write_out(other, "b1", R"({"text":"z"})");
  // Both have it before the first of the two is settled.
  world.channels.hold = true;
  world.service->wake(other);
  world.settle();
  world.channels.hold = false;
  ASSERT_EQ(world.channels.held.size(), 2U);
  world.service->channel_events().on_part(world.record(other, "b1").id, {0, "77", ""}, [](bool) {});
  world.settle();
  release(same_id);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  release(same_id);
  EXPECT_EQ(world.record(other, "b1").state, DeliveryState::kDelivered);
}

TEST_F(Reports, AFailureSaysNothingOfAnAttemptThatIsStillToCome) {
  world.start();
  send("a1");
  report("", key_of("a1"), true);
  release(refused());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  testing::internal::CaptureStderr();
  report("", key_of("a1"), true);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("delivery.failure_of_refused_attempt"));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.pass(seconds(3));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

// The part that is there is not sent again, though the rest is still to come.
TEST_F(Reports, AFailureOfAPartThatIsThereStandsWhileTheRestWaits) {
  world.start();
  send("a1");
  part_is_there("a1", 0, "p0");
  release(refused());
  ASSERT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  report("p0", "", true);
  expect_failed_and_told_once("a1");
}

TEST_F(Reports, AFailureOfAPartThatIsThereStandsThoughTheRestIsRefusedAfterIt) {
  world.start();
  send("a1");
  part_is_there("a1", 0, "p0");
  report("p0", "", true);
  release(refused());
  expect_failed_and_told_once("a1");
}

TEST_F(Reports, AFailureByAnIdOfBeforeItsPartStandsThoughTheRestIsRefused) {
  world.start();
  send("a1");
  report("p0", "", true);
  part_is_there("a1", 0, "p0");
  release(refused());
  expect_failed_and_told_once("a1");
}

// A part leaves after the one before it, so what is reported of the next one was refused.
TEST_F(Reports, AFailureOfAPartThatIsStillToComeEndsNothing) {
  world.start();
  send("a1");
  part_is_there("a1", 0, "p0");
  release(refused());
  testing::internal::CaptureStderr();
  report("", key_of("a1") + ":1", true);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("delivery.failure_of_refused_attempt"));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.pass(seconds(3));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

TEST_F(Reports, AFailureOfAPartThatIsRefusedAfterItEndsNothing) {
  world.start();
  send("a1");
  part_is_there("a1", 0, "p0");
  report("", key_of("a1") + ":1", true);
  release(refused());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.pass(seconds(3));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

TEST_F(Reports, AFailureOfAPartThatIsThereStandsByItsKeyToo) {
  world.start();
  send("a1");
  part_is_there("a1", 0, "p0");
  release(refused());
  report("", key_of("a1") + ":0", true);
  expect_failed_and_told_once("a1");
}

TEST_F(Reports, AFailureOfAPartThatIsThereStandsBesideThatOfTheNext) {
  world.start();
  send("a1");
  part_is_there("a1", 0, "p0");
  report("", key_of("a1") + ":1", true);
  report("", key_of("a1") + ":0", true);
  release(refused());
  expect_failed_and_told_once("a1");
}

TEST_F(Reports, AFailureByIdOfAPartThatIsThereStandsBesideThatOfTheNext) {
  world.start();
  send("a1");
  report("p0", "", true);  // before the ledger has it
  part_is_there("a1", 0, "p0");
  report("", key_of("a1") + ":1", true);
  release(refused());
  expect_failed_and_told_once("a1");
}

TEST_F(Reports, WhatWasNeverSentCannotHaveArrived) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  world.write("a1", R"({"text":"x"})");
  report("", key_of("a1"));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
}

TEST_F(Reports, AChatThatWentOfflineDoesNotHoldWhatArrived) {
  world.channels.channel_limits.capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
  world.start();
  AttemptOutcome offline = test::outcome(OutcomeClass::kRetryable, SentState::kUnknown, "it left");
  offline.chat_offline = true;
  send("a1");
  report("", key_of("a1"));
  release(offline);
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  world.write("a2", R"({"text":"y"})");
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
}

// The row of before it was known has to wait; the one of after it has not.
TEST_F(Reports, AnOlderEndIsNotToldAfterANewerOne) {
  world.start();
  world.sessions.write_failures = {base::Status(base::Code::kBusy, "locked")};
  make_unknown("a1");
  EXPECT_FALSE(world.files().delivered.contains("a1"));
  report("", key_of("a1"));
  EXPECT_EQ(world.files().delivered["a1"].status, "delivered");
  world.pass(minutes(2));
  EXPECT_EQ(world.files().delivered["a1"].status, "delivered");
  EXPECT_TRUE(world.record("a1").projected);
}

TEST_F(Reports, WhatASessionThatWasDeletedMayHaveSentIsUnknown) {
  world.options.policy.uncertain = Uncertain::kAtLeastOnce;
  world.start();
  make_unknown("a1");
  world.write("a2", R"({"text":"never tried"})");
  world.service->session_deleted(world.session, "session deleted", [](const base::Status&) {});
  world.settle();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
  EXPECT_EQ(world.record("a1").reason, "session deleted");
  EXPECT_EQ(world.record("a2").state, DeliveryState::kFailed);
  world.pass(minutes(20));
  EXPECT_EQ(world.channels.requests.size(), 1U);
}

}  // namespace
}  // namespace patchbay::delivery
