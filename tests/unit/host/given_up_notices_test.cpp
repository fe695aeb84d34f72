// Who is told of a message that is given up, and how.
#include "host/given_up_notices.hpp"

#include <gtest/gtest.h>

namespace patchbay::host {
namespace {

using session::GivenUpRow;

const session::SessionAddress kSession{base::AgentGroupId("main"), base::SessionId("s1")};
const store::LaneKey kOwn{base::InstanceName("telegram"), base::ChatKey("telegram:dm:7"), {}};

GivenUpRow row(const std::string& id, const session::ChatAddress& address) {
  return {.id = id, .kind = "chat", .trigger = true, .address = address, .attempts = 6};
}

TEST(GivenUpNotices, TheMessageIsQuotedInItsChatAndThread) {
  const auto notices =
      given_up_notices(kSession, {row("-1001:42:main", {"work", "work:group:-1001", "5"})}, kOwn);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].message_out_id, "given-up:main/s1:-1001:42:main");
  EXPECT_EQ(notices[0].lane.instance.str(), "work");
  EXPECT_EQ(notices[0].lane.chat.str(), "work:group:-1001");
  EXPECT_EQ(notices[0].lane.thread.str(), "5");
  EXPECT_EQ(notices[0].reply_to, "42");
  EXPECT_EQ(notices[0].text,
            "The agent stopped 6 times before it was done with this message, so it was given up. "
            "Send it again if it still matters.");
}

TEST(GivenUpNotices, AChatIsToldOnceOfAllItsMessages) {
  const session::ChatAddress here{"telegram", "telegram:dm:7", ""};
  const session::ChatAddress there{"telegram", "telegram:dm:8", ""};
  const auto notices = given_up_notices(
      kSession, {row("7:1:main", here), row("8:1:main", there), row("7:2:main", here)}, kOwn);
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].lane, kOwn);
  EXPECT_EQ(notices[0].reply_to, "1");
  EXPECT_EQ(notices[0].text,
            "The agent stopped 6 times before it was done with this message and 1 more, so they "
            "were given up. Send them again if they still matter.");
  EXPECT_EQ(notices[1].lane.chat.str(), "telegram:dm:8");
}

TEST(GivenUpNotices, OnlyWhoAskedTheAgentIsToldAndCounted) {
  const session::ChatAddress group{"telegram", "telegram:group:-1001", ""};
  GivenUpRow before = row("-1001:40:main", group);
  before.trigger = false;
  GivenUpRow elsewhere = row("8:1:main", {"telegram", "telegram:dm:8", ""});
  elsewhere.trigger = false;
  GivenUpRow of_host = row("notice-5-failed", {"agent", "main", ""});
  of_host.trigger = false;
  const auto notices =
      given_up_notices(kSession, {before, elsewhere, row("-1001:42:main", group), of_host}, kOwn);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].message_out_id, "given-up:main/s1:-1001:42:main");
  EXPECT_EQ(notices[0].lane.chat.str(), "telegram:group:-1001");
  EXPECT_EQ(notices[0].reply_to, "42");
  EXPECT_TRUE(
      notices[0].text.ends_with("this message, so it was given up. Send it again if it "
                                "still matters."))
      << notices[0].text;
  EXPECT_TRUE(given_up_notices(kSession, {before, elsewhere, of_host}, kOwn).empty());
}

TEST(GivenUpNotices, WhatCameFromNoChatIsToldInTheSessionsOwn) {
  const GivenUpRow task = row("task:1", {});
  const auto notices = given_up_notices(kSession, {task}, kOwn);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].lane, kOwn);
  EXPECT_TRUE(notices[0].reply_to.empty());
  EXPECT_TRUE(notices[0].text.starts_with(
      "The agent stopped 6 times before it was done with a message, so"));
  EXPECT_TRUE(given_up_notices(kSession, {task}, std::nullopt).empty()) << "nobody is there";
}

}  // namespace
}  // namespace patchbay::host
