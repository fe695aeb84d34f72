// Who gets a message, and that it is stored once.
#include "router_fixture.hpp"

namespace patchbay::routing {
namespace {

using RouterPolicyTest = RouterTest;

TEST_F(RouterPolicyTest, AMessageBecomesARowAsTheContractSays) {
  InboundEvent event = message("7");
  event.thread = base::ThreadId("3");
  EXPECT_EQ(route(event), SubmitOutcome::kStored);
  const auto& rows = sessions_.rows[session_of("main")];
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].id, "-1:7:main");
  EXPECT_EQ(rows[0].kind, session::InboundKind::kChat);
  EXPECT_EQ(rows[0].address, (session::ChatAddress{"telegram", "telegram:group:-1", "3"}));
  EXPECT_EQ(rows[0].timestamp, event.timestamp);
  EXPECT_TRUE(rows[0].trigger);
  const auto chat = ask([](store::Repositories& r) {
    return r.chats.find(base::InstanceName("telegram"), base::ChatKey("telegram:group:-1"));
  });
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->platform_id, "-1");
  EXPECT_EQ(ask([](store::Repositories& r) {
              return r.chats.newest_message(base::InstanceName("telegram"),
                                            base::ChatKey("telegram:group:-1"),
                                            base::ThreadId("3"));
            }),
            "7");
}

TEST_F(RouterPolicyTest, TheSameEventIsStoredOnce) {
  EXPECT_EQ(route(message("7")), SubmitOutcome::kStored);
  EXPECT_EQ(route(message("7")), SubmitOutcome::kDuplicate);
  restart();
  EXPECT_EQ(route(message("7")), SubmitOutcome::kDuplicate);
  // The two under way at once.
  const std::size_t first = submit(message("8"));
  const std::size_t second = submit(message("8"));
  ASSERT_TRUE(all_ended());
  EXPECT_EQ(outcomes_[first], SubmitOutcome::kStored);
  EXPECT_EQ(outcomes_[second], SubmitOutcome::kDuplicate);
  EXPECT_EQ(texts_of("main").size(), 2U);
}

TEST_F(RouterPolicyTest, ACrashBetweenRowAndDispositionEndsAsDuplicate) {
  sessions_.completions_are_lost = true;
  submit(message("7"));
  ASSERT_TRUE(eventually([&] { return !sessions_.rows.empty(); }));
  stop();
  outcomes_.clear();
  EXPECT_EQ(ask_seen("e7"), std::nullopt);
  sessions_.completions_are_lost = false;
  start();
  EXPECT_EQ(route(message("7")), SubmitOutcome::kDuplicate);
  EXPECT_EQ(texts_of("main").size(), 1U);
  EXPECT_EQ(route(message("7")), SubmitOutcome::kDuplicate);
}

TEST_F(RouterPolicyTest, OwnMessagesAndBotsAreRefused) {
  InboundEvent own = message("7");
  own.sender.is_self = true;
  EXPECT_EQ(route(own), SubmitOutcome::kRefused);
  InboundEvent bot = message("8");
  bot.sender.is_bot = true;
  EXPECT_EQ(route(bot), SubmitOutcome::kRefused);
  EXPECT_EQ(route(bot), SubmitOutcome::kDuplicate);
  EXPECT_TRUE(sessions_.rows.empty());
  const auto audit = ask([](store::Repositories& r) { return r.audit.list(10); });
  EXPECT_EQ(audit.size(), 2U);
  config_.bots = Bots::kLikePeople;
  reconfigure();
  bot.event_id = "other";
  EXPECT_EQ(route(bot), SubmitOutcome::kStored);
}

TEST_F(RouterPolicyTest, UnknownChatsGoByThePolicy) {
  config_.wirings.clear();
  config_.unknown_chats = UnknownChats::kDrop;
  reconfigure();
  EXPECT_EQ(route(message("1")), SubmitOutcome::kRefused);
  EXPECT_EQ(intake_rows(), 0);
  EXPECT_EQ(ask([](store::Repositories& r) { return r.audit.list(10); }).at(0).reason,
            "unknown_chat");
  config_.unknown_chats = UnknownChats::kIntake;
  reconfigure();
  EXPECT_EQ(route(message("2", "held")), SubmitOutcome::kIntake);
  EXPECT_EQ(route(message("2", "held")), SubmitOutcome::kDuplicate);
  EXPECT_EQ(intake_rows(), 1);
  EXPECT_TRUE(sessions_.rows.empty());
  config_.unknown_chats = UnknownChats::kDefaultAgent;
  reconfigure();
  // In a group it answers who addresses it; in a direct chat everybody does.
  EXPECT_EQ(route(message("3")), SubmitOutcome::kRefused);
  EXPECT_EQ(route(in_chat(message("4", "direct"), "42", store::ChatKind::kDirect)),
            SubmitOutcome::kStored);
  EXPECT_EQ(texts_of("main"), std::vector<std::string>{"+direct"});
}

TEST_F(RouterPolicyTest, HeldEventsAreRoutedInOrderOnceTheirChatIsNamed) {
  config_.wirings.clear();
  reconfigure();
  EXPECT_EQ(route(message("1", "one")), SubmitOutcome::kIntake);
  EXPECT_EQ(route(in_chat(message("9", "other chat"), "-2")), SubmitOutcome::kIntake);
  EXPECT_EQ(route(message("2", "two")), SubmitOutcome::kIntake);
  restart();
  config_.wirings = {wiring("telegram:group:-1", "main")};
  reconfigure();
  ASSERT_TRUE(eventually([&] { return texts_of("main").size() == 2; }));
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+one", "+two"}));
  ASSERT_TRUE(eventually([&] { return intake_rows() == 1; }));
  EXPECT_EQ(route(message("1", "one")), SubmitOutcome::kDuplicate);
}

TEST_F(RouterPolicyTest, NewEventsOfAChatWaitForThoseThatWereHeld) {
  config_.wirings.clear();
  reconfigure();
  for (int number = 1; number <= 50; ++number) {
    submit(message(std::to_string(number), std::to_string(number)));
  }
  // Some are planned and not settled when the chat gets its agent.
  config_.wirings = {wiring("telegram:*", "main")};
  reconfigure();
  const std::size_t other = submit(in_chat(message("x", "other"), "-2"));
  for (int number = 51; number <= 100; ++number) {
    submit(message(std::to_string(number), std::to_string(number)));
  }
  ASSERT_TRUE(all_ended());
  EXPECT_EQ(outcomes_[other], SubmitOutcome::kStored);
  ASSERT_TRUE(eventually([&] { return texts_of("main").size() == 101; }));
  int expected = 0;
  for (const std::string& text : texts_of("main")) {
    if (text != "+other") {
      EXPECT_EQ(text, "+" + std::to_string(++expected));
    }
  }
  ASSERT_TRUE(eventually([&] { return intake_rows() == 0; }));
}

TEST_F(RouterPolicyTest, AChatThatIsNamedTwiceIsReplayedOnce) {
  config_.wirings.clear();
  reconfigure();
  EXPECT_EQ(route(message("1", "one")), SubmitOutcome::kIntake);
  config_.wirings = {wiring("telegram:*", "main")};
  reconfigure();
  reconfigure();
  EXPECT_EQ(route(message("2", "two")), SubmitOutcome::kStored);
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+one", "+two"}));
}

TEST_F(RouterPolicyTest, AnUnknownChatIsHeldOnlyUpToALimit) {
  config_.wirings.clear();
  reconfigure();
  EXPECT_FALSE(router_->routes(message("0").chat));
  testing::internal::CaptureStderr();
  for (std::int64_t number = 0; number <= limits::kIntakeChatRows + 1; ++number) {
    submit(message(std::to_string(number)));
  }
  ASSERT_TRUE(all_ended());
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(outcomes_.back(), SubmitOutcome::kRefused);
  EXPECT_EQ(intake_rows(), limits::kIntakeChatRows);
  // The operator hears of it: once that messages wait, once that they are lost.
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_LT(log.find("routing.unwired_chat_held"), log.find("routing.unwired_chat_refused")) << log;
  const auto refused =
      ask([](store::Repositories& r) { return r.audit.count_by_chat(store::kUnknownChatFull); });
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].count, 2);
  config_.wirings = {wiring("telegram:*", "main")};
  reconfigure();
  EXPECT_TRUE(router_->routes(message("0").chat));
}

TEST_F(RouterPolicyTest, EachAgentDecidesForItself) {
  config_.wirings = {wiring("telegram:*", "main", Engage::kMention), wiring("*", "helper")};
  config_.wirings[0].ignored = Ignored::kAccumulate;
  reconfigure();
  EXPECT_EQ(route(message("1", "chatter")), SubmitOutcome::kStored);
  InboundEvent mention = message("2", "hey");
  mention.mentions_me = true;
  EXPECT_EQ(route(mention), SubmitOutcome::kStored);
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"-chatter", "+hey"}));
  EXPECT_EQ(texts_of("helper"), (std::vector<std::string>{"+chatter", "+hey"}));
  EXPECT_EQ(sessions_.rows[session_of("helper")][0].id, "-1:1:helper");
}

TEST_F(RouterPolicyTest, WhatDoesNotEngageIsRefusedQuietly) {
  config_.wirings = {wiring("telegram:*", "main", Engage::kMention)};
  reconfigure();
  EXPECT_EQ(route(message("1")), SubmitOutcome::kRefused);
  EXPECT_TRUE(ask([](store::Repositories& r) { return r.audit.list(10); }).empty());
  EXPECT_TRUE(ask([](store::Repositories& r) { return r.sessions.list({}, true, 10); }).empty());
}

TEST_F(RouterPolicyTest, AMentionSticksInItsThreadAndAcrossARestart) {
  config_.wirings = {wiring("telegram:*", "main", Engage::kMentionSticky)};
  config_.wirings[0].ignored = Ignored::kAccumulate;
  reconfigure();
  const auto say = [&](const std::string& id, const std::string& thread, bool mention) {
    InboundEvent event = message(id, id);
    event.thread = base::ThreadId(thread);
    event.mentions_me = mention;
    route(event);
  };
  // Context makes the session, and does not make the chat sticky.
  say("1", "a", false);
  say("2", "a", false);
  say("3", "a", true);
  say("4", "a", false);
  say("5", "b", false);
  restart();
  say("6", "a", false);
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"-1", "-2", "+3", "+4", "-5", "+6"}));
}

TEST_F(RouterPolicyTest, StrangersAreRefusedWhereOnlyKnownPeopleAreHeard) {
  config_.wirings[0].senders = Senders::kKnown;
  config_.owners = {"telegram:1"};
  reconfigure();
  EXPECT_EQ(route(message("1")), SubmitOutcome::kRefused);
  EXPECT_EQ(ask([](store::Repositories& r) { return r.audit.list(10); }).at(0).reason,
            "unknown_sender");
  InboundEvent owner = message("2");
  owner.sender.id = "1";
  EXPECT_EQ(route(owner), SubmitOutcome::kStored);
  ASSERT_TRUE(database_
                  ->run([](store::Repositories& r) {
                    return r.known_senders.add(base::AgentGroupId("main"),
                                               base::InstanceName("telegram"), "42", {});
                  })
                  .ok());
  EXPECT_EQ(route(message("3")), SubmitOutcome::kStored);
}

TEST_F(RouterPolicyTest, TheOperatorHearsOfStrangersWithTheLineToAdd) {
  config_.wirings[0].senders = Senders::kKnown;
  reconfigure();
  testing::internal::CaptureStderr();
  EXPECT_EQ(route(message("1")), SubmitOutcome::kRefused);
  EXPECT_EQ(route(message("2")), SubmitOutcome::kRefused);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_NE(log.find("warning routing.stranger_refused"), std::string::npos) << log;
  EXPECT_NE(log.find("telegram:42"), std::string::npos) << log;
  EXPECT_NE(log.find("people.owners"), std::string::npos) << log;
  const base::ChatKey chat = message("1").chat;
  EXPECT_TRUE(router_->is_stranger(base::InstanceName("telegram"), chat, "42"));
  config_.owners = {"telegram:42"};
  reconfigure();
  EXPECT_FALSE(router_->is_stranger(base::InstanceName("telegram"), chat, "42"));
  EXPECT_EQ(route(message("3")), SubmitOutcome::kStored);
}

TEST_F(RouterPolicyTest, AStrangerWhomAnotherAgentHearsIsNotRefused) {
  config_.wirings = {wiring("telegram:*", "main"), wiring("*", "helper")};
  config_.wirings[0].senders = Senders::kKnown;
  reconfigure();
  testing::internal::CaptureStderr();
  EXPECT_EQ(route(message("1")), SubmitOutcome::kStored);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(RouterPolicyTest, SessionsFollowModeAndScope) {
  config_.wirings = {wiring("telegram:*", "main"), wiring("telegram:*", "helper")};
  config_.wirings[0].session = session::SessionMode::kPerThread;
  config_.wirings[1].session = session::SessionMode::kAgentShared;
  reconfigure();
  InboundEvent event = message("1");
  event.thread = base::ThreadId("a");
  route(event);
  event = message("2");
  event.thread = base::ThreadId("b");
  route(event);
  route(in_chat(message("3"), "-2"));
  std::set<std::string> keys;
  for (const auto& session :
       ask([](store::Repositories& r) { return r.sessions.list({}, true, 10); })) {
    keys.insert(session.key);
  }
  EXPECT_EQ(keys, (std::set<std::string>{"agent:main:telegram:group:-1:topic:a",
                                         "agent:main:telegram:group:-1:topic:b",
                                         "agent:main:telegram:group:-2", "agent:helper:main"}));
  // The shared one answers where it was addressed last.
  const auto shared =
      ask([](store::Repositories& r) { return r.sessions.find_active("agent:helper:main"); });
  EXPECT_EQ(shared->chat.str(), "telegram:group:-2");
}

TEST_F(RouterPolicyTest, DestinationsAreKnownBeforeAWake) {
  route(message("1"));
  route(in_chat(message("2"), "-2"));
  const auto session = ask([](store::Repositories& r) {
    return r.sessions.find_active("agent:main:telegram:group:-2");
  });
  ASSERT_TRUE(session);
  std::optional<base::Result<session::SetRouting>> routing;
  router_->routing_for({session->agent, session->id},
                       [&](base::Result<session::SetRouting> result) { routing = result; });
  ASSERT_TRUE(eventually([&] { return routing.has_value(); }));
  ASSERT_TRUE(routing->ok());
  EXPECT_EQ((*routing)->default_address,
            (session::ChatAddress{"telegram", "telegram:group:-2", ""}));
  ASSERT_EQ((*routing)->destinations.size(), 2U);
  EXPECT_EQ((*routing)->destinations[0].name, "family");
  EXPECT_EQ((*routing)->destinations[1].name, "family-2");
  EXPECT_EQ((*routing)->destinations[1].display_name, "Family");
}

TEST_F(RouterPolicyTest, TheOwnChatIsADestinationWhateverTheListSays) {
  route(message("1"));
  ASSERT_TRUE(database_
                  ->run([](store::Repositories& r) {
                    return r.destinations.remove(base::AgentGroupId("main"), "family");
                  })
                  .ok());
  std::optional<base::Result<session::SetRouting>> routing;
  router_->routing_for(session_of("main"),
                       [&](base::Result<session::SetRouting> result) { routing = result; });
  ASSERT_TRUE(eventually([&] { return routing.has_value(); }));
  ASSERT_EQ((*routing)->destinations.size(), 1U);
  EXPECT_EQ((*routing)->destinations[0].chat.platform_id, "telegram:group:-1");
  EXPECT_EQ((*routing)->destinations[0].name, "family");
}

TEST_F(RouterPolicyTest, TooMuchAtOnceIsGivenBack) {
  for (std::size_t number = 0; number <= limits::kRoutingEvents; ++number) {
    submit(message(std::to_string(number)));
  }
  ASSERT_TRUE(all_ended());
  EXPECT_EQ(outcomes_.back(), SubmitOutcome::kBusy);
  EXPECT_EQ(outcomes_[outcomes_.size() - 2], SubmitOutcome::kStored);
  EXPECT_EQ(router_->numbers().under_way, 0U);
  EXPECT_EQ(texts_of("main").size(), limits::kRoutingEvents);
}

TEST_F(RouterPolicyTest, NothingOvertakesWhatWasGivenBack) {
  std::size_t ended = 0;
  std::size_t given_back = 0;
  std::size_t after_it = 0;
  for (std::size_t number = 0; number < limits::kRoutingEvents; ++number) {
    router_->submit(message(std::to_string(number)), [&](SubmitOutcome /*outcome*/) {
      ++ended;
      if (ended == 1) {
        submit(message("one more"));
        given_back = submit(message("too many"));
      } else if (ended == 2) {
        EXPECT_FALSE(outcomes_[given_back]) << "nobody has heard of it";
        after_it = submit(message("there is room"));
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return ended == limits::kRoutingEvents; }));
  ASSERT_TRUE(all_ended());
  EXPECT_EQ(outcomes_[given_back], SubmitOutcome::kBusy);
  EXPECT_EQ(outcomes_[after_it], SubmitOutcome::kBusy);
  EXPECT_EQ(route(message("too many")), SubmitOutcome::kStored);
}

TEST_F(RouterPolicyTest, EditsReactionsAndDeletionsAreRowsOfTheirOwn) {
  route(message("7", "first"));
  InboundEvent edit = message("7", "second");
  edit.kind = EventKind::kEdit;
  edit.target_id = "7";
  edit.event_id = "e8";
  EXPECT_EQ(route(edit), SubmitOutcome::kStored);
  edit.event_id = "e9";
  edit.text = "third";
  EXPECT_EQ(route(edit), SubmitOutcome::kStored);
  InboundEvent reaction = message("", "");
  reaction.kind = EventKind::kReaction;
  reaction.target_id = "7";
  reaction.event_id = "e10";
  reaction.emoji = "👍";
  EXPECT_EQ(route(reaction), SubmitOutcome::kStored);
  EXPECT_EQ(texts_of("main"),
            (std::vector<std::string>{"+first", "+second", "+third", "-(reacted with 👍)"}));
}

TEST_F(RouterPolicyTest, WhatWasSeenIsForgottenInTime) {
  route(message("7"));
  loop_.advance(limits::kSeenKept);
  EXPECT_TRUE(ask_seen("e7"));
  for (int round = 0; round < 3; ++round) {
    loop_.advance(limits::kPruneInterval);
    ask_seen("e7");  // what is queued at the database has ended then
  }
  EXPECT_FALSE(ask_seen("e7"));
  // The row's id still says that it is there.
  EXPECT_EQ(route(message("7")), SubmitOutcome::kDuplicate);
}

}  // namespace
}  // namespace patchbay::routing
