#include "telegram_test.hpp"

namespace patchbay::telegram {
namespace {

using sdk::StateKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testkit::LogLine;
using testkit::SubmitAnswer;

class Polling : public TelegramTest {};

TEST_F(Polling, ComesOnlineAndSaysWhoItIs) {
  start_idle();
  EXPECT_EQ(host_->states().front().kind, StateKind::kConnecting);
  EXPECT_EQ(state().kind, StateKind::kOnline);
  ASSERT_EQ(host_->facts().size(), 1U);
  EXPECT_EQ(json::parse(host_->facts()[0])["can_read_all_group_messages"], true);
}

TEST_F(Polling, PrivacyModeIsSaidWithItsRemedy) {
  expect_me(false);
  expect_silence();
  host_->start();
  EXPECT_THAT(host_->log(), Contains(Field(&LogLine::text, HasSubstr("/setprivacy"))));
}

TEST_F(Polling, EveryPollNamesWhatItWants) {
  start_idle();
  host_->advance(seconds(65));
  const auto polls = requests_to("getUpdates");
  ASSERT_EQ(polls.size(), 3U);
  for (const auto* poll : polls) {
    const json body = json::parse(poll->body);
    EXPECT_THAT(
        body["allowed_updates"].get<std::vector<std::string>>(),
        testing::IsSupersetOf({"message", "edited_message", "callback_query", "my_chat_member"}));
    EXPECT_EQ(body["timeout"], 30);
    EXPECT_EQ(body["limit"], 100);
    EXPECT_EQ(poll->timeout_ms, 40'000);
    EXPECT_FALSE(body.contains("offset"));
  }
}

TEST_F(Polling, OffsetMovesOnlyAfterTheHostHasStored) {
  host_->hold_submits();
  start_with({"private_text", "group_mention"});
  EXPECT_EQ(host_->events().size(), 2U);
  host_->advance(seconds(120));
  EXPECT_EQ(host_->kv().count("offset"), 0U);
  EXPECT_EQ(requests_to("getUpdates").size(), 1U);  // one poller, and it waits
  host_->release_submits();
  host_->run_ready();
  EXPECT_EQ(host_->kv()["offset"], "505");
  ASSERT_EQ(requests_to("getUpdates").size(), 2U);
  EXPECT_EQ(last_body("getUpdates")["offset"], 505);
}

TEST_F(Polling, RestartGoesOnWhereTheOffsetStands) {
  start_with({"private_text"});
  const auto kv = host_->kv();
  make_host(kv);
  start_idle();
  EXPECT_EQ(last_body("getUpdates")["offset"], 502);
  EXPECT_TRUE(host_->events().empty());
}

TEST_F(Polling, KilledBeforeStoringMeansThatTelegramRepeats) {
  host_->hold_submits();
  start_with({"private_text"});
  const auto kv = host_->kv();
  host_->release_submits();
  make_host(kv);
  start_idle();
  EXPECT_FALSE(last_body("getUpdates").contains("offset"));
}

TEST_F(Polling, WhatTheHostCannotStoreIsSubmittedAgainInOrder) {
  int busy = 2;
  std::vector<std::string> stored;
  host_->on_submit([&](const sdk::Event& event) {
    if (busy > 0) {
      --busy;
      return SubmitAnswer{PBAY_E_BUSY, PBAY_NOT_STORED};
    }
    stored.push_back(event.chat.id);
    return SubmitAnswer{};
  });
  start_with({"private_text", "group_text"});
  EXPECT_EQ(host_->kv().count("offset"), 0U);
  host_->advance(seconds(1));
  EXPECT_EQ(stored, (std::vector<std::string>{"1111", "-4021"}));
  EXPECT_EQ(host_->kv().count("offset"), 1U);
}

TEST_F(Polling, DuplicateIntakeAndRefusedAreAcknowledged) {
  for (const std::uint64_t value : {PBAY_DUPLICATE, PBAY_INTAKE, PBAY_REFUSED}) {
    make_host();
    host_->on_submit([value](const sdk::Event&) { return SubmitAnswer{PBAY_OK, value}; });
    start_with({"private_text"});
    EXPECT_EQ(host_->kv()["offset"], "502") << value;
  }
}

TEST_F(Polling, WhatTheHostCanNeverTakeDoesNotStopTheRest) {
  host_->on_submit([](const sdk::Event& event) {
    return event.chat.id == "1111" ? SubmitAnswer{PBAY_E_INVALID, PBAY_NOT_STORED} : SubmitAnswer{};
  });
  start_with({"private_text", "group_text"});
  EXPECT_EQ(host_->kv().count("offset"), 1U);
  EXPECT_THAT(host_->log(), Contains(Field(&LogLine::text, HasSubstr("message 42 of chat 1111"))));
}

TEST_F(Polling, WhatIsNoUpdateDoesNotStopTheRest) {
  expect_me();
  json updates = json::array({{{"nonsense", 1}}, 7});
  updates.push_back(json::parse(fixture("private_text")));
  expect("getUpdates").answer(200, ok(updates));
  expect_silence();
  host_->start();
  EXPECT_EQ(host_->events().size(), 1U);
  EXPECT_EQ(host_->kv()["offset"], "502");
}

// "If there are no new updates for at least a week, then identifier of the next update will be
// chosen randomly": https://core.telegram.org/bots/api#update
TEST_F(Polling, IdsThatStartAnewAreConfirmedToo) {
  make_host({{"offset", "900000"}});
  start_with({"private_text"});
  EXPECT_EQ(host_->kv()["offset"], "502");
  EXPECT_EQ(last_body("getUpdates")["offset"], 502);
}

TEST_F(Polling, ABatchOfNonsenseIsNoTightLoop) {
  expect_me();
  expect("getUpdates").always().answer(200, ok(json::array({7})));
  host_->start();
  host_->advance(std::chrono::minutes(10));
  EXPECT_LE(requests_to("getUpdates").size(), 11U);
}

TEST_F(Polling, OffsetThatCannotBeStoredIsTriedAgain) {
  host_->fail_kv_writes(2, PBAY_E_RETRY);
  start_with({"private_text"});
  EXPECT_EQ(requests_to("getUpdates").size(), 1U);
  host_->advance(seconds(2));
  EXPECT_EQ(host_->kv()["offset"], "502");
  EXPECT_EQ(host_->events().size(), 1U);
}

// A stale poll of ours, after a crash, stays open for 30 s and is no reason to die or to hurry.
TEST_F(Polling, ConflictsWaitLongerThanAStalePollAndEnd) {
  expect_me();
  expect_refusal("getUpdates", 409,
                 "Conflict: terminated by other getUpdates request; make sure that only one bot "
                 "instance is running")
      .times(5);
  expect_silence();
  host_->start();
  EXPECT_EQ(state().kind, StateKind::kDegraded);
  EXPECT_THAT(state().reason, HasSubstr("another program"));
  EXPECT_NE(state().user_action, "");
  host_->advance(seconds(31));
  EXPECT_EQ(requests_to("getUpdates").size(), 1U);
  host_->advance(seconds(5 * 35 - 31));
  EXPECT_EQ(requests_to("getUpdates").size(), 6U);
  host_->advance(seconds(30));
  EXPECT_EQ(state().kind, StateKind::kOnline);
}

TEST_F(Polling, AWebhookIsNamedAsTheReason) {
  expect_me();
  expect_refusal(
      "getUpdates", 409,
      "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to "
      "delete the webhook first");
  expect_silence();
  host_->start();
  EXPECT_EQ(state().kind, StateKind::kDegraded);
  EXPECT_THAT(state().user_action, HasSubstr("deleteWebhook"));
}

TEST_F(Polling, ARefusedTokenStopsAndSaysWhatToDo) {
  for (const int code : {401, 404}) {
    make_host();
    expect_refusal("getMe", code, code == 401 ? "Unauthorized" : "Not Found");
    host_->start();
    host_->advance(std::chrono::hours(1));
    EXPECT_EQ(requests_to("getMe").size(), 1U);
    EXPECT_EQ(state().kind, StateKind::kFailed);
    EXPECT_THAT(state().user_action, HasSubstr("@BotFather"));
    EXPECT_THAT(state().user_action, HasSubstr("restart patchbay"));
  }
}

TEST_F(Polling, ATokenRevokedLaterStops) {
  expect_me();
  expect_refusal("getUpdates", 401, "Unauthorized");
  host_->start();
  host_->advance(std::chrono::hours(1));
  EXPECT_EQ(requests_to("getUpdates").size(), 1U);
  EXPECT_EQ(state().kind, StateKind::kFailed);
}

TEST_F(Polling, TroubleBacksOffAndEnds) {
  expect("getMe").drop_before_sent().times(3);
  expect_me();
  expect("getUpdates").answer(502, "<html>Bad Gateway</html>");
  expect_refusal("getUpdates", 500, "Internal Server Error");
  expect_silence();
  host_->start();
  EXPECT_EQ(state().kind, StateKind::kDegraded);
  EXPECT_THAT(state().reason, HasSubstr("cannot be reached"));
  host_->advance(seconds(60));
  EXPECT_EQ(state().kind, StateKind::kOnline);
  EXPECT_EQ(requests_to("getMe").size(), 4U);
}

TEST_F(Polling, RateLimitsAreKept) {
  expect_me();
  expect_refusal("getUpdates", 429, "Too Many Requests: retry after 17", {{"retry_after", 17}});
  expect_silence();
  host_->start();
  EXPECT_EQ(state().kind, StateKind::kRateLimited);
  host_->advance(milliseconds(16'900));
  EXPECT_EQ(requests_to("getUpdates").size(), 1U);
  host_->advance(milliseconds(200));
  EXPECT_EQ(requests_to("getUpdates").size(), 2U);
}

TEST_F(Polling, AnAnswerWithoutWaitingIsNoTightLoop) {
  expect_me();
  expect("getUpdates").always().answer(200, ok(json::array()));
  host_->start();
  host_->advance(seconds(10));
  EXPECT_LE(requests_to("getUpdates").size(), 21U);
}

TEST_F(Polling, StopDoesNotWaitForThePoll) {
  start_idle();
  host_->stop(seconds(10));
  EXPECT_TRUE(host_->stopped());
}

TEST_F(Polling, MovedGroupsAreRebound) {
  start_with({"migrated_to_supergroup", "migrated_from_group"});
  EXPECT_EQ(host_->kv()["moved/-4021"], "-1004021004021");
  EXPECT_EQ(host_->facts().size(), 2U);  // the account, and one move
  EXPECT_TRUE(host_->events().empty());
  EXPECT_EQ(host_->kv().count("offset"), 1U);
  expect("sendMessage").json("/chat_id", "-1004021004021").answer(200, ok(sent_message(1)));
  EXPECT_TRUE(delivered(message("-4021", "hi")).ok());
}

// What is kept was told, so a host that died in between is told when Telegram repeats it.
TEST_F(Polling, AMoveIsToldBeforeItIsKept) {
  host_->fail_kv_writes(1, PBAY_E_RETRY);
  start_with({"migrated_to_supergroup"});
  EXPECT_EQ(host_->kv().count("moved/-4021"), 0U);
  ASSERT_EQ(host_->facts().size(), 2U);  // the account, and the move
  EXPECT_EQ(json::parse(host_->facts()[1]),
            json({{"fact", "chat_moved"},
                  {"from", {{"kind", "group"}, {"id", "-4021"}}},
                  {"to", {{"kind", "group"}, {"id", "-1004021004021"}}}}));
  host_->advance(seconds(1));
  EXPECT_EQ(host_->kv()["moved/-4021"], "-1004021004021");
}

TEST_F(Polling, AnAnswerThatIsTooLargeIsAskedForInSmallerPieces) {
  expect_me();
  const std::string large(9 * 1024 * 1024, ' ');
  expect("getUpdates").json("/limit", "100").answer(200, large);
  expect("getUpdates").json("/limit", "50").answer(200, large);
  expect_updates({"private_text"}).json("/limit", "25");
  expect_silence();
  host_->start();
  EXPECT_EQ(host_->kv()["offset"], "502");
  EXPECT_EQ(state().kind, StateKind::kOnline);
  EXPECT_EQ(last_body("getUpdates")["limit"], 50);  // grows again
}

TEST_F(Polling, AHundredLongMessagesFitInOneAnswer) {
  expect_me();
  const std::string six_megabytes = ok(json::array()) + std::string(6 * 1024 * 1024, ' ');
  expect("getUpdates").answer(200, six_megabytes);
  expect_silence();
  host_->start();
  host_->advance(seconds(1));
  EXPECT_EQ(last_body("getUpdates")["limit"], 100);
}

TEST_F(Polling, OneUpdateThatIsTooLargeIsPassedOverByItsNumber) {
  make_host({{"offset", "505"}});
  expect_me();
  const std::string large(9 * 1024 * 1024, ' ');
  expect("getUpdates").json("/offset", "505").times(7).answer(200, large);
  expect("getUpdates").json("/offset", "506").always().answer(200, ok(json::array()));
  host_->start();
  host_->advance(seconds(2));
  EXPECT_EQ(host_->kv()["offset"], "506");
  EXPECT_THAT(host_->log(), Contains(Field(&LogLine::text, HasSubstr("update 505 was left out"))));
  EXPECT_EQ(last_body("getUpdates")["offset"], 506);
  EXPECT_EQ(state().kind, StateKind::kOnline);
}

TEST_F(Polling, AFirstUpdateThatIsTooLargeSaysWhatToDoAndIsNoTightLoop) {
  expect_me();
  expect("getUpdates").always().answer(200, std::string(9 * 1024 * 1024, ' '));
  host_->start();
  host_->advance(std::chrono::minutes(10));
  EXPECT_LE(requests_to("getUpdates").size(), 30U);
  EXPECT_EQ(host_->kv().count("offset"), 0U);
  EXPECT_EQ(state().kind, StateKind::kDegraded);
  EXPECT_THAT(state().user_action, HasSubstr("update_id"));
}

TEST_F(Polling, UnblockedPeopleCanBeReachedAgain) {
  start_with({"bot_unblocked_by_person"});
  ASSERT_EQ(host_->reachable().size(), 1U);
  EXPECT_EQ(host_->reachable()[0].id, "1111");
}

TEST_F(Polling, TranslateIsTheLivePath) {
  start_idle();
  EXPECT_EQ(host_->translate("update", fixture("group_mention")), PBAY_OK);
  ASSERT_EQ(host_->events().size(), 1U);
  EXPECT_TRUE(host_->events()[0].mentions_me);
  EXPECT_EQ(host_->translate("update", "{"), PBAY_E_INVALID);
  EXPECT_EQ(host_->translate("message", fixture("group_mention")), PBAY_E_INVALID);
  EXPECT_EQ(host_->translate("update", fixture("people_joined")), PBAY_OK);
  EXPECT_EQ(host_->events().size(), 1U);
}

}  // namespace
}  // namespace patchbay::telegram
