// What the log says of chats that no wiring names, and how little of it.
#include "routing/unwired_chats.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

namespace patchbay::routing {
namespace {

using Fate = UnwiredChats::Fate;
using ::testing::AllOf;
using ::testing::HasSubstr;

class UnwiredChatsTest : public ::testing::Test {
 protected:
  std::string tell(const std::string& chat, Fate fate) {
    ::testing::internal::CaptureStderr();
    unwired.tell(base::InstanceName("telegram"), base::ChatKey("telegram:dm:" + chat), fate,
                 base::AgentGroupId("main"), now);
    return ::testing::internal::GetCapturedStderr();
  }

  UnwiredChats unwired;
  base::MonotonicTime now{std::chrono::hours(1)};
};

TEST_F(UnwiredChatsTest, TheFirstHeldAndTheFirstRefusedAreTold) {
  EXPECT_THAT(tell("7", Fate::kHeld),
              AllOf(HasSubstr("warning routing.unwired_chat_held"), HasSubstr("telegram:dm:7"),
                    HasSubstr("up to 100 of each"), HasSubstr("to wirings"),
                    HasSubstr("people.unknown_chats")));
  EXPECT_EQ(tell("7", Fate::kHeld), "");
  EXPECT_THAT(tell("7", Fate::kRefused),
              AllOf(HasSubstr("routing.unwired_chat_refused"), HasSubstr("lost")));
  EXPECT_EQ(tell("7", Fate::kRefused), "");
  EXPECT_THAT(tell("8", Fate::kHeld), HasSubstr("telegram:dm:8"));
}

TEST_F(UnwiredChatsTest, AChatIsToldAgainAfterAWhile) {
  tell("7", Fate::kHeld);
  now += SeldomTold::kQuiet - base::Milliseconds(1);
  EXPECT_EQ(tell("7", Fate::kHeld), "");
  now += base::Milliseconds(1);
  EXPECT_THAT(tell("7", Fate::kHeld), HasSubstr("telegram:dm:7"));
  EXPECT_EQ(tell("7", Fate::kHeld), "");
}

TEST_F(UnwiredChatsTest, OtherWiringsAreToldWhatTheyLeaveOut) {
  tell("7", Fate::kHeld);
  unwired.forget();
  EXPECT_THAT(tell("7", Fate::kHeld), HasSubstr("telegram:dm:7"));
}

TEST_F(UnwiredChatsTest, StrangersCannotFloodTheLog) {
  std::string log;
  for (std::size_t chat = 0; chat < 10 * SeldomTold::kNamed; ++chat) {
    log += tell(std::to_string(chat), Fate::kHeld);
  }
  const auto lines = static_cast<std::size_t>(std::count(log.begin(), log.end(), '\n'));
  EXPECT_EQ(lines, SeldomTold::kNamed + 1);
  EXPECT_THAT(log, HasSubstr("more chats that no wiring names"));
  now += SeldomTold::kQuiet;
  EXPECT_THAT(tell("new", Fate::kHeld), HasSubstr("telegram:dm:new"));
}

}  // namespace
}  // namespace patchbay::routing
