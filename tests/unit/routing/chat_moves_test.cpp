// A group that its platform gives another id stays one conversation.
#include "routing/chat_moves.hpp"

#include <gmock/gmock.h>

#include "router_fixture.hpp"

namespace patchbay::routing {
namespace {

const base::InstanceName kTelegram("telegram");
const std::string kFact =
    R"({"fact":"chat_moved","from":{"kind":"group","id":"-1"},"to":{"kind":"group","id":"-1001"}})";

class ChatMovesTest : public RouterTest {
 protected:
  InboundEvent after_the_move(const std::string& id, const std::string& text = "hello") {
    return in_chat(message(id, text), "-1001");
  }
  std::vector<store::SessionRecord> sessions() {
    return ask([](store::Repositories& r) { return r.sessions.list({}, true, 10); });
  }
};

TEST(ReadChatMove, OnlyAWholeMoveIsOne) {
  const auto told = read_chat_move(kTelegram, kFact);
  ASSERT_TRUE(told.ok() && *told);
  EXPECT_EQ((*told)->move.from.str(), "telegram:group:-1");
  EXPECT_EQ((*told)->move.to.str(), "telegram:group:-1001");
  EXPECT_EQ((*told)->platform_id, "-1001");
  for (const char* other : {R"({"fact":"account","id":"7"})", "[]", "{", R"({"fact":7})"}) {
    const auto nothing = read_chat_move(kTelegram, other);
    EXPECT_TRUE(nothing.ok() && !*nothing) << other;
  }
  for (
      const char* broken :
      {R"({"fact":"chat_moved"})",
       R"({"fact":"chat_moved","from":"-1","to":{"kind":"group","id":"-2"}})",
       R"({"fact":"chat_moved","from":{"kind":"group","id":""},"to":{"kind":"group","id":"-2"}})",
       R"({"fact":"chat_moved","from":{"kind":"party","id":"-1"},"to":{"kind":"group","id":"-2"}})"}) {
    EXPECT_EQ(read_chat_move(kTelegram, broken).status().code(), base::Code::kInvalidArgument)
        << broken;
  }
}

TEST_F(ChatMovesTest, TheSessionGoesOnAndAnswersInTheNewChat) {
  EXPECT_EQ(route(message("7", "before")), SubmitOutcome::kStored);
  const auto session = session_of("main");
  router_->take_fact(kTelegram, kFact);
  EXPECT_EQ(route(after_the_move("1", "after")), SubmitOutcome::kStored);
  EXPECT_EQ(session_of("main"), session);
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+before", "+after"}));
  EXPECT_EQ(sessions_.rows[session].back().address.platform_id, "telegram:group:-1001");
  EXPECT_EQ(sessions().front().chat.str(), "telegram:group:-1001");
  EXPECT_EQ(sessions().front().key, "agent:main:telegram:group:-1");
  restart();
  EXPECT_EQ(route(after_the_move("2")), SubmitOutcome::kStored);
  EXPECT_EQ(session_of("main"), session);
}

// Telegram gives both in one answer, and the move is told before either is submitted.
TEST_F(ChatMovesTest, AnEventOfTheOldChatMayComeAfterTheMove) {
  router_->take_fact(kTelegram, kFact);
  EXPECT_EQ(route(message("7", "late")), SubmitOutcome::kStored);
  EXPECT_EQ(route(after_the_move("1", "new")), SubmitOutcome::kStored);
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+late", "+new"}));
  EXPECT_EQ(sessions().size(), 1U);
  EXPECT_EQ(sessions().front().chat.str(), "telegram:group:-1001");
}

TEST_F(ChatMovesTest, AWiringOfTheOldIdStillHoldsAndIsNamed) {
  config_.wirings = {wiring("telegram:dm:*", "main"), wiring("telegram:group:-1", "helper")};
  restart();
  EXPECT_EQ(route(message("7", "before")), SubmitOutcome::kStored);
  testing::internal::CaptureStderr();
  router_->take_fact(kTelegram, kFact);
  EXPECT_EQ(route(after_the_move("1", "after")), SubmitOutcome::kStored);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::ContainsRegex("routing.wiring_names_former_chat.*wirings.1..chats"));
  EXPECT_EQ(texts_of("helper"), (std::vector<std::string>{"+before", "+after"}));
}

TEST_F(ChatMovesTest, WhoWasMentionedInTheOldChatStillTakesPart) {
  config_.wirings = {wiring("telegram:*", "main", Engage::kMentionSticky)};
  restart();
  InboundEvent mention = message("7", "you");
  mention.mentions_me = true;
  EXPECT_EQ(route(mention), SubmitOutcome::kStored);
  router_->take_fact(kTelegram, kFact);
  EXPECT_EQ(route(after_the_move("1", "and you")), SubmitOutcome::kStored);
  EXPECT_EQ(texts_of("main").size(), 2U);
}

TEST_F(ChatMovesTest, WhatWasHeldForTheOldChatComesFirst) {
  config_.wirings = {wiring("telegram:dm:*", "main")};
  restart();
  EXPECT_EQ(route(message("7", "held")), SubmitOutcome::kIntake);
  router_->take_fact(kTelegram, kFact);
  EXPECT_EQ(route(after_the_move("1", "held too")), SubmitOutcome::kIntake);
  config_.wirings = {wiring("telegram:group:-1001", "main")};
  reconfigure();
  ASSERT_TRUE(eventually([&] { return texts_of("main").size() == 2; }));
  EXPECT_EQ(texts_of("main"), (std::vector<std::string>{"+held", "+held too"}));
  EXPECT_EQ(intake_rows(), 0);
}

}  // namespace
}  // namespace patchbay::routing
