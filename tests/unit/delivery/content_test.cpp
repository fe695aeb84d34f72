#include "delivery/content.hpp"

#include <gtest/gtest.h>

#include "delivery/emoji_names.hpp"

namespace patchbay::delivery {
namespace {

TEST(Content, Texts) {
  const Content content = parse_content("chat", R"({"text":"hello"})");
  EXPECT_EQ(content.kind, ContentKind::kMessage);
  EXPECT_EQ(content.text, "hello");
  EXPECT_EQ(parse_content("chat-sdk", R"({"markdown":"**x**"})").text, "**x**");
}

TEST(Content, Files) {
  const Content content = parse_content("chat", R"({"text":"","files":["a.txt","../b"]})");
  EXPECT_EQ(content.kind, ContentKind::kMessage);
  EXPECT_EQ(content.files, (std::vector<std::string>{"a.txt", "../b"}));
}

TEST(Content, Operations) {
  const Content edit = parse_content("chat", R"({"operation":"edit","messageId":7,"text":"new"})");
  EXPECT_EQ(edit.kind, ContentKind::kEdit);
  EXPECT_EQ(edit.target, "7");
  EXPECT_EQ(edit.text, "new");
  const Content reaction =
      parse_content("chat", R"({"operation":"reaction","messageId":"x","emoji":"thumbs_up"})");
  EXPECT_EQ(reaction.kind, ContentKind::kReaction);
  EXPECT_EQ(reaction.emoji, "👍");
  EXPECT_FALSE(reaction.removed);
  EXPECT_EQ(parse_content("chat", R"({"operation":"delete","messageId":"x"})").kind,
            ContentKind::kDelete);
}

TEST(Content, Questions) {
  const Content question = parse_content("chat-sdk", R"({"type":"ask_question","questionId":"q1",
      "title":"T","question":"Which?","options":["a",{"label":"B","value":"b"},{"label":"C"}]})");
  EXPECT_EQ(question.kind, ContentKind::kQuestion);
  EXPECT_EQ(question.question_id, "q1");
  ASSERT_EQ(question.options.size(), 3U);
  EXPECT_EQ(question.options[0].value, "a");
  EXPECT_EQ(question.options[1].value, "b");
  EXPECT_EQ(question.options[2].value, "C");
}

TEST(Content, CardsAreRenderedAsText) {
  EXPECT_EQ(
      parse_content("chat-sdk", R"({"type":"card","card":{"title":"T"},"fallbackText":"plain"})")
          .text,
      "plain");
  EXPECT_EQ(parse_content("chat-sdk", R"({"type":"card","card":{"title":"T","description":"D",
      "children":["one",{"type":"section","children":[{"text":"two"}]}],
      "actions":[{"label":"Open","url":"https://example.org"}]}})")
                .text,
            "**T**\n\nD\n\none\n\ntwo\n\n[Open](https://example.org)");
}

TEST(Content, SystemActionsAndTaskLogs) {
  const Content action =
      parse_content("system", R"({"action":"schedule_task","requestId":"r1","taskId":"t"})");
  EXPECT_EQ(action.kind, ContentKind::kSystemAction);
  EXPECT_EQ(action.action, "schedule_task");
  EXPECT_EQ(action.request_id, "r1");
  EXPECT_EQ(parse_content("task_log", "not even JSON").kind, ContentKind::kNeverSent);
}

TEST(Content, WhatCannotBeSentSaysWhy) {
  const std::tuple<const char*, std::string, const char*> cases[] = {
      {"carrier-pigeon", "{}", "\"carrier-pigeon\" is not known"},
      {"chat", "hello", "not JSON"},
      {"chat", "[1]", "not a JSON object"},
      {"chat", "{}", "empty"},
      {"chat", R"({"text":"  "})", "empty"},
      {"chat", R"({"text":"x","files":[1]})", "not a name"},
      {"chat", R"({"operation":"explode","messageId":"1"})", "\"explode\" is not known"},
      {"chat", R"({"operation":"edit","text":"x"})", "names no messageId"},
      {"chat", R"({"operation":"edit","messageId":"1"})", "has no text"},
      {"chat", R"({"operation":"reaction","messageId":"1"})", "has no emoji"},
      {"chat", R"({"type":"ask_question","question":"?"})", "has no questionId"},
      {"chat", R"({"type":"card","card":{}})", "card is empty"},
      {"system", R"({"taskId":"1"})", "names no action"},
      {"chat", "{\"text\":" + std::string(100, '['), "not JSON"},
      {"chat", R"({"text":")" + std::string(5U << 20U, 'x') + R"("})", "bytes; at most"},
  };
  for (const auto& [kind, text, problem] : cases) {
    const Content content = parse_content(kind, text);
    EXPECT_EQ(content.kind, ContentKind::kUnusable) << text.substr(0, 60);
    EXPECT_NE(content.problem.find(problem), std::string::npos) << content.problem;
  }
}

TEST(Content, RefusedFilesAreNamed) {
  EXPECT_EQ(with_refused_files("hi", {"a.txt: outbox/1/a.txt is a symbolic link"}),
            "hi\n\n[a.txt: outbox/1/a.txt is a symbolic link]");
}

TEST(EmojiNames, KnownNamesOtherwiseUnchanged) {
  const std::pair<const char*, const char*> cases[] = {{"thumbs_up", "👍"},
                                                       {":+1:", "👍"},
                                                       {"-1", "👎"},
                                                       {"Thumbs-Up", "👍"},
                                                       {"heart", "❤️"},
                                                       {"👍", "👍"},
                                                       {"custom_party", "custom_party"},
                                                       {"white check mark", "✅"},
                                                       {"", ""}};
  for (const auto& [name, emoji] : cases) {
    EXPECT_EQ(emoji_of_name(name), emoji) << name;
  }
}

}  // namespace
}  // namespace patchbay::delivery
