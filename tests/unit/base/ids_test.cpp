#include "base/ids.hpp"

#include <gtest/gtest.h>
#include <unordered_set>

namespace patchbay::base {
namespace {

using Strings = std::initializer_list<std::string>;

static_assert(!std::is_convertible_v<std::string, InstanceName>);
static_assert(!std::is_convertible_v<InstanceName, ChannelName>);

TEST(IdsTest, CompareAndHashAsTheirText) {
  EXPECT_EQ(ChatKey("a"), ChatKey("a"));
  EXPECT_LT(ChatKey("a"), ChatKey("b"));
  EXPECT_TRUE(ChatKey().empty());
  const std::unordered_set<ChatKey> keys = {ChatKey("a"), ChatKey("a"), ChatKey("b")};
  EXPECT_EQ(keys.size(), 2U);
}

TEST(IdsTest, InstanceNames) {
  for (const std::string& name :
       Strings{"telegram", "work-slack", "0", "a-", std::string(32, 'x')}) {
    EXPECT_TRUE(is_instance_name(name)) << name;
  }
  for (const std::string& name :
       Strings{"", "-a", "Telegram", "a_b", "a.b", "a b", "a/b", "\xC3\xA4", "agent", "gateway",
               "global", "unknown", "group", "channel", "dm", "direct", std::string(33, 'x')}) {
    EXPECT_FALSE(is_instance_name(name)) << name;
  }
  EXPECT_FALSE(is_instance_name(std::string_view("a\0", 2)));
}

TEST(IdsTest, AgentGroupIds) {
  for (const std::string& id : Strings{"main", "a_b-c", "0", "agent", std::string(64, 'x')}) {
    EXPECT_TRUE(is_agent_group_id(id)) << id;
  }
  for (const std::string& id :
       Strings{"", "_a", "-a", "A", "a.b", "a:b", "..", std::string(65, 'x')}) {
    EXPECT_FALSE(is_agent_group_id(id)) << id;
  }
}

TEST(IdsTest, SessionIds) {
  for (const std::string& id : Strings{"0196f1a2-7c3e", "A.b_c-d", "z", std::string(128, 'x')}) {
    EXPECT_TRUE(is_session_id(id)) << id;
  }
  for (const std::string& id : Strings{"", ".", "..", ".hidden", "-rf", "_x", "a/b", "a\\b", "a b",
                                       "a\n", std::string(129, 'x')}) {
    EXPECT_FALSE(is_session_id(id)) << id;
  }
}

}  // namespace
}  // namespace patchbay::base
