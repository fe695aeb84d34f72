#include "agent_kit/turn.hpp"

#include <gmock/gmock.h>

namespace patchbay::agent_kit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

InboundRow row(const std::string& id, std::int64_t seq, const std::string& chat,
               const std::string& content = R"({"text":"hello","sender":"Ann"})") {
  return {.id = id,
          .seq = seq,
          .kind = "chat",
          .timestamp = {},
          .address = {"telegram", chat, ""},
          .content = content};
}

InboundRow context(InboundRow of) {
  of.trigger = false;
  return of;
}

InboundRow notice(const std::string& id, std::int64_t seq) {
  InboundRow result = row(
      id, seq, "main", R"({"text":"m was not delivered","sender":"system","senderId":"system"})");
  result.address = {"agent", "main", ""};
  return result;
}

std::vector<std::string> ids(const Turn& turn) {
  std::vector<std::string> result;
  for (const InboundRow& each : turn.rows) {
    result.push_back(each.id);
  }
  return result;
}

std::string no_path(const Attachment&) { return {}; }

TEST(Turns, OneAChatInTheOrderOfTheirFirstRows) {
  const std::vector<InboundRow> rows = {row("a", 2, "x"), row("b", 4, "y"), row("c", 6, "x")};
  const auto turns = make_turns(rows);
  ASSERT_EQ(turns.size(), 2U);
  EXPECT_THAT(ids(turns[0]), ElementsAre("a", "c"));
  EXPECT_EQ(turns[0].in_reply_to, "c");
  EXPECT_EQ(turns[0].address.platform_id, "x");
  EXPECT_THAT(ids(turns[1]), ElementsAre("b"));
}

TEST(Turns, ContextGoesWithItsChatOrTheNextTrigger) {
  const std::vector<InboundRow> rows = {context(row("a", 2, "y")), context(row("b", 4, "z")),
                                        row("c", 6, "x"), row("d", 8, "y"),
                                        context(row("e", 10, "z"))};
  const auto turns = make_turns(rows);
  ASSERT_EQ(turns.size(), 2U);
  EXPECT_THAT(ids(turns[0]), ElementsAre("b", "c"));
  EXPECT_THAT(ids(turns[1]), ElementsAre("a", "d", "e"));
}

TEST(Turns, ContextAloneIsNoTurn) {
  const std::vector<InboundRow> rows = {context(row("a", 2, "x"))};
  EXPECT_THAT(make_turns(rows), IsEmpty());
  EXPECT_THAT(make_turns({}), IsEmpty());
}

TEST(Turns, ANoticeIsNotAnsweredToItself) {
  const std::vector<InboundRow> alone = {notice("n", 2)};
  auto turns = make_turns(alone);
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].address, Address{});
  EXPECT_EQ(turns[0].in_reply_to, "");
  const std::vector<InboundRow> with_message = {notice("n", 2), row("a", 4, "x")};
  turns = make_turns(with_message);
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].address.platform_id, "x");
  EXPECT_THAT(ids(turns[0]), ElementsAre("n", "a"));
}

TEST(Turns, AnotherAgentsMessageIsAnswered) {
  InboundRow from_agent = row("a", 2, "help", R"({"text":"hi","senderId":"help"})");
  from_agent.address = {"agent", "help", ""};
  const std::vector<InboundRow> rows = {from_agent};
  EXPECT_EQ(make_turns(rows).at(0).address, (Address{"agent", "help", ""}));
}

TEST(Contents, AnyShapeIsRead) {
  EXPECT_EQ(parse_content(row("a", 2, "x", "no json")).text, "no json");
  EXPECT_EQ(parse_content(row("a", 2, "x", R"("a string")")).text, "a string");
  EXPECT_EQ(parse_content(row("a", 2, "x", R"({"text":7,"attachments":5,"replyTo":[]})")).text, "");
  InboundRow task = row("a", 2, "x", R"({"prompt":"water the plants"})");
  task.kind = "task";
  EXPECT_EQ(parse_content(task).text, "water the plants");
  InboundRow webhook =
      row("a", 2, "x", R"({"source":"ci","event":"failed","payload":{"build":7}})");
  webhook.kind = "webhook";
  EXPECT_EQ(parse_content(webhook).text, "Webhook failed from ci:\n{\"build\":7}");
}

TEST(Prompts, ASingleMessageIsItsTextAlone) {
  const std::vector<InboundRow> rows = {row("a", 2, "x")};
  EXPECT_EQ(make_prompt(make_turns(rows).at(0), no_path), "hello\n");
}

TEST(Prompts, SeveralMessagesSayWhoSpeaks) {
  const std::vector<InboundRow> rows = {
      row("a", 2, "x"),
      row("b", 4, "x", R"({"text":"and you?","sender":"bob","senderName":"Bob"})")};
  EXPECT_EQ(make_prompt(make_turns(rows).at(0), no_path), "Ann: hello\nBob: and you?\n");
}

TEST(Prompts, InAGroupEvenASingleOneDoes) {
  const std::vector<InboundRow> rows = {
      row("a", 2, "x", R"({"text":"hello","sender":"Ann","isGroup":true})")};
  EXPECT_EQ(make_prompt(make_turns(rows).at(0), no_path), "Ann: hello\n");
}

TEST(Prompts, QuotesAndFiles) {
  const std::vector<InboundRow> rows = {
      row("a", 2, "x", R"({"text":"see","replyTo":{"sender":"Bob","text":"one\ntwo"},
    "attachments":[{"name":"p.jpg","mimeType":"image/jpeg","localPath":"inbox/a/p.jpg"},
                   {"name":"q.mp4","mimeType":"video/mp4","error":"over the limit of 100 MiB"},
                   {"type":"voice"}]})")};
  const auto path_of = [](const Attachment& attachment) {
    return attachment.local_path.empty() ? std::string() : "/workspace/" + attachment.local_path;
  };
  EXPECT_EQ(make_prompt(make_turns(rows).at(0), path_of),
            "see\n> Bob: one\n> two\n[file p.jpg (image/jpeg): /workspace/inbox/a/p.jpg]\n"
            "[file q.mp4 could not be had: over the limit of 100 MiB]\n"
            "[file voice could not be had]\n");
}

}  // namespace
}  // namespace patchbay::agent_kit
