// A chat that is called otherwise now keeps what was kept for it.
#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

using ChatMovesTest = StoreTest;

const base::InstanceName kTelegram("telegram");
const base::AgentGroupId kMain("main");
const base::ChatKey kOld("telegram:group:-4021");
const base::ChatKey kNew("telegram:group:-1004021");
const base::ChatKey kNewest("telegram:group:-1009");

std::vector<base::ChatKey> names(Repositories& r, const base::ChatKey& chat) {
  return r.chat_moves.names_of(kTelegram, chat).value();
}

base::Status move(Repositories& r, const base::ChatKey& from, const base::ChatKey& to) {
  return r.chat_moves.add({kTelegram, from, to}, "new id").status();
}

TEST_F(ChatMovesTest, AChatThatNeverMovedHasOneName) {
  unit([](Repositories& r) -> base::Status {
    EXPECT_EQ(names(r, kOld), std::vector{kOld});
    EXPECT_EQ(r.chat_moves.current(kTelegram, kOld).value(), kOld);
    return {};
  });
}

TEST_F(ChatMovesTest, EveryNameLeadsToAllAlsoAfterARestart) {
  unit([](Repositories& r) { return move(r, kOld, kNew); });
  unit([](Repositories& r) { return move(r, kNew, kNewest); });
  reopen();
  unit([](Repositories& r) -> base::Status {
    for (const base::ChatKey& name : {kOld, kNew, kNewest}) {
      EXPECT_EQ(names(r, name), (std::vector{kNewest, kNew, kOld})) << name.str();
    }
    EXPECT_EQ(names(r, base::ChatKey("telegram:group:-5")).size(), 1U);
    EXPECT_EQ(r.chat_moves.names_of(base::InstanceName("other"), kOld).value().size(), 1U);
    EXPECT_EQ(r.chat_moves.list().value().size(), 2U);
    return {};
  });
}

TEST_F(ChatMovesTest, AMoveThatIsToldAgainOrBackChangesNothing) {
  unit([](Repositories& r) -> base::Status {
    EXPECT_TRUE(r.chat_moves.add({kTelegram, kOld, kNew}, "n").value());
    EXPECT_FALSE(r.chat_moves.add({kTelegram, kOld, kNew}, "n").value());
    EXPECT_FALSE(r.chat_moves.add({kTelegram, kNew, kOld}, "o").value());
    EXPECT_FALSE(r.chat_moves.add({kTelegram, kNew, kNew}, "n").value());
    EXPECT_EQ(names(r, kOld).front(), kNew);
    return {};
  });
}

TEST_F(ChatMovesTest, WhatWasKeptByTheChatGoesAlong) {
  unit([](Repositories& r) -> base::Status {
    PATCHBAY_TRY(
        r.chats.upsert({kTelegram, kOld, ChatKind::kGroup, "-4021", "Family", at(5)}).status());
    PATCHBAY_TRY(r.chats.set_newest_message(kTelegram, kOld, {}, "77"));
    PATCHBAY_TRY(r.engagement.set_takes_part(kMain, kTelegram, kOld, {}, at(6)));
    PATCHBAY_TRY(
        r.destinations.ensure_channel(kMain, "Family", "Family", kTelegram, kOld).status());
    SessionRecord session;
    session.id = base::SessionId("s1");
    session.agent = kMain;
    session.key = "agent:main:telegram:group:-4021";
    session.instance = kTelegram;
    session.chat = kOld;
    PATCHBAY_TRY(r.sessions.insert(session));
    std::int64_t order = 0;
    for (const auto reason : {IntakeReason::kUnknownChat, IntakeReason::kSessionBusy}) {
      const std::string of = reason == IntakeReason::kSessionBusy ? "main/s1" : "";
      PATCHBAY_TRY(r.intake.insert({++order, reason, kTelegram, kOld, of, "{}", at(7)}).status());
    }
    return move(r, kOld, kNew);
  });
  unit([](Repositories& r) -> base::Status {
    EXPECT_FALSE(r.chats.find(kTelegram, kOld).value());
    const auto chat = r.chats.find(kTelegram, kNew).value();
    EXPECT_TRUE(chat && chat->platform_id == "new id" && chat->name == "Family");
    EXPECT_EQ(r.chats.newest_message(kTelegram, kOld, {}).value(), "");
    EXPECT_TRUE(r.engagement.takes_part(kMain, kTelegram, kNew, {}).value());
    EXPECT_FALSE(r.engagement.takes_part(kMain, kTelegram, kOld, {}).value());
    const auto destinations = r.destinations.list(kMain).value();
    EXPECT_EQ(destinations.size(), 1U);
    EXPECT_EQ(destinations.front().name, "family");
    EXPECT_EQ(destinations.front().chat, kNew);
    EXPECT_EQ(r.sessions.find(kMain, base::SessionId("s1")).value()->chat, kNew);
    const auto waiting = [&r](const base::ChatKey& key, IntakeReason reason) {
      return r.intake.count_of_chat(kTelegram, key, reason).value();
    };
    EXPECT_EQ(waiting(kNew, IntakeReason::kUnknownChat), 1);
    EXPECT_EQ(waiting(kOld, IntakeReason::kSessionBusy), 1);
    return {};
  });
}

// Something came by the new name before the move was told.
TEST_F(ChatMovesTest, WhatTheNewNameHadGivesWay) {
  unit([](Repositories& r) -> base::Status {
    for (const base::ChatKey& chat : {kOld, kNew}) {
      PATCHBAY_TRY(
          r.chats.upsert({kTelegram, chat, ChatKind::kGroup, "x", "Family", at(5)}).status());
      PATCHBAY_TRY(r.engagement.set_takes_part(kMain, kTelegram, chat, {}, at(6)));
      PATCHBAY_TRY(
          r.destinations.ensure_channel(kMain, "Family", "Family", kTelegram, chat).status());
    }
    PATCHBAY_TRY(move(r, kOld, kNew));
    const auto destinations = r.destinations.list(kMain).value();
    EXPECT_EQ(destinations.size(), 1U);
    EXPECT_EQ(destinations.front().name, "family");
    EXPECT_TRUE(r.chats.find(kTelegram, kNew).value());
    EXPECT_TRUE(r.engagement.takes_part(kMain, kTelegram, kNew, {}).value());
    return {};
  });
}

}  // namespace
}  // namespace patchbay::store
