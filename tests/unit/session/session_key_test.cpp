#include "session/session_key.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace patchbay::session {
namespace {

std::vector<std::string> fields_of(const std::string& line) {
  const std::size_t first = line.find('|');
  const std::size_t second = line.find('|', first + 1);
  return {line.substr(0, first), line.substr(first + 1, second - first - 1),
          line.substr(second + 1)};
}

TEST(SessionKey, EveryNameMeansWhatTheTableSays) {
  std::ifstream table(PATCHBAY_SESSION_KEYS);
  ASSERT_TRUE(table.is_open());
  int cases = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line.front() == '#') {
      continue;
    }
    ++cases;
    SCOPED_TRACE(line);
    const std::vector<std::string> fields = fields_of(line);
    if (fields[0] == "agent") {
      EXPECT_EQ(normalise_agent_id(fields[1]).str(), fields[2]);
      EXPECT_TRUE(base::is_agent_group_id(normalise_agent_id(fields[1]).str()));
      continue;
    }
    const auto key = SessionKey::parse(fields[1], base::AgentGroupId("main"),
                                       fields[0] == "work" ? "Work" : "main");
    if (fields[2] == "invalid") {
      ASSERT_FALSE(key.ok());
      EXPECT_EQ(key.status().code(), base::Code::kInvalidArgument);
      continue;
    }
    ASSERT_TRUE(key.ok()) << key.status().message();
    EXPECT_EQ(key->str(), fields[2]);
    const auto again = SessionKey::parse(key->str(), base::AgentGroupId("other"),
                                         fields[0] == "work" ? "Work" : "main");
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->str(), fields[2]) << "the canonical form is not stable";
  }
  EXPECT_GT(cases, 50);
}

TEST(SessionKey, AgentAndRest) {
  const auto key = SessionKey::parse("agent:ops:telegram:group:-1", base::AgentGroupId("main"));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->agent()->str(), "ops");
  EXPECT_EQ(key->rest(), "telegram:group:-1");
  EXPECT_FALSE(key->is_main());
  const auto global = SessionKey::parse("global", base::AgentGroupId("main"));
  ASSERT_TRUE(global.ok());
  EXPECT_FALSE(global->agent().has_value());
  EXPECT_EQ(global->rest(), "global");
}

TEST(SessionKey, ControlCharactersAndLongTextsAreInvalid) {
  const base::AgentGroupId agent("main");
  EXPECT_FALSE(SessionKey::parse(std::string("a\0b", 3), agent).ok());
  EXPECT_FALSE(SessionKey::parse("a\nb", agent).ok());
  EXPECT_FALSE(SessionKey::parse("\xFF", agent).ok());
  EXPECT_FALSE(SessionKey::parse(std::string(1025, 'x'), agent).ok());
}

SessionKeyParts room() {
  SessionKeyParts parts;
  parts.agent = base::AgentGroupId("main");
  parts.instance = base::InstanceName("work-slack");
  parts.channel = base::ChannelName("slack");
  parts.chat = base::ChatKey("work-slack:channel:C1");
  parts.thread = base::ThreadId("17.5");
  return parts;
}

TEST(SessionKeyParts, Rooms) {
  SessionKeyParts parts = room();
  EXPECT_EQ(parts.key().str(), "agent:main:work-slack:channel:C1");
  parts.mode = SessionMode::kPerThread;
  EXPECT_EQ(parts.key().str(), "agent:main:work-slack:channel:C1:thread:17.5");
  parts.thread = base::ThreadId();
  EXPECT_EQ(parts.key().str(), "agent:main:work-slack:channel:C1");
  parts.mode = SessionMode::kAgentShared;
  parts.main_key = "work";
  EXPECT_EQ(parts.key().str(), "agent:main:work");
}

TEST(SessionKeyParts, TelegramSaysTopic) {
  SessionKeyParts parts = room();
  parts.instance = base::InstanceName("tg2");
  parts.channel = base::ChannelName("telegram");
  parts.chat = base::ChatKey("tg2:group:-100");
  parts.thread = base::ThreadId("7");
  parts.mode = SessionMode::kPerThread;
  EXPECT_EQ(parts.key().str(), "agent:main:tg2:group:-100:topic:7");
}

TEST(SessionKeyParts, DirectChatsGoByScopeAlone) {
  SessionKeyParts parts = room();
  parts.direct = true;
  parts.peer = "U1";
  parts.mode = SessionMode::kPerThread;
  EXPECT_EQ(parts.key().str(), "agent:main:main");
  parts.scope = DirectScope::kPerPeer;
  EXPECT_EQ(parts.key().str(), "agent:main:direct:U1");
  parts.scope = DirectScope::kPerChannelPeer;
  EXPECT_EQ(parts.key().str(), "agent:main:slack:direct:U1");
  parts.scope = DirectScope::kPerAccountChannelPeer;
  EXPECT_EQ(parts.key().str(), "agent:main:slack:work-slack:direct:U1");
  parts.peer = "";
  EXPECT_EQ(parts.key().str(), "agent:main:slack:work-slack:direct:unknown");
}

TEST(SessionKeyParts, EveryKeyIsCanonical) {
  for (const bool direct : {false, true}) {
    for (const auto mode :
         {SessionMode::kShared, SessionMode::kPerThread, SessionMode::kAgentShared}) {
      for (const auto scope : {DirectScope::kMain, DirectScope::kPerPeer,
                               DirectScope::kPerChannelPeer, DirectScope::kPerAccountChannelPeer}) {
        SessionKeyParts parts = room();
        parts.direct = direct;
        parts.peer = "a:b c";
        parts.mode = mode;
        parts.scope = scope;
        const std::string text = parts.key().str();
        const auto parsed = SessionKey::parse(text, base::AgentGroupId("other"));
        ASSERT_TRUE(parsed.ok()) << text;
        EXPECT_EQ(parsed->str(), text);
      }
    }
  }
}

}  // namespace
}  // namespace patchbay::session
