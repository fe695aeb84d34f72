#include "delivery/address.hpp"

#include <gtest/gtest.h>

namespace patchbay::delivery {
namespace {

store::LaneKey lane(const std::string& instance, const std::string& chat,
                    const std::string& thread = "") {
  return {base::InstanceName(instance), base::ChatKey(chat), base::ThreadId(thread)};
}

const base::AgentGroupId kMain("main");
const store::LaneKey kOwn = lane("telegram", "telegram:dm:42");

TEST(Address, RowThenAnsweredRowThenSession) {
  session::OutboundMessage message;
  EXPECT_EQ(*resolve_lane(message, kMain, kOwn), kOwn);
  message.in_reply_to_address = {"slack", "slack:channel:C1", "17.5"};
  EXPECT_EQ(*resolve_lane(message, kMain, kOwn), lane("slack", "slack:channel:C1", "17.5"));
  message.address = {"telegram", "telegram:group:-1001", ""};
  EXPECT_EQ(*resolve_lane(message, kMain, kOwn), lane("telegram", "telegram:group:-1001"));
}

TEST(Address, AnAnswerToANoticeGoesToTheSessionsChat) {
  session::OutboundMessage message;
  message.in_reply_to_address = {"agent", "main", ""};
  EXPECT_EQ(*resolve_lane(message, kMain, kOwn), kOwn);
  message.in_reply_to_address = {"agent", "other", ""};
  EXPECT_EQ(*resolve_lane(message, kMain, kOwn), agent_lane(base::AgentGroupId("other")));
}

TEST(Address, NoChatAtAll) {
  EXPECT_EQ(resolve_lane({}, kMain, {}).status().code(), base::Code::kNotFound);
}

TEST(Address, KeysAreMadeCanonical) {
  EXPECT_EQ(*lane_of_address({"telegram", "telegram:group:-1001:topic:7", ""}),
            lane("telegram", "telegram:group:-1001", "7"));
  EXPECT_EQ(*lane_of_address({"", "slack:channel:C1", ""}), lane("slack", "slack:channel:C1"));
  EXPECT_EQ(*lane_of_address({"telegram", "group:-5", ""}), lane("telegram", "telegram:group:-5"));
  EXPECT_FALSE(lane_of_address({"telegram", "slack:channel:C1", ""}).ok());
  EXPECT_FALSE(lane_of_address({"telegram", "nonsense", ""}).ok());
  EXPECT_FALSE(lane_of_address({"agent", "../x", ""}).ok());
}

TEST(Address, PlatformChat) {
  const auto chat = platform_chat(lane("slack", "slack:channel:C%3A1"));
  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(chat->id, "C:1");
  EXPECT_EQ(chat->kind, store::ChatKind::kChannel);
  EXPECT_FALSE(platform_chat(host_lane({kMain, base::SessionId("s")})).has_value());
}

TEST(Address, LanesThatAreNoChats) {
  EXPECT_TRUE(is_host_lane(host_lane({kMain, base::SessionId("s")})));
  EXPECT_TRUE(is_agent_lane(agent_lane(kMain)));
  EXPECT_TRUE(is_chat_lane(kOwn));
  EXPECT_FALSE(is_chat_lane(agent_lane(kMain)));
}

}  // namespace
}  // namespace patchbay::delivery
