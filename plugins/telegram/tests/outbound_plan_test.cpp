#include "telegram/outbound_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/utf.hpp"
#include "telegram/arguments.hpp"
#include "telegram/question_book.hpp"

namespace patchbay::telegram {
namespace {

using nlohmann::json;
using sdk::Chat;
using sdk::ChatKind;
using sdk::Delivery;
using sdk::DeliveryKind;
using sdk::FileKind;
using sdk::OutboundFile;

OutboundFile file(FileKind kind, std::string mime, std::int64_t size = 1000) {
  OutboundFile out;
  out.kind = kind;
  out.mime = std::move(mime);
  out.size = size;
  out.name = "name";
  return out;
}

Delivery message(std::string text, std::vector<OutboundFile> files = {}) {
  Delivery out;
  out.text = std::move(text);
  out.files = std::move(files);
  return out;
}

std::vector<OutboundPart> parts_of(const Delivery& delivery) {
  auto planned = plan(delivery);
  EXPECT_TRUE(std::holds_alternative<std::vector<OutboundPart>>(planned));
  return std::get<std::vector<OutboundPart>>(planned);
}

std::string methods_of(const Delivery& delivery) {
  std::string out;
  for (const OutboundPart& part : parts_of(delivery)) {
    out += (out.empty() ? "" : " ") + part.method + (part.plain.empty() ? "" : "+");
  }
  return out;
}

TEST(OutboundPlan, TextIsSplitByVisibleLength) {
  EXPECT_EQ(methods_of(message("**hi**")), "sendMessage+");
  EXPECT_EQ(parts_of(message("**hi**"))[0].html, "<b>hi</b>");
  EXPECT_EQ(parts_of(message(std::string(4096, 'a'))).size(), 1U);
  EXPECT_EQ(parts_of(message(std::string(4097, 'a'))).size(), 2U);
  EXPECT_EQ(parts_of(message(std::string(4096, '&'))).size(), 1U);  // 20,480 bytes of markup
  std::string emoji;
  for (int i = 0; i < 2049; ++i) {
    emoji += "😀";
  }
  EXPECT_EQ(parts_of(message(emoji)).size(), 2U);
}

TEST(OutboundPlan, FilesGoByKindAndFormat) {
  const std::tuple<FileKind, const char*, std::int64_t, const char*> cases[] = {
      {FileKind::kImage, "image/png", 1000, "sendPhoto"},
      {FileKind::kImage, "image/png", 11 << 20, "sendDocument"},
      {FileKind::kImage, "image/svg+xml", 1000, "sendDocument"},
      {FileKind::kImage, "image/gif", 1000, "sendAnimation"},
      {FileKind::kAudio, "audio/mpeg", 1000, "sendAudio"},
      {FileKind::kAudio, "audio/wav", 1000, "sendDocument"},
      {FileKind::kVoice, "audio/ogg", 1000, "sendVoice"},
      {FileKind::kVideo, "video/mp4", 1000, "sendVideo"},
      {FileKind::kVideo, "video/x-matroska", 1000, "sendDocument"},
      {FileKind::kSticker, "image/webp", 1000, "sendSticker"},
      {FileKind::kDocument, "application/pdf", 1000, "sendDocument"},
  };
  for (const auto& [kind, mime, size, method] : cases) {
    EXPECT_EQ(methods_of(message("", {file(kind, mime, size)})), method) << mime;
  }
}

TEST(OutboundPlan, TextBecomesTheFirstCaption) {
  const auto picture = file(FileKind::kImage, "image/png");
  EXPECT_EQ(methods_of(message("hi", {picture, picture})), "sendPhoto+ sendPhoto");
  auto captioned = picture;
  captioned.caption = "its own";
  EXPECT_EQ(methods_of(message("hi", {captioned})), "sendMessage+ sendPhoto+");
  EXPECT_EQ(methods_of(message("hi", {file(FileKind::kSticker, "image/webp")})),
            "sendMessage+ sendSticker");
}

TEST(OutboundPlan, CaptionOverflowFollowsAsText) {
  std::string emoji;
  for (int i = 0; i < 513; ++i) {
    emoji += "😀";
  }
  const auto parts = parts_of(message(emoji, {file(FileKind::kDocument, "application/pdf")}));
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(common::utf16_length(parts[0].plain), 1024U);
  EXPECT_EQ(parts[1].method, "sendMessage");
  EXPECT_EQ(parts[0].plain + parts[1].plain, emoji);
}

TEST(OutboundPlan, WhatCannotBeSentIsSaidBeforeAnythingIs) {
  const auto code_of = [](const Delivery& delivery) {
    const auto planned = plan(delivery);
    const auto* problem = std::get_if<PlanProblem>(&planned);
    return problem == nullptr ? PBAY_OK : problem->code;
  };
  EXPECT_EQ(code_of(message(" \n ")), PBAY_E_INVALID);
  EXPECT_EQ(code_of(message("hi", {file(FileKind::kDocument, "", 51 << 20)})), PBAY_E_TOO_LARGE);
}

TEST(OutboundPlan, QuestionsHaveButtonsOnTheLastPart) {
  Delivery question = message("Shall I " + std::string(5000, 'x') + "?");
  question.kind = DeliveryKind::kQuestion;
  question.title = "Deploy";
  question.question_id = std::string(200, 'q');
  question.options.resize(2);
  question.options[0].label = "Yes";
  question.options[0].value = std::string(300, 'y');
  question.options[1].label = "More";
  question.options[1].url = "https://example.org";
  const auto parts = parts_of(question);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_TRUE(parts[0].html.starts_with("<b>Deploy</b>\n\nShall I"));
  EXPECT_FALSE(parts[0].with_buttons);
  EXPECT_TRUE(parts[1].with_buttons);
  const json keyboard = keyboard_of(question);
  const std::string data = keyboard["inline_keyboard"][0][0]["callback_data"];
  EXPECT_LE(data.size(), 64U);
  EXPECT_TRUE(QuestionBook::is_ours(data));
  EXPECT_EQ(keyboard["inline_keyboard"][1][0]["url"], "https://example.org");
}

TEST(Arguments, TheGeneralTopicIsNoThread) {
  EXPECT_EQ(chat_arguments(Chat(ChatKind::kGroup, "-1009876543210", "1")),
            json({{"chat_id", -1009876543210}}));
  EXPECT_EQ(chat_arguments(Chat(ChatKind::kGroup, "-1009876543210", "7")),
            json({{"chat_id", -1009876543210}, {"message_thread_id", 7}}));
  EXPECT_EQ(chat_arguments(Chat(ChatKind::kChannel, "@news")), json({{"chat_id", "@news"}}));
  EXPECT_FALSE(has_valid_address(Chat(ChatKind::kGroup, "Kitchen")));
  EXPECT_FALSE(has_valid_address(Chat(ChatKind::kGroup, "-5", "General")));
}

TEST(Arguments, ReactionsAreSpelledAsTelegramDoes) {
  EXPECT_EQ(reaction_of("❤\uFE0F"), "❤");
  EXPECT_EQ(reaction_of("thumbs_up"), "👍");
}

}  // namespace
}  // namespace patchbay::telegram
