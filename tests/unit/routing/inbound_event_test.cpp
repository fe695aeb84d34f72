#include "routing/inbound_event.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/random.hpp"
#include "routing/inbound_row.hpp"

namespace patchbay::routing {
namespace {

std::string some_text(base::Random& random) {
  static constexpr std::array<std::string_view, 6> kPieces{"",         "plain", "ü€😀",
                                                           "\"\\\n\t", "a:b/c", "{\"x\":1}"};
  return std::string(kPieces.at(random.below(kPieces.size()))) +
         std::string(kPieces.at(random.below(kPieces.size())));
}

InboundEvent some_event(base::Random& random) {
  InboundEvent event;
  event.instance = base::InstanceName("work-slack");
  event.channel = base::ChannelName("slack");
  event.kind = static_cast<EventKind>(random.below(7));
  event.event_id = "e" + some_text(random);
  event.message_id = some_text(random);
  event.target_id = some_text(random);
  event.emoji = some_text(random);
  event.action = some_text(random);
  event.mentions_me = random.below(2) == 0;
  event.removed = random.below(2) == 0;
  event.backfill = random.below(2) == 0;
  event.chat_kind = static_cast<store::ChatKind>(random.below(3));
  event.chat_id = some_text(random);
  event.chat = base::ChatKey("work-slack:channel:C1");
  event.thread = base::ThreadId(some_text(random));
  event.chat_name = some_text(random);
  event.sender = {some_text(random), some_text(random), random.below(2) == 0, random.below(2) == 0};
  event.timestamp = base::WallTime(base::Milliseconds(random.below(1ULL << 42U)));
  event.text = some_text(random);
  event.reply_to = {some_text(random), some_text(random), some_text(random)};
  for (std::uint64_t count = random.below(4); count > 0; --count) {
    event.files.push_back({"image", some_text(random), some_text(random), some_text(random),
                           some_text(random), some_text(random),
                           static_cast<std::int64_t>(random.below(1000)) - 1});
  }
  event.group_id = some_text(random);
  event.extra_json = some_text(random);
  return event;
}

TEST(InboundEvent, ComesBackFromJsonAsItWas) {
  base::Random random(20260131);
  for (int round = 0; round < 500; ++round) {
    const InboundEvent event = some_event(random);
    const nlohmann::json json = to_json(event);
    const auto parsed = base::parse_json(json.dump());
    ASSERT_TRUE(parsed.ok());
    const auto back = event_from_json(*parsed);
    ASSERT_TRUE(back.ok()) << json.dump();
    EXPECT_EQ(to_json(*back), json);
    EXPECT_EQ(back->text, event.text);
    EXPECT_EQ(back->files.size(), event.files.size());
    EXPECT_EQ(back->timestamp, event.timestamp);
  }
}

TEST(InboundEvent, WhatIsNoneIsRefused) {
  base::Random random(1);
  const nlohmann::json good = to_json(some_event(random));
  EXPECT_FALSE(event_from_json(nlohmann::json::array()).ok());
  for (const char* key : {"instance", "kind", "event_id", "chat", "chat_kind"}) {
    nlohmann::json bad = good;
    bad.erase(key);
    EXPECT_FALSE(event_from_json(bad).ok()) << key;
  }
  nlohmann::json bad = good;
  bad["text"] = 5;
  EXPECT_FALSE(event_from_json(bad).ok());
  bad = good;
  bad["files"] = "none";
  EXPECT_FALSE(event_from_json(bad).ok());
}

InboundEvent plain() {
  InboundEvent event;
  event.instance = base::InstanceName("telegram");
  event.channel = base::ChannelName("telegram");
  event.event_id = "9";
  event.message_id = "7";
  event.chat_id = "-1";
  event.chat = base::ChatKey("telegram:group:-1");
  event.chat_kind = store::ChatKind::kGroup;
  event.sender = {"42", "Ann", false, false};
  event.text = "hello";
  return event;
}

TEST(Content, HasTheShapeOfTheContract) {
  InboundEvent event = plain();
  event.mentions_me = true;
  event.reply_to = {"5", "earlier", "Bob"};
  event.extra_json = R"({"premium":true})";
  EXPECT_EQ(content_of(event, nlohmann::json::array()),
            R"({"text":"hello","sender":"Ann","senderId":"42","senderName":"Ann",)"
            R"("attachments":[],"replyTo":{"id":"5","sender":"Bob","text":"earlier"},)"
            R"("isMention":true,"isGroup":true,"extra":{"premium":true}})");
}

TEST(Content, OfADirectMessageIsShort) {
  InboundEvent event = plain();
  event.chat_kind = store::ChatKind::kDirect;
  event.sender.name.clear();
  EXPECT_EQ(content_of(event, nlohmann::json::array()),
            R"({"text":"hello","sender":"42","senderId":"42","attachments":[]})");
}

TEST(Content, OfEditsReactionsAndDeletionsSaysWhatTheyAreAbout) {
  InboundEvent event = plain();
  event.kind = EventKind::kEdit;
  event.target_id = "5";
  auto content = nlohmann::json::parse(content_of(event, {}));
  EXPECT_EQ(content["edited"], true);
  EXPECT_EQ(content["text"], "hello");
  EXPECT_EQ(content["extra"]["editedMessageId"], "5");
  EXPECT_EQ(row_id_of(event, base::AgentGroupId("main")), "-1:5:edit:9:main");
  event.kind = EventKind::kReaction;
  event.emoji = "👍";
  content = nlohmann::json::parse(content_of(event, {}));
  EXPECT_EQ(content["text"], "(reacted with 👍)");
  EXPECT_EQ(content["replyTo"]["id"], "5");
  EXPECT_EQ(row_id_of(event, base::AgentGroupId("main")), "-1:5:react:9:main");
  event.kind = EventKind::kDelete;
  EXPECT_EQ(row_id_of(event, base::AgentGroupId("main")), "-1:5:del:main");
}

TEST(Content, OfAButtonIsWhatTheWaitingToolGrepsFor) {
  InboundEvent event = plain();
  event.kind = EventKind::kAction;
  event.target_id = "q1";
  event.action = "yes";
  const auto row = row_of(event, "id", Wakes::kYes, {});
  EXPECT_EQ(row.kind, session::InboundKind::kSystem);
  EXPECT_EQ(
      row.content,
      R"({"type":"question_response","questionId":"q1","selectedOption":"yes","userId":"42"})");
  EXPECT_EQ(row_id_of(event, base::AgentGroupId("main")), "-1:action.9:main");
}

TEST(WaitingRow, ComesBackFromTextAsItWas) {
  WaitingRow waiting;
  waiting.row = row_of(plain(), "-1:7:main", Wakes::kNo, nlohmann::json::array());
  waiting.row.address.thread_id = "5";
  waiting.row.attachments_pending = true;
  waiting.event_id = "message:7";
  waiting.pending_event = "{}";
  const auto back = waiting_row_from_text(to_text(waiting));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->row.id, waiting.row.id);
  EXPECT_EQ(back->row.content, waiting.row.content);
  EXPECT_EQ(back->row.address, waiting.row.address);
  EXPECT_EQ(back->row.timestamp, waiting.row.timestamp);
  EXPECT_FALSE(back->row.trigger);
  EXPECT_TRUE(back->row.attachments_pending);
  EXPECT_EQ(back->event_id, "message:7");
  EXPECT_EQ(back->pending_event, "{}");
  EXPECT_FALSE(waiting_row_from_text("[]").ok());
  EXPECT_FALSE(waiting_row_from_text("{}").ok());
}

}  // namespace
}  // namespace patchbay::routing
