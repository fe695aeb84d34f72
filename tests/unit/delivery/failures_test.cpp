// What agents, people and the ledger are told when something does not arrive.
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <tuple>

#include "attachments/names.hpp"
#include "base/unique_fd.hpp"
#include "delivery/evidence.hpp"
#include "delivery_world.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::seconds;
using store::DeliveryState;
using ::testing::HasSubstr;

class Failures : public testing::Test {
 protected:
  void fail_next(OutcomeClass outcome_class, SentState sent, std::string why,
                 std::int32_t code = 0) {
    AttemptOutcome out = test::outcome(outcome_class, sent, std::move(why));
    out.code = code;
    world.channels.script(out);
  }
  DeliveryWorld world;
};

TEST_F(Failures, TheAgentAndThePersonAreTold) {
  world.start();
  fail_next(OutcomeClass::kPermanent, SentState::kNotSent, "message is too long");
  world.write("a1", R"({"text":"hello there"})");
  ASSERT_EQ(world.files().inbound.size(), 1U);
  const auto& notice = world.files().inbound[0];
  EXPECT_EQ(notice.kind, session::InboundKind::kChat);
  EXPECT_EQ(notice.address.channel_type, "agent");
  EXPECT_EQ(notice.address.platform_id, "main");
  EXPECT_FALSE(notice.trigger);
  EXPECT_NE(notice.content.find("Your message a1 (\\\"hello there\\\") to telegram:dm:42 was not "
                                "delivered: message is too long."),
            std::string::npos)
      << notice.content;
  EXPECT_NE(notice.content.find(R"("sender":"system")"), std::string::npos);
  EXPECT_EQ(world.files().delivered["a1"].status, "failed");
  EXPECT_EQ(world.files().delivered["a1"].reason, "message is too long");
  // The person: in the same lane, by the host.
  ASSERT_EQ(world.channels.requests.size(), 2U);
  EXPECT_EQ(world.channels.requests[1].text,
            "⚠️ A message to you was not delivered (message is too long).");
  EXPECT_TRUE(world.record("a1").notified);
}

TEST_F(Failures, UncertaintyIsCalledThat) {
  world.start();
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "the connection was cut");
  world.write("a1", R"({"text":"x"})");
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
  EXPECT_EQ(world.files().delivered["a1"].status, "unknown");
  ASSERT_EQ(world.files().inbound.size(), 1U);
  EXPECT_NE(world.files().inbound[0].content.find("may not have been delivered"),
            std::string::npos);
  EXPECT_EQ(world.channels.requests.size(), 2U);  // sent once, and the notice
}

TEST_F(Failures, OneNoticeAMinuteThatNamesTheOthers) {
  world.start();
  world.channels.answer = [](const DeliveryRequest&) {
    return test::outcome(OutcomeClass::kPermanent, SentState::kNotSent, "no");
  };
  for (int i = 0; i < 10; ++i) {
    world.sessions.write_out(world.session, "a" + std::to_string(i), R"({"text":"x"})");
  }
  world.service->wake(world.session);
  world.settle();
  EXPECT_EQ(world.files().inbound.size(), 1U);
  // Ten failures and one notice to the person, which fails too: none about a notice.
  EXPECT_EQ(world.channels.requests.size(), 11U);
  world.pass(seconds(61));
  ASSERT_EQ(world.files().inbound.size(), 2U);
  const std::string& second = world.files().inbound[1].content;
  EXPECT_NE(second.find("Your message a1 "), std::string::npos);
  EXPECT_NE(second.find("The same is true of 4 more"), std::string::npos);
  world.pass(seconds(600));
  EXPECT_EQ(world.files().inbound.size(), 2U);
  EXPECT_EQ(world.channels.requests.size(), 11U);
  for (const auto& record : world.all()) {
    EXPECT_TRUE(record.notified);
  }
}

TEST_F(Failures, NobodyWritesToAChatThatIsGone) {
  world.start();
  fail_next(OutcomeClass::kPermanent, SentState::kNotSent, "blocked", PBAY_E_FORBIDDEN);
  world.write("a1", R"({"text":"x"})");
  EXPECT_EQ(world.channels.requests.size(), 1U);
  EXPECT_EQ(world.files().inbound.size(), 1U);
}

TEST_F(Failures, NobodyIsToldOfAFailedReactionInTheChat) {
  world.start();
  fail_next(OutcomeClass::kPermanent, SentState::kNotSent, "no such emoji");
  world.write("a1", R"({"operation":"reaction","messageId":"5","emoji":"x"})");
  EXPECT_EQ(world.channels.requests.size(), 1U);
  EXPECT_EQ(world.files().inbound.size(), 1U);
}

TEST_F(Failures, PartsThatArrivedAreEvidence) {
  world.start();
  world.channels.hold = true;
  world.write("a1", R"({"text":"long"})");
  world.service->channel_events().on_part(world.channels.held[0].request.delivery_id, {0, "p0", ""},
                                          [](bool) {});
  world.settle();
  world.channels.hold = false;
  world.channels.release(test::outcome(OutcomeClass::kUnknown, SentState::kUnknown, "cut"));
  world.settle();
  EXPECT_EQ(world.record("a1").evidence, "one part of it is there, as p0");
}

TEST_F(Failures, OperatorsResolveWhatIsUnknown) {
  world.start();
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
  world.write("a1", R"({"text":"x"})");
  const auto resolve = [&](DeliveryState to) {
    base::Status result;
    world.service->resolve(world.record("a1").id, to,
                           [&](base::Result<store::DeliveryRecord> record) {
                             result = record.ok() ? base::Status() : record.status();
                           });
    world.settle();
    return result;
  };
  EXPECT_EQ(resolve(DeliveryState::kSending).code(), base::Code::kRefused);
  EXPECT_TRUE(resolve(DeliveryState::kWaiting).ok());
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);  // sent again
  EXPECT_EQ(world.record("a1").evidence, kSentAgainByOperator);
  EXPECT_EQ(world.channels.texts().back(), "x");
  EXPECT_EQ(resolve(DeliveryState::kFailed).code(), base::Code::kRefused);
  EXPECT_THAT(resolve(DeliveryState::kFailed).message(),
              HasSubstr("is delivered; only an unknown"));
}

TEST_F(Failures, TheAgentHearsWhatAnOperatorDecided) {
  world.start();
  for (const auto& [row, state, told] : {std::tuple{"a1", DeliveryState::kDelivered, "delivered"},
                                         std::tuple{"a2", DeliveryState::kFailed, "failed"}}) {
    fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
    world.write(row, R"({"text":"x"})");
    EXPECT_EQ(world.files().delivered[row].status, "unknown");
    world.service->resolve(world.record(row).id, state,
                           [](const base::Result<store::DeliveryRecord>& record) {
                             EXPECT_TRUE(record.ok()) << record.status().message();
                           });
    world.settle();
    EXPECT_EQ(world.record(row).state, state);
    EXPECT_EQ(world.files().delivered[row].status, told);
    EXPECT_THAT(world.record(row).evidence, HasSubstr("an operator says"));
  }
  std::vector<store::AuditRecord> audit;
  ASSERT_TRUE(world.database
                  ->run([&](store::Repositories& repositories) -> base::Status {
                    PATCHBAY_ASSIGN(audit, repositories.audit.list(10));
                    return {};
                  })
                  .ok());
  std::set<std::string> reasons;
  for (const store::AuditRecord& record : audit) {
    EXPECT_EQ(record.sender, store::kOperator);
    reasons.insert(record.reason);
  }
  EXPECT_EQ(reasons, (std::set<std::string>{"resolved_as_delivered", "resolved_as_failed"}));
}

// An earlier attempt may have arrived: "was not delivered" would not be certain.
TEST_F(Failures, ARefusalOfWhatAnOperatorSentAgainIsNotCertain) {
  world.start();
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
  world.write("a1", R"({"text":"x"})");
  fail_next(OutcomeClass::kPermanent, SentState::kNotSent, "refused");
  world.service->resolve(world.record("a1").id, DeliveryState::kWaiting,
                         [](const base::Result<store::DeliveryRecord>&) {});
  world.settle();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
}

TEST_F(Failures, WhatAnOperatorSentAgainGrowsOldFromThenOn) {
  world.start();
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
  world.write("a1", R"({"text":"x"})");
  world.pass(std::chrono::hours(30));
  fail_next(OutcomeClass::kRetryable, SentState::kNotSent, "503");
  world.service->resolve(world.record("a1").id, DeliveryState::kWaiting,
                         [](const base::Result<store::DeliveryRecord>&) {});
  world.settle();
  ASSERT_EQ(world.record("a1").state, DeliveryState::kWaiting) << world.record("a1").reason;
  world.pass(std::chrono::minutes(1));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

TEST_F(Failures, WhatAnOperatorSentAgainHasAllAttemptsFromThenOn) {
  world.channels.channel_limits.capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
  world.options.policy.max_attempts = 2;
  world.start();
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
  world.write("a1", R"({"text":"x"})");
  world.pass(std::chrono::minutes(1));
  ASSERT_EQ(world.record("a1").state, DeliveryState::kUnknown);
  fail_next(OutcomeClass::kRetryable, SentState::kNotSent, "503");
  world.service->resolve(world.record("a1").id, DeliveryState::kWaiting,
                         [](const base::Result<store::DeliveryRecord>&) {});
  world.settle();
  ASSERT_EQ(world.record("a1").state, DeliveryState::kWaiting) << world.record("a1").reason;
  world.pass(std::chrono::minutes(1));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

TEST_F(Failures, KeysThatThePlatformHonoursAreSentAgain) {
  world.channels.channel_limits.capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
  world.start();
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
  world.write("a1", R"({"text":"x"})");
  world.pass(seconds(3));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  ASSERT_EQ(world.channels.requests.size(), 2U);
  EXPECT_EQ(world.channels.requests[0].idempotency_key, world.channels.requests[1].idempotency_key);
}

TEST_F(Failures, WhatSaysWhatShallBeIsMadeAgainWhereTheAdapterSaysSo) {
  world.start();
  const char* const contents[] = {R"({"operation":"edit","messageId":"5","text":"x"})",
                                  R"({"operation":"reaction","messageId":"5","emoji":"x"})",
                                  R"({"operation":"delete","messageId":"5"})"};
  int number = 0;
  for (const char* content : contents) {
    SCOPED_TRACE(content);
    const std::string id = "a" + std::to_string(++number);
    const std::size_t before = world.channels.requests.size();
    fail_next(OutcomeClass::kRetryable, SentState::kUnknown, "cut", PBAY_E_NETWORK);
    world.write(id, content);
    world.pass(seconds(3));
    EXPECT_EQ(world.record(id).state, DeliveryState::kDelivered);
    EXPECT_EQ(world.channels.requests.size(), before + 2);
  }
  // What the adapter itself calls unknown is: the second part of an edit is a message.
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut", PBAY_E_UNKNOWN);
  world.write("b1", contents[0]);
  EXPECT_EQ(world.record("b1").state, DeliveryState::kUnknown);
  // And a message would be shown twice.
  fail_next(OutcomeClass::kRetryable, SentState::kUnknown, "cut", PBAY_E_NETWORK);
  world.write("b2", R"({"text":"x"})");
  EXPECT_EQ(world.record("b2").state, DeliveryState::kUnknown);
}

TEST_F(Failures, AChatThatWentOfflineInTheMiddleGetsItAgainWhenItIsBack) {
  world.channels.channel_limits.capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
  world.start();
  AttemptOutcome left = test::outcome(OutcomeClass::kRetryable, SentState::kUnknown, "it left");
  left.chat_offline = true;
  world.channels.script(left);
  world.write("a1", R"({"text":"x"})");
  world.pass(seconds(300));
  const auto waiting = world.record("a1");
  EXPECT_EQ(waiting.state, DeliveryState::kWaiting);
  EXPECT_EQ(waiting.attempts, 0U);
  EXPECT_TRUE(waiting.paused_since.has_value());
  EXPECT_EQ(waiting.evidence, kSentAgain);
  EXPECT_EQ(world.channels.requests.size(), 1U);
  world.service->channel_events().on_chat_reachable(base::InstanceName("telegram"),
                                                    base::ChatKey("telegram:dm:42"));
  world.settle();
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.channels.requests.size(), 2U);
}

TEST_F(Failures, ARefusalAfterAnUncertainAttemptIsNotCertain) {
  world.channels.channel_limits.capability_bits = PBAY_CAN_IDEMPOTENT_SEND;
  world.start();
  fail_next(OutcomeClass::kUnknown, SentState::kUnknown, "cut");
  fail_next(OutcomeClass::kPermanent, SentState::kNotSent, "refused");
  world.write("a1", R"({"text":"x"})");
  world.pass(seconds(3));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kUnknown);
  EXPECT_EQ(world.record("a1").reason, "refused");
}

// A lease on a file: to open it is refused for now, as by a disk that is in trouble.
class Unreadable {
 public:
  explicit Unreadable(const std::filesystem::path& file)
      : file_(::open(file.c_str(), O_RDWR | O_CLOEXEC)) {
    std::signal(SIGIO, SIG_IGN);  // how the kernel asks for the lease back
    taken_ = ::fcntl(file_.get(), F_SETLEASE, F_WRLCK) == 0;
  }
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  base::UniqueFd file_;
  bool taken_ = false;
};

class FailuresOfFiles : public Failures {
 protected:
  void write_with_file(const std::string& id) {
    const auto outbox = world.sessions.path(world.session) / "outbox" / id;
    std::filesystem::create_directories(outbox);
    test::write_file((outbox / "f.txt").string(), "bytes");
    world.write(id, R"({"text":"look","files":["f.txt"]})");
  }
  [[nodiscard]] std::filesystem::path spooled(const std::string& id) {
    return world.folder.path() / "spool" / attachments::folder_name_of_id(world.record(id).spool) /
           "f.txt";
  }
};

TEST_F(FailuresOfFiles, AFileThatCannotBeReadForNowIsSentLater) {
  world.start();
  fail_next(OutcomeClass::kRetryable, SentState::kNotSent, "try later");
  write_with_file("a1");
  {
    const Unreadable unreadable(spooled("a1"));
    ASSERT_TRUE(unreadable.taken());
    world.pass(seconds(30));
    const auto waiting = world.record("a1");
    EXPECT_EQ(waiting.state, DeliveryState::kWaiting);
    EXPECT_NE(waiting.reason.find("a file of it cannot be read"), std::string::npos)
        << waiting.reason;
    EXPECT_EQ(waiting.attempts, 1U);
  }
  world.pass(seconds(30));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
}

TEST_F(FailuresOfFiles, AFileThatStaysUnreadableIsGivenUpAfterTheUsualAge) {
  world.options.policy.max_age = std::chrono::minutes(5);
  world.start();
  fail_next(OutcomeClass::kRetryable, SentState::kNotSent, "try later");
  write_with_file("a1");
  const Unreadable unreadable(spooled("a1"));
  ASSERT_TRUE(unreadable.taken());
  world.write("a2", R"({"text":"after it"})");
  world.pass(std::chrono::minutes(4));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kWaiting) << "order holds";
  world.pass(std::chrono::minutes(4));
  const auto failed = world.record("a1");
  EXPECT_EQ(failed.state, DeliveryState::kFailed);
  EXPECT_TRUE(failed.reason.starts_with("given up: a file of it cannot be read")) << failed.reason;
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
  // The agent, and the person.
  EXPECT_EQ(world.files().delivered["a1"].status, "failed");
  ASSERT_EQ(world.files().inbound.size(), 1U);
  EXPECT_NE(world.files().inbound[0].content.find("given up: a file of it"), std::string::npos);
  const auto texts = world.channels.texts();
  EXPECT_TRUE(std::any_of(texts.begin(), texts.end(), [](const std::string& text) {
    return text.find("was not delivered") != std::string::npos;
  }));
}

TEST_F(FailuresOfFiles, WhatWaitsForItsFileKeepsItsPlaceAfterARestart) {
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  write_with_file("a1");
  world.write("a2", R"({"text":"after it"})");
  {
    const Unreadable unreadable(spooled("a1"));
    ASSERT_TRUE(unreadable.taken());
    world.channels.set_state("telegram", InstanceState::kOnline);
    world.settle();
    EXPECT_EQ(world.record("a1").attempts, 0U);
    ASSERT_TRUE(world.record("a1").not_before);
    // It comes first, so that what speaks of it may wait for it.
    world.sessions
        .write_out(world.session, "a3", R"({"operation":"edit","messageId":"a1","text":"done"})")
        .target = {session::TargetReference::Kind::kOutboundRow, "a1"};
    world.service->wake(world.session);
    world.settle();
    EXPECT_EQ(world.record("a3").target, "row:a1");
    world.crash();
    world.start();
    EXPECT_TRUE(world.channels.requests.empty());
  }
  world.pass(seconds(30));
  EXPECT_EQ(world.channels.texts(), (std::vector<std::string>{"look", "after it", "done"}));
}

TEST_F(FailuresOfFiles, AFileGrowsOldFromWhenItIsFirstWanted) {
  world.options.policy.max_age = std::chrono::minutes(5);
  world.start();
  world.channels.set_state("telegram", InstanceState::kConnecting);
  write_with_file("a1");
  const Unreadable unreadable(spooled("a1"));
  ASSERT_TRUE(unreadable.taken());
  world.crash();
  world.pass(std::chrono::hours(60));
  world.channels.set_state("telegram", InstanceState::kOnline);
  world.start();
  world.pass(std::chrono::minutes(4));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kWaiting);
  world.pass(std::chrono::minutes(4));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kFailed);
}

TEST_F(FailuresOfFiles, AnOutboxThatCannotBeReadHoldsItsSessionForAMinute) {
  world.start();
  world.sessions.folder_failure = {base::Code::kIo, "outbox: input/output error"};
  write_with_file("a1");
  world.write("a2", R"({"text":"after it"})");
  world.pass(seconds(40));
  EXPECT_TRUE(world.all().empty());
  world.pass(seconds(40));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.record("a2").state, DeliveryState::kDelivered);
  ASSERT_EQ(world.channels.requests.size(), 2U);
  EXPECT_NE(world.channels.requests[0].text.find("f.txt: outbox: input/output error"),
            std::string::npos)
      << world.channels.requests[0].text;
}

TEST_F(FailuresOfFiles, AnOutboxThatCanBeReadAgainCostsNoFile) {
  world.start();
  world.sessions.folder_failure = {base::Code::kIo, "outbox: input/output error"};
  write_with_file("a1");
  world.pass(seconds(40));
  world.sessions.folder_failure = {};
  world.pass(seconds(10));
  EXPECT_EQ(world.record("a1").state, DeliveryState::kDelivered);
  EXPECT_EQ(world.channels.requests.at(0).files.size(), 1U);
}

// ---- rows that are refused before they are sent ----

TEST_F(Failures, TheOperatorSeesRowsThatWereRefused) {
  world.start();
  testing::internal::CaptureStderr();
  world.write("empty", R"({})");
  world.sessions.write_out(world.session, "elsewhere", R"({"text":"x"})").address = {
      "telegram", "telegram:dm:666", ""};
  world.service->wake(world.session);
  world.settle();
  const std::string log = testing::internal::GetCapturedStderr();
  std::vector<store::DeliveryRecord> listed;
  store::DeliveryFilter filter;
  filter.state = DeliveryState::kFailed;
  world.service->list(filter, [&](base::Result<store::DeliveryPage> found) {
    listed = std::move(found).value().records;
  });
  world.settle();
  ASSERT_EQ(listed.size(), 2U);  // newest first
  EXPECT_EQ(listed[0].message_out_id, "elsewhere");
  EXPECT_NE(listed[0].reason.find("may not write to telegram:dm:666"), std::string::npos);
  EXPECT_EQ(listed[1].message_out_id, "empty");
  EXPECT_NE(listed[1].reason.find("empty"), std::string::npos);
  for (const auto& record : listed) {
    EXPECT_NE(log.find("message=" + record.message_out_id), std::string::npos) << log;
    EXPECT_EQ(world.files().delivered[record.message_out_id].reason, record.reason);
  }
  EXPECT_NE(log.find("delivery.failed"), std::string::npos) << log;
  EXPECT_TRUE(world.channels.requests.empty()) << "no person is told";
}

TEST_F(Failures, AnAnsweredActionNamesTheTimeoutOfItsTool) {
  world.start();
  world.write("r1", R"({"action":"no_such_action","requestId":"q","timeoutMs":20000})", "system");
  ASSERT_EQ(world.files().inbound.size(), 1U);
  EXPECT_NE(world.files().inbound[0].content.find(R"("timeoutMs":20000)"), std::string::npos)
      << world.files().inbound[0].content;
}

TEST_F(Failures, BusySessionsGetTheirRowsLater) {
  world.start();
  world.sessions.write_failures = {base::Status(base::Code::kBusy, "locked")};
  world.write("a1", R"({"text":"x"})");
  EXPECT_FALSE(world.record("a1").projected);
  world.pass(seconds(2));
  EXPECT_TRUE(world.record("a1").projected);
  EXPECT_TRUE(world.files().delivered.contains("a1"));
}

TEST_F(Failures, DamagedSessionsGetTheirRowsAndNoticesOnceTheyAreHealed) {
  world.start();
  const base::Status damaged(base::Code::kCorrupt, "file is not a database");
  world.sessions.write_failures.assign(8, damaged);
  fail_next(OutcomeClass::kPermanent, SentState::kNotSent, "no", PBAY_E_FORBIDDEN);
  world.write("a1", R"({"text":"x"})");
  world.pass(seconds(120));
  EXPECT_TRUE(world.record("a1").projected);
  EXPECT_TRUE(world.record("a1").notified);
  EXPECT_TRUE(world.files().delivered.contains("a1"));
  EXPECT_EQ(world.files().inbound.size(), 1U);
}

TEST_F(Failures, SpoolsOfFailedOnesAreKeptForAWeek) {
  const auto outbox = world.sessions.path(world.session) / "outbox" / "a1";
  std::filesystem::create_directories(outbox);
  test::write_file(outbox / "f", "x");
  world.start();
  fail_next(OutcomeClass::kPermanent, SentState::kNotSent, "no", PBAY_E_FORBIDDEN);
  world.write("a1", R"({"files":["f"]})");
  const auto spool = world.folder.path() / "spool";
  world.pass(std::chrono::hours(24 * 7 - 2));
  EXPECT_FALSE(std::filesystem::is_empty(spool));
  world.pass(std::chrono::hours(4));
  EXPECT_TRUE(std::filesystem::is_empty(spool));
  EXPECT_EQ(world.record("a1").spool, "");
}

}  // namespace
}  // namespace patchbay::delivery
