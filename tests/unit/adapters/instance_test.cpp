#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adapter_host_test.hpp"
#include "base/limits.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {
namespace {

using delivery::OutcomeClass;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using InstanceTest = EitherWayTest;
using ClockTest = AdapterHostTest;

TEST_P(InstanceTest, StartsDeliversAndStops) {
  start_online({"scripted", "second"});
  const auto outcome = run("scripted", "ok");
  EXPECT_EQ(outcome.outcome, OutcomeClass::kDelivered);
  EXPECT_EQ(outcome.sent_state, delivery::SentState::kSent);
  EXPECT_THAT(outcome.remote_ids, ElementsAre("r1"));
  EXPECT_EQ(run("second", "thread").text, "from a thread");
  EXPECT_EQ(status("scripted").version, "1.0");
  EXPECT_EQ(status("scripted").counters.delivered, 1U);
  ASSERT_TRUE(stop_all());
  EXPECT_EQ(host_->state(base::InstanceName("scripted")), State::kStopped);
  const auto late = run("scripted", "ok");
  EXPECT_EQ(late.outcome, OutcomeClass::kRetryable);
  EXPECT_EQ(late.sent_state, delivery::SentState::kNotSent);
  EXPECT_THAT(events_.states["scripted"],
              ElementsAre(State::kConnecting, State::kOnline, State::kStopped));
}

TEST_P(InstanceTest, ResultsKeepTheirClass) {
  start_online({"scripted"});
  EXPECT_EQ(run("scripted", "fail -104").outcome, OutcomeClass::kRetryable);
  EXPECT_EQ(run("scripted", "fail -199").outcome, OutcomeClass::kRetryable) << "a newer code";
  EXPECT_EQ(run("scripted", "fail -202").outcome, OutcomeClass::kPermanent);
  EXPECT_EQ(run("scripted", "fail -301").outcome, OutcomeClass::kAccount);
  EXPECT_EQ(run("scripted", "fail -401").outcome, OutcomeClass::kUnknown);
  EXPECT_EQ(run("scripted", "fail -500").outcome, OutcomeClass::kBug);
  EXPECT_EQ(run("scripted", "fail 12").outcome, OutcomeClass::kBug);
  EXPECT_TRUE(run("scripted", "fail -105").chat_offline);
}

TEST_P(InstanceTest, OneThatIsYetToBeStartedIsToCome) {
  make_host();
  ASSERT_TRUE(add("scripted").ok());
  EXPECT_EQ(host_->state(base::InstanceName("scripted")), State::kConnecting);
}

TEST_P(InstanceTest, AResultThatIsNotWholeIsNoSuccess) {
  start_online({"scripted"});
  const auto outcome = run("scripted", "short-result");
  EXPECT_EQ(outcome.outcome, OutcomeClass::kBug);
  EXPECT_THAT(outcome.text, HasSubstr("without a whole result"));
}

TEST_P(InstanceTest, WhatIsNotThereIsRetryableAndNotSent) {
  make_host();
  const auto outcome = run("nobody", "ok");
  EXPECT_EQ(outcome.outcome, OutcomeClass::kRetryable);
  EXPECT_EQ(outcome.sent_state, delivery::SentState::kNotSent);
  EXPECT_EQ(host_->state(base::InstanceName("nobody")), State::kStopped);
}

TEST_P(InstanceTest, APartIsDurableBeforeTheAdapterGoesOn) {
  start_online({"scripted"});
  const auto place = give("scripted", "part");
  ASSERT_TRUE(loop_.run_until([&] { return !events_.parts.empty(); }));
  loop_.run_ready();
  EXPECT_FALSE(place->has_value()) << "the part is not durable yet";
  EXPECT_EQ(events_.parts.front().delivery_id, 1);
  EXPECT_EQ(events_.parts.front().part.remote_id, "p0");
  EXPECT_EQ(events_.parts.front().part.cursor, "cursor");
  events_.parts.front().durable(true);
  EXPECT_EQ(await(place).text, "0 0 ");

  const auto second = give("scripted", "part");
  ASSERT_TRUE(loop_.run_until([&] { return events_.parts.size() == 2; }));
  events_.parts.back().durable(false);
  EXPECT_THAT(await(second).text, HasSubstr("-100 "));
  EXPECT_THAT(say("scripted", "bad-part"), HasSubstr("-501 "));
}

TEST_P(InstanceTest, PartsAreReportedInTheirOrder) {
  start_online({"scripted"});
  EXPECT_THAT(say("scripted", "part-number 1"), HasSubstr("-501 "));
  auto again = command("scripted", "part-number 0");
  again.parts_done = {{0, "p0", ""}};
  EXPECT_THAT(await(give(std::move(again))).text, HasSubstr("part 0 where 1 is next"));
  EXPECT_TRUE(events_.parts.empty());

  auto next = command("scripted", "part-number 1");
  next.parts_done = {{0, "p0", ""}};
  const auto place = give(std::move(next));
  ASSERT_TRUE(loop_.run_until([&] { return !events_.parts.empty(); }));
  EXPECT_EQ(events_.parts.front().part.part, 1U);
  events_.parts.front().durable(true);
  EXPECT_EQ(await(place).text, "0 0 ");
}

TEST_P(InstanceTest, FilesAreDescriptors) {
  start_online({"scripted"});
  base::UniqueFd file(::memfd_create("file", MFD_CLOEXEC));
  ASSERT_EQ(::write(file.get(), "content", 7), 7);
  auto request = command("scripted", "read-file");
  request.files.push_back(
      {.fd = file.get(), .size = 7, .name = "a.txt", .mime = "text/plain", .kind = "document"});
  const auto place = give(std::move(request));
  file.reset();  // the adapter has a descriptor of its own
  EXPECT_EQ(await(place).text, "content");
}

TEST_P(InstanceTest, AnEventIsStampedAndAnswered) {
  start_online({"work"});
  using routing::SubmitOutcome;
  const std::vector<std::pair<SubmitOutcome, std::string>> outcomes = {
      {SubmitOutcome::kStored, "0 1 "},
      {SubmitOutcome::kDuplicate, "0 2 "},
      {SubmitOutcome::kIntake, "0 3 "},
      {SubmitOutcome::kRefused, "0 4 "},
  };
  for (const auto& [outcome, answer] : outcomes) {
    inbound_.outcome = outcome;
    EXPECT_EQ(say("work", "submit m1"), answer);
  }
  inbound_.outcome = SubmitOutcome::kBusy;
  EXPECT_THAT(say("work", "submit m1"), HasSubstr("-106 5 "));
  const routing::InboundEvent& event = inbound_.events.front();
  EXPECT_EQ(event.instance.str(), "work");
  EXPECT_EQ(event.channel.str(), "scripted");
  EXPECT_EQ(event.chat.str(), "work:group:-100");
  EXPECT_EQ(event.thread.str(), "7");
  EXPECT_EQ(event.sender.name, "Ann\xEF\xBF\xBD");
  EXPECT_TRUE(event.mentions_me);
  const InstanceCounters counters = status("work").counters;
  EXPECT_EQ(counters.submitted, 5U);
  EXPECT_EQ(counters.stored, 2U);
  EXPECT_EQ(counters.busy, 1U);
}

TEST_P(InstanceTest, AnEventThatIsNotWholeIsRefusedInTheSameWords) {
  const std::pair<const char*, const char*> cases[] = {
      {"event", "event: it is incomplete (struct_size)"},
      {"chat", "event: it has no chat"},
      {"sender", "event: its sender is incomplete"},
      {"file", "event: its files are not a list of pbay_inbound_file"},
      {"stride", "event: its files are not a list of pbay_inbound_file"},
  };
  start_online({"scripted"});
  for (const auto& [broken, why] : cases) {
    EXPECT_EQ(say("scripted", std::string("submit-broken ") + broken),
              std::string("-208 5 ") + why);
  }
  EXPECT_TRUE(inbound_.events.empty());
}

TEST_P(InstanceTest, ARequestThatIsNotWholeDoesNotLeave) {
  start_online({"scripted"});
  for (const char* broken : {"request", "header", "header-stride", "part", "part-stride"}) {
    EXPECT_THAT(say("scripted", std::string("post-broken https://api.example.org/x ") + broken),
                StartsWith("-208 0 not sent: http request: "))
        << broken;
  }
  EXPECT_TRUE(http_.requests.empty());
}

TEST_P(InstanceTest, AStagedFileIsKeptAndOvertakenByNoEvent) {
  start_online({"scripted"});
  const auto with_file = give("scripted", "submit-file");
  EXPECT_EQ(await(with_file).text, "0 1 ");
  ASSERT_TRUE(loop_.run_until([&] { return inbound_.events.size() == 2; }));
  EXPECT_EQ(inbound_.events[0].message_id, "m-file");
  EXPECT_EQ(inbound_.events[1].message_id, "m-after");
  const routing::InboundFile& file = inbound_.events[0].files.at(0);
  EXPECT_EQ(file.kind, "image");
  EXPECT_EQ(file.name, "cat.jpg");
  const auto staged = staging_->reopen(file.staged);
  ASSERT_TRUE(staged.ok()) << staged.status().message();
  EXPECT_EQ(staged->size(), 5U);
}

TEST_P(InstanceTest, ReferencesAreFetchedLater) {
  start_online({"scripted"});
  EXPECT_EQ(say("scripted", "submit-reference"), "0 1 ");
  EXPECT_EQ(inbound_.events.at(0).files.at(0).reference, "file-1");
  std::optional<base::Result<std::string>> fetched;
  host_->fetch(base::InstanceName("scripted"), "file-1",
               [&](base::Result<std::string> name) { fetched = std::move(name); });
  ASSERT_TRUE(loop_.run_until([&] { return fetched.has_value(); }));
  ASSERT_TRUE(fetched->ok()) << fetched->status().message();
  EXPECT_EQ(staging_->reopen(**fetched)->size(), 6U);

  fetched.reset();
  host_->fetch(base::InstanceName("scripted"), "gone",
               [&](base::Result<std::string> name) { fetched = std::move(name); });
  ASSERT_TRUE(loop_.run_until([&] { return fetched.has_value(); }));
  EXPECT_EQ(fetched->status().code(), base::Code::kNotFound);

  fetched.reset();
  host_->fetch(base::InstanceName("nobody"), "file-1",
               [&](base::Result<std::string> name) { fetched = std::move(name); });
  ASSERT_TRUE(loop_.run_until([&] { return fetched.has_value(); }));
  EXPECT_EQ(fetched->status().code(), base::Code::kUnavailable);
}

TEST_P(InstanceTest, SubmitsAreBounded) {
  start_online({"scripted"});
  inbound_.hold = true;
  EXPECT_EQ(run("scripted", "submit-many 1100").text, "submitted");
  ASSERT_TRUE(loop_.run_until(
      [&] { return status("scripted").counters.busy == 1100 - limits::kPendingSubmits; }));
  EXPECT_EQ(inbound_.events.size(), limits::kPendingSubmits);
  while (!inbound_.held.empty()) {
    inbound_.held.front()(routing::SubmitOutcome::kStored);
    inbound_.held.pop_front();
  }
  inbound_.hold = false;
  EXPECT_EQ(say("scripted", "submit again"), "0 1 ") << "there is room again";
}

TEST_P(InstanceTest, NothingOvertakesAnEventThatWasNotStored) {
  start_online({"scripted"});
  inbound_.hold = true;
  ASSERT_EQ(run("scripted", "submit-many 1").text, "submitted");
  ASSERT_TRUE(loop_.run_until([&] { return inbound_.events.size() == 1; }));
  // The next one is on its way before the adapter can know.
  give("scripted", "submit-many 1");
  ASSERT_TRUE(threads_.wait_until_idle({}));
  inbound_.held.front()(routing::SubmitOutcome::kBusy);
  ASSERT_TRUE(loop_.run_until([&] { return status("scripted").counters.busy == 2; }));
  EXPECT_EQ(inbound_.events.size(), 1U);
  inbound_.hold = false;
  EXPECT_EQ(say("scripted", "submit again"), "0 1 ") << "the adapter has heard of it";
}

TEST_P(InstanceTest, NothingOvertakesAnEventThatWasRefusedAtTheDoor) {
  start_online({"scripted"});
  EXPECT_EQ(say("scripted", "submit-without-room " + std::to_string(limits::kAdapterOperations)),
            "-106 5 too many operations are under way");
  ASSERT_TRUE(loop_.run_until([&] { return status("scripted").counters.busy == 2; }));
  EXPECT_TRUE(inbound_.events.empty());
  EXPECT_EQ(say("scripted", "submit again"), "0 1 ") << "the adapter has heard of it";
}

TEST_P(InstanceTest, WhatNoHostTakesHoldsBackNothing) {
  start_online({"scripted"});
  EXPECT_THAT(say("scripted", "submit-stolen-and-more 77"), HasSubstr("-208 5 "));
  ASSERT_TRUE(loop_.run_until([&] { return inbound_.events.size() == 1; }));
  EXPECT_EQ(inbound_.events.front().message_id, "m2");
}

TEST_P(InstanceTest, AnEventIsTakenWhenItIsSubmittedAgainFromInsideOnComplete) {
  start_online({"scripted"});
  inbound_.hold = true;
  const auto place = give("scripted", "submit-until-stored m1");
  ASSERT_TRUE(loop_.run_until([&] { return inbound_.events.size() == 1; }));
  inbound_.held.front()(routing::SubmitOutcome::kBusy);
  inbound_.hold = false;
  EXPECT_EQ(await(place).text, "0 1 ");
  EXPECT_EQ(inbound_.events.size(), 2U);
  EXPECT_EQ(status("scripted").counters.busy, 1U) << "refused once, not until a call came between";
}

TEST_F(ClockTest, TimersAndClockAreTheLoops) {
  start_online({"scripted"});
  const auto place = give("scripted", "timer 60000");
  ASSERT_TRUE(loop_.run_until([&] {
    const auto next = loop_.next_timer();
    return next.has_value();
  }));
  EXPECT_EQ(say("scripted", "timer-cancelled"), "-207 0 ");
  EXPECT_FALSE(place->has_value());
  pass(std::chrono::seconds(60));
  EXPECT_EQ(await(place).text, "0 0 ");
  const auto now = std::to_string(
      std::chrono::duration_cast<base::Milliseconds>(loop_.now().time_since_epoch()).count());
  EXPECT_THAT(say("scripted", "clock"), ::testing::StartsWith(now + " "));
}

TEST_P(InstanceTest, CapabilitiesAreAskedOnceAWhile) {
  start_online({"scripted"});
  const auto ask = [&] {
    std::optional<delivery::ChannelLimits> limits;
    host_->limits(base::InstanceName("scripted"), store::ChatKind::kGroup, "-100",
                  [&](delivery::ChannelLimits answer) { limits = answer; });
    EXPECT_TRUE(loop_.run_until([&] { return limits.has_value(); }));
    return limits.value_or(delivery::ChannelLimits{});
  };
  const delivery::ChannelLimits limits = ask();
  EXPECT_EQ(limits.capability_bits, PBAY_CAN_TEXT | PBAY_CAN_FILES);
  EXPECT_EQ(limits.chat.messages, 1U);
  EXPECT_EQ(limits.chat.period, base::Milliseconds(1000));
  EXPECT_EQ(limits.account.messages, 0U);
  EXPECT_EQ(ask().chat.messages, 1U);
  ASSERT_TRUE(stop_all());
  EXPECT_EQ(ask().capability_bits, 0U) << "of an instance that does not run nothing is known";
}

TEST_P(InstanceTest, TypingFactsAndReportsArePassedOn) {
  make_host();
  std::string fact;
  host_->on_metadata(
      [&](const base::InstanceName& /*name*/, const std::string& json) { fact = json; });
  ASSERT_TRUE(add("scripted").ok());
  ASSERT_TRUE(host_->start(inbound_, events_).ok());
  ASSERT_TRUE(comes("scripted", State::kOnline));
  host_->show_typing(base::InstanceName("scripted"), store::ChatKind::kGroup, "-100",
                     base::ThreadId());
  ASSERT_TRUE(loop_.run_until([&] { return !fact.empty(); }));
  EXPECT_EQ(fact, R"({"fact":"typing"})");
  EXPECT_EQ(run("scripted", "report r9").outcome, OutcomeClass::kDelivered);
  EXPECT_THAT(events_.reports, ElementsAre("r9||failed|bounced"));
  EXPECT_EQ(run("scripted", "reachable").outcome, OutcomeClass::kDelivered);
  EXPECT_THAT(events_.reachable, ElementsAre("scripted:group:-100"));
  EXPECT_EQ(status("scripted").last_error, "typing in -100");
}

TEST_P(InstanceTest, StatesTellWhatAPersonMustDo) {
  start_online({"scripted"});
  EXPECT_EQ(run("scripted", "state 3 pair").outcome, OutcomeClass::kDelivered);
  const InstanceStatus login = status("scripted");
  EXPECT_EQ(login.state, State::kLoginRequired);
  EXPECT_EQ(login.reason, "pair");
  EXPECT_EQ(login.user_action, "act");
  EXPECT_EQ(login.login_code, "123-456");
  EXPECT_EQ(run("scripted", "state 1 in").outcome, OutcomeClass::kDelivered);
  EXPECT_EQ(status("scripted").login_code, "");
  EXPECT_EQ(run("scripted", "state 99 nonsense").outcome, OutcomeClass::kDelivered);
  EXPECT_EQ(status("scripted").state, State::kOnline);
}

TEST_P(InstanceTest, ExtensionsThatThisHostLacksAreNull) {
  start_online({"scripted"});
  EXPECT_EQ(run("scripted", "missing-extensions").outcome, OutcomeClass::kDelivered);
}

TEST_P(InstanceTest, BadConfigurationsAreNamedAndTheOthersStart) {
  make_host();
  EXPECT_THAT(add("wrong", R"({"mod": "x"})").message(),
              AllOf(HasSubstr("instance 'wrong'"), HasSubstr("did you mean 'mode'?")));
  EXPECT_THAT(add("Bad Name").message(), HasSubstr("rename it"));
  EXPECT_THAT(host_
                  ->add_instance({.name = base::InstanceName("other"),
                                  .channel = base::ChannelName("scriptde"),
                                  .settings_json = "{}",
                                  .allowed_hosts = {}})
                  .message(),
              HasSubstr("did you mean 'scripted'?"));
  EXPECT_THAT(add("nojson", R"({"token": "hunter2)").message(),
              AllOf(HasSubstr("no JSON object"), ::testing::Not(HasSubstr("hunter2"))));
  ASSERT_TRUE(add("good").ok());
  EXPECT_FALSE(add("good").ok()) << "twice";
  ASSERT_TRUE(host_->start(inbound_, events_).ok());
  ASSERT_TRUE(comes("good", State::kOnline));
  EXPECT_EQ(status("wrong").state, State::kFailed);
  EXPECT_EQ(host_->state(base::InstanceName("wrong")), State::kFailed);
  EXPECT_THAT(host_->secret_settings(base::ChannelName("scripted")), ElementsAre("token"));
  ASSERT_TRUE(add("later").ok());
  EXPECT_TRUE(comes("later", State::kOnline)) << "also after the start";
}

TEST_P(InstanceTest, ARefusedConfigurationSaysWhatTheAdapterSaid) {
  make_host();
  ASSERT_TRUE(add("picky", R"({"mode": "refuse"})").ok());
  ASSERT_TRUE(add("good").ok());
  ASSERT_TRUE(host_->start(inbound_, events_).ok());
  ASSERT_TRUE(comes("picky", State::kFailed));
  ASSERT_TRUE(comes("good", State::kOnline));
  EXPECT_EQ(status("picky").reason, "mode 'refuse' is refused: use another");
  ASSERT_TRUE(stop_all());
}

INSTANTIATE_TEST_SUITE_P(Both, InstanceTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);

}  // namespace
}  // namespace patchbay::adapters
