#include "telegram/update.hpp"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"
#include "fixture.hpp"

namespace patchbay::telegram {
namespace {

using sdk::Chat;
using sdk::ChatKind;
using sdk::Event;
using sdk::EventKind;
using sdk::FileKind;
using testing::HasSubstr;

Identity me() { return {"7001", "patchbay_bot", "Patchbay", true}; }

Meaning meaning_of(const std::string& name) {
  const auto update = common::parse_json(fixture(name));
  EXPECT_TRUE(update.has_value()) << name;
  const auto meaning = read_update(*update, me());
  EXPECT_TRUE(meaning.has_value()) << name;
  return *meaning;
}

Event event_of(const std::string& name) {
  const Meaning meaning = meaning_of(name);
  EXPECT_TRUE(meaning.event.has_value()) << name;
  return meaning.event.value_or(Event());
}

TEST(Update, PrivateText) {
  const Event event = event_of("private_text");
  EXPECT_EQ(event.kind, EventKind::kMessage);
  EXPECT_EQ(event.event_id, "message:42");
  EXPECT_EQ(event.message_id, "42");
  EXPECT_EQ(event.chat, Chat(ChatKind::kDirect, "1111"));
  EXPECT_EQ(event.chat.key("telegram", "telegram").text(), "telegram:dm:1111");
  EXPECT_EQ(event.chat_name, "Anna Berg");
  EXPECT_EQ(event.sender.id, "1111");
  EXPECT_EQ(event.sender.name, "Anna Berg");
  EXPECT_EQ(event.timestamp_ms, 1767225600000);
  EXPECT_EQ(event.text, "Hello 😀 bot");
  EXPECT_TRUE(event.mentions_me);
}

TEST(Update, GroupKeys) {
  EXPECT_EQ(event_of("group_text").chat.key("telegram", "telegram").text(), "telegram:group:-4021");
  EXPECT_EQ(event_of("topic_text").chat.key("work-tg", "telegram").text(),
            "work-tg:group:-1009876543210:topic:7");
  EXPECT_EQ(event_of("channel_post").chat.key("telegram", "telegram").text(),
            "telegram:channel:-1005550001");
}

TEST(Update, WhatMentionsTheBot) {
  const std::pair<const char*, bool> cases[] = {
      {"group_text", false},
      {"group_mention", true},
      {"group_mention_of_other", false},
      {"group_text_mention", true},
      {"group_command_with_bot_name", true},
      {"group_command_for_other_bot", false},
      {"group_command_plain", false},
      {"group_reply_to_bot", true},
      {"group_reply_with_quote", false},
      {"group_caption_mention", true},
      {"topic_text", false},  // Telegram calls every message of a topic an answer to its first one
      {"topic_reply_to_bot", true},
      {"anonymous_admin_text", false},
  };
  for (const auto& [name, expected] : cases) {
    EXPECT_EQ(event_of(name).mentions_me, expected) << name;
  }
}

TEST(Update, OwnNameLeavesACommand) {
  EXPECT_EQ(event_of("group_command_with_bot_name").text, "/new please");
  EXPECT_EQ(event_of("group_command_for_other_bot").text, "/new@other_bot please");
  EXPECT_EQ(event_of("group_mention").text, "😀 hi @patchbay_bot, look");
}

TEST(Update, TopicsAreOnlyWhatTelegramCallsTopics) {
  EXPECT_EQ(event_of("topic_text").chat.thread_id, "7");
  EXPECT_EQ(event_of("topic_text").reply_to_id, "");
  EXPECT_EQ(event_of("topic_reply_to_bot").reply_to_id, "41");
  EXPECT_EQ(event_of("topic_general_text").chat.thread_id, "");
  EXPECT_EQ(event_of("group_thread_without_topic").chat.thread_id, "");
  EXPECT_EQ(event_of("private_topic_text").chat.thread_id, "9");
}

TEST(Update, Answers) {
  const Event event = event_of("group_reply_to_bot");
  EXPECT_EQ(event.reply_to_id, "40");
  EXPECT_EQ(event.reply_to_text, "Shall I?");
  EXPECT_EQ(event.reply_to_sender, "Patchbay");
  EXPECT_EQ(event_of("group_reply_with_quote").reply_to_text, "a part");
}

TEST(Update, WhoWritesAsAChatIsThatChat) {
  const Event event = event_of("anonymous_admin_text");
  EXPECT_EQ(event.sender.id, "-1001234567890");
  EXPECT_EQ(event.sender.name, "Workshop");
  EXPECT_FALSE(event.sender.is_bot);
}

TEST(Update, EditsAreEvents) {
  const Event event = event_of("edited_text");
  EXPECT_EQ(event.kind, EventKind::kEdit);
  EXPECT_EQ(event.target_id, "42");
  EXPECT_THAT(event.event_id, testing::StartsWith("update:"));
  EXPECT_EQ(event.timestamp_ms, 1767225700000);
}

TEST(Update, MarksBecomeCommonMark) {
  EXPECT_EQ(event_of("text_with_marks").text,
            "😀 **bold** and `code` and [a link](https://example.org/?a=1)\n```python\nx = 1\n```");
}

TEST(Update, Files) {
  const std::tuple<const char*, FileKind, const char*, const char*, const char*> cases[] = {
      {"photo_with_caption", FileKind::kImage, "large", "image/jpeg", ""},
      {"group_caption_mention", FileKind::kImage, "large", "image/jpeg", ""},
      {"document_19_mb", FileKind::kDocument, "doc19", "application/pdf", "report.pdf"},
      {"voice", FileKind::kVoice, "voice1", "audio/ogg", ""},
      {"audio", FileKind::kAudio, "audio1", "audio/mpeg", "b.mp3"},
      {"video", FileKind::kVideo, "video1", "video/mp4", "clip.mp4"},
      {"video_note", FileKind::kVideo, "note1", "video/mp4", ""},
      {"animation", FileKind::kVideo, "anim1", "video/mp4", "g.mp4"},
      {"sticker", FileKind::kSticker, "stick1", "image/webp", ""},
  };
  for (const auto& [name, kind, reference, mime, file_name] : cases) {
    const Event event = event_of(name);
    ASSERT_EQ(event.files.size(), 1U) << name;
    EXPECT_EQ(event.files[0].kind, kind) << name;
    EXPECT_EQ(event.files[0].reference, reference) << name;
    EXPECT_EQ(event.files[0].mime, mime) << name;
    EXPECT_EQ(event.files[0].name, file_name) << name;
  }
  EXPECT_EQ(event_of("photo_with_caption").text, "a cat");
}

TEST(Update, FilesOverTheLimitSayWhy) {
  const Event event = event_of("document_over_20_mb");
  ASSERT_EQ(event.files.size(), 1U);
  EXPECT_EQ(event.files[0].reference, "");
  EXPECT_THAT(event.files[0].error, HasSubstr("31 MB; Telegram lets bots download at most 20 MB"));
  EXPECT_EQ(event.text, "too large");
}

TEST(Update, AlbumsKeepTogether) {
  EXPECT_EQ(event_of("album_first").group_id, "13579");
  EXPECT_EQ(event_of("album_second").group_id, "13579");
  EXPECT_NE(event_of("album_first").event_id, event_of("album_second").event_id);
}

TEST(Update, ThingsWithoutTextAreTold) {
  EXPECT_EQ(event_of("location").text, "Location: 52.5163, 13.3777");
  EXPECT_EQ(event_of("contact").text, "Contact: Carl D +491234567");
  EXPECT_EQ(event_of("poll").text, "Poll: Lunch?\n- yes\n- no");
  EXPECT_EQ(event_of("sticker").text, "👍");
}

TEST(Update, Buttons) {
  const Meaning meaning = meaning_of("button_pressed");
  EXPECT_EQ(meaning.callback_query_id, "4382bfdwdsb323b2d9");
  ASSERT_TRUE(meaning.event.has_value());
  EXPECT_EQ(meaning.event->kind, EventKind::kAction);
  EXPECT_EQ(meaning.event->action, "yes");
  EXPECT_EQ(meaning.event->target_id, "60");
  EXPECT_EQ(meaning.event->sender.id, "1111");
  EXPECT_EQ(meaning.event->event_id, "callback:4382bfdwdsb323b2d9");
  EXPECT_EQ(event_of("button_on_inaccessible_message").target_id, "61");
  const Meaning inline_message = meaning_of("button_of_inline_message");
  EXPECT_FALSE(inline_message.event.has_value());
  EXPECT_EQ(inline_message.callback_query_id, "56");  // its spinner stops all the same
}

TEST(Update, Membership) {
  const Meaning removed = meaning_of("bot_removed_from_group");
  ASSERT_TRUE(removed.event.has_value());
  EXPECT_EQ(removed.event->kind, EventKind::kMember);
  EXPECT_TRUE(removed.event->removed);
  EXPECT_FALSE(removed.reachable_again);
  EXPECT_TRUE(meaning_of("bot_unblocked_by_person").reachable_again);
  EXPECT_FALSE(meaning_of("bot_made_admin").event.has_value());
}

TEST(Update, Migrations) {
  for (const char* name : {"migrated_to_supergroup", "migrated_from_group"}) {
    const Meaning meaning = meaning_of(name);
    ASSERT_TRUE(meaning.migration.has_value()) << name;
    EXPECT_EQ(meaning.migration->from, "-4021");
    EXPECT_EQ(meaning.migration->to, "-1004021004021");
    EXPECT_FALSE(meaning.event.has_value());
  }
}

TEST(Update, ServiceMessagesAreNoMessages) {
  EXPECT_FALSE(meaning_of("people_joined").event.has_value());
  EXPECT_FALSE(meaning_of("topic_created").event.has_value());
}

TEST(Update, WhatIsNoUpdateIsSaid) {
  for (const char* text : {"[]", "{}", "7", R"({"update_id":"x"})", R"({"message":{}})"}) {
    EXPECT_FALSE(read_update(*common::parse_json(text), me()).has_value()) << text;
  }
}

// Every member of every payload replaced by things of other types: never an exception.
TEST(Update, AnyTypeAnywhereIsSurvived) {
  using nlohmann::json;
  const std::vector<json> odd = {nullptr,
                                 true,
                                 -1,
                                 1e300,
                                 "x",
                                 json::array(),
                                 json::object(),
                                 json::array({1, "x", json::object()}),
                                 18446744073709551615ULL,
                                 "\xFF"};
  std::size_t tried = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TELEGRAM_FIXTURES)) {
    if (entry.path().extension() != ".json") {
      continue;
    }
    const json original = *common::parse_json(fixture(entry.path().stem()));
    const json flat = original.flatten();
    for (const auto& [pointer, value] : flat.items()) {
      for (json::json_pointer at(pointer); !at.empty(); at.pop_back()) {
        for (const json& replacement : odd) {
          json changed = original;
          changed[at] = replacement;
          static_cast<void>(read_update(changed, me()));
          ++tried;
        }
      }
    }
  }
  EXPECT_GT(tried, 1000U);
}

}  // namespace
}  // namespace patchbay::telegram
