#include "patchbay/sdk/group_key.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <unordered_set>

namespace patchbay::sdk {
namespace {

struct Written {
  std::string text;
  std::string canonical;  // empty: the text names no chat
  std::string legacy_key;
  GroupKeyHints hints = {};
};

TEST(GroupKey, EverySpellingHasItsCanonicalForm) {
  const Written table[] = {
      // Canonical forms are themselves.
      {"telegram:dm:42", "telegram:dm:42", "", {}},
      {"telegram:group:-1001:topic:7", "telegram:group:-1001:topic:7", "", {}},
      {"slack:channel:C1:thread:123.45", "slack:channel:C1:thread:123.45", "", {}},
      {"work-slack:channel:C1", "work-slack:channel:C1", "", {}},
      {"discord:channel:99", "discord:channel:99", "", {}},
      {"signal:group:aB+/9=", "signal:group:aB+/9=", "", {}},
      {"imessage:group:chat123", "imessage:group:chat123", "", {}},
      {"whatsapp:group:12345-678@g.us", "whatsapp:group:12345-678@g.us", "", {}},
      {"matrix:channel:!room%3Aserver.org", "matrix:channel:!room%3Aserver.org", "", {}},
      // The thread's word belongs to the channel.
      {"telegram:group:-1:thread:7", "telegram:group:-1:topic:7", "", {}},
      {"fam:group:-1:topic:7", "fam:group:-1:topic:7", "", {}},
      {"fam:group:-1:thread:7", "fam:group:-1:topic:7", "", {.channel = "telegram"}},
      {"slack:channel:C1:topic:5", "slack:channel:C1:thread:5", "", {.channel = "slack"}},
      // Legacy forms.
      {"12345-678@g.us", "whatsapp:group:12345-678@g.us", "group:12345-678@g.us", {}},
      {"whatsapp:12345-678@g.us", "whatsapp:group:12345-678@g.us", "group:12345-678@g.us", {}},
      {"12-3@g.us", "phone:group:12-3@g.us", "group:12-3@g.us", {.instance = "phone"}},
      {"12345-678@g.us",
       "whatsapp:group:12345-678@g.us",
       "group:12345-678@g.us",
       {.instance = "WhatsApp"}},
      {"group:12345-678@g.us", "whatsapp:group:12345-678@g.us", "group:12345-678@g.us", {}},
      {"group:discord:12345", "discord:group:12345", "group:12345", {}},
      {"group:discord:channel:12345", "discord:channel:12345", "group:12345", {}},
      {"group:msteams:group:abc", "msteams:group:abc", "group:abc", {}},
      {"group:12345", "signal:group:12345", "group:12345", {.instance = "signal"}},
      {"group:-100:topic:7", "telegram:group:-100:topic:7", "group:-100", {.instance = "telegram"}},
      {"channel:5", "discord:channel:5", "", {.instance = "discord"}},
      {"foo", "signal:group:foo", "", {.instance = "signal", .kind = ChatKind::kGroup}},
      {"discord:99", "discord:group:99", "", {.kind = ChatKind::kGroup}},
      // A key that names its instance keeps it, whoever reads it.
      {"slack:channel:C1", "slack:channel:C1", "", {.instance = "work-slack", .channel = "slack"}},
      // Loose spellings.
      {"  telegram:dm:42\n", "telegram:dm:42", "", {}},
      {"Telegram:Group:-5", "telegram:group:-5", "", {}},
      {"telegram:direct:42", "telegram:dm:42", "", {}},
      {"matrix:channel:!room:server.org", "matrix:channel:!room%3Aserver.org", "", {}},
      {"x:group:100%", "x:group:100%25", "", {}},
      {"x:group:%3a%41", "x:group:%3AA", "", {}},
      {"x:group:a b", "x:group:a%20b", "", {}},
      // No chat.
      {"", "", "", {}},
      {"+1555", "", "", {}},
      {"whatsapp:+1555", "", "", {}},
      {"abc", "", "", {}},
      {"foo", "", "", {.instance = "signal"}},
      {"group:", "", "", {}},
      {"group:12345", "", "", {}},
      {"signal:group:", "", "", {}},
      {":group:1", "", "", {}},
      {"agent:main:main", "", "", {}},
      {"global", "", "", {}},
      {"telegram:group:1:topic:", "", "", {}},
      {"telegram:group::topic:7", "", "", {}},
      {"bad name:group:1", "", "", {}},
      {"-x:group:1", "", "", {}},
  };
  for (const Written& row : table) {
    std::string problem;
    const auto parsed = parse_group_key(row.text, row.hints, &problem);
    ASSERT_EQ(parsed.has_value(), !row.canonical.empty()) << row.text << ": " << problem;
    if (!parsed) {
      EXPECT_FALSE(problem.empty()) << row.text;
      continue;
    }
    EXPECT_EQ(parsed->canonical, row.canonical) << row.text;
    EXPECT_EQ(parsed->key.text(), row.canonical) << row.text;
    EXPECT_EQ(parsed->is_canonical, row.text == row.canonical) << row.text;
    EXPECT_EQ(parsed->legacy_key, row.legacy_key) << row.text;
    const auto again = parse_group_key(parsed->canonical, row.hints);
    ASSERT_TRUE(again) << row.text;
    EXPECT_EQ(again->key, parsed->key) << row.text;
    EXPECT_TRUE(again->is_canonical) << row.text;
  }
}

TEST(GroupKey, PartsAreWhatThePlatformGave) {
  const auto parsed = parse_group_key("matrix:channel:!r%3As.org:thread:$e%3As.org");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->key.instance, "matrix");
  EXPECT_EQ(parsed->key.kind, ChatKind::kChannel);
  EXPECT_EQ(parsed->key.id, "!r:s.org");
  EXPECT_EQ(parsed->key.thread, "$e:s.org");
}

TEST(GroupKey, TheChatIsTheKeyWithoutItsThread) {
  const GroupKey topic("fam", "telegram", ChatKind::kGroup, "-1001", "7");
  EXPECT_EQ(topic.text(), "fam:group:-1001:topic:7");
  EXPECT_EQ(topic.chat().text(), "fam:group:-1001");
  EXPECT_FALSE(topic.chat().has_thread());
  EXPECT_EQ(topic.chat().with_thread("8").text(), "fam:group:-1001:topic:8");
  EXPECT_NE(topic, topic.chat());
}

TEST(GroupKey, TheSpellingOfAThreadDoesNotTellKeysApart) {
  const GroupKey topic("fam", "telegram", ChatKind::kGroup, "1", "7");
  const GroupKey thread("fam", "slack", ChatKind::kGroup, "1", "7");
  EXPECT_EQ(topic, thread);
  EXPECT_EQ(std::hash<GroupKey>{}(topic), std::hash<GroupKey>{}(thread));
  EXPECT_EQ((std::unordered_set<GroupKey>{topic, thread}).size(), 1U);
  EXPECT_EQ((std::set<GroupKey>{topic, thread, topic.chat()}).size(), 2U);
}

// Every id comes back, whatever its bytes are, and is told apart from every other.
TEST(GroupKey, EscapingIsReversible) {
  std::set<std::string> texts;
  std::size_t count = 0;
  const auto check = [&](const std::string& id, const std::string& thread) {
    const GroupKey key("x", "x", ChatKind::kGroup, id, thread);
    const std::string text = key.text();
    for (const char c : text) {
      ASSERT_GT(c, ' ');
      ASSERT_LT(c, 0x7f);
    }
    const auto parsed = parse_group_key(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_TRUE(parsed->is_canonical) << text;
    EXPECT_EQ(parsed->key.id, id);
    EXPECT_EQ(parsed->key.thread, thread);
    EXPECT_TRUE(texts.insert(text).second) << text;
    ++count;
  };
  for (int a = 0; a < 256; ++a) {
    const std::string one(1, static_cast<char>(a));
    check(one, "");
    check("a" + one, "");
    check("7", one);
    check("%" + one, "");
    check("%4" + one, "");
  }
  for (const std::string tricky : {":thread:1", "a:thread:b", "a:topic:b:thread:c", "%3A", "%25",
                                   "a:dm:b", "\xf0\x9f\x98\x80", "group:x", " lead", "trail "}) {
    check(tricky, "");
    check("id", tricky);
    check(tricky, tricky);
  }
  EXPECT_EQ(texts.size(), count);
}

TEST(GroupKey, LengthsAreBounded) {
  const std::string longest(kMaxGroupKeyIdBytes, ':');  // three bytes each when escaped
  const GroupKey key("x", "x", ChatKind::kGroup, longest, longest);
  EXPECT_TRUE(key.valid());
  EXPECT_TRUE(parse_group_key(key.text()));
  std::string problem;
  EXPECT_FALSE(parse_group_key("x:group:" + std::string(201, 'a'), {}, &problem));
  EXPECT_EQ(problem, "its id or thread is longer than 200 bytes");
  // As the host has them (core/base/ids.cpp).
  for (const std::string_view reserved :
       {"agent", "gateway", "global", "unknown", "group", "channel", "dm", "direct"}) {
    EXPECT_FALSE(is_instance_name(reserved)) << reserved;
  }
  EXPECT_FALSE(is_instance_name(std::string(33, 'a')));
  EXPECT_TRUE(is_instance_name(std::string(32, 'a')));
}

TEST(GroupKey, ProblemsSayWhatToWrite) {
  std::string problem;
  EXPECT_FALSE(parse_group_key("group:12345", {}, &problem));
  EXPECT_EQ(problem, "it names no instance: write <instance>:<dm|group|channel>:<id>");
  EXPECT_FALSE(parse_group_key("whatsapp:+1555", {}, &problem));
  EXPECT_EQ(problem, "it names no kind of chat: write <instance>:<dm|group|channel>:<id>");
}

}  // namespace
}  // namespace patchbay::sdk
