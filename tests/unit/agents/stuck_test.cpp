#include "agents/stuck.hpp"

#include <gtest/gtest.h>

#include "agents/backoff.hpp"

namespace patchbay::agents {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Case {
  const char* name;
  seconds claim_age;
  std::optional<seconds> heartbeat_age;
  std::optional<seconds> tool_timeout;
  bool active;
  bool stuck;
};

class StuckTest : public ::testing::TestWithParam<Case> {};

TEST_P(StuckTest, IsDecidedByClaimHeartbeatToolAndActivity) {
  const Case& it = GetParam();
  TurnView turn;
  turn.now = base::WallTime(std::chrono::hours(100));
  turn.oldest_claim = turn.now - it.claim_age;
  if (it.heartbeat_age) {
    turn.heartbeat = turn.now - *it.heartbeat_age;
  }
  turn.tool_timeout = it.tool_timeout;
  turn.claim_stuck_after = seconds(60);
  turn.heartbeat_stuck_after = minutes(30);
  turn.active = it.active;
  EXPECT_EQ(stuck_reason(turn).has_value(), it.stuck);
}

INSTANTIATE_TEST_SUITE_P(
    Table, StuckTest,
    ::testing::Values(
        Case{"fresh claim", seconds(30), std::nullopt, std::nullopt, false, false},
        Case{"old claim, no heartbeat at all", seconds(61), std::nullopt, std::nullopt, false,
             true},
        Case{"old claim, heartbeat before it", seconds(61), seconds(62), std::nullopt, false, true},
        Case{"old claim, heartbeat since", seconds(600), seconds(599), std::nullopt, false, false},
        Case{"a tool said that it takes longer", seconds(100), std::nullopt, seconds(120), false,
             false},
        Case{"longer than the tool said", seconds(121), std::nullopt, seconds(120), false, true},
        Case{"heartbeats ended", seconds(4000), seconds(1801), std::nullopt, false, true},
        Case{"heartbeats ended in a long tool", seconds(4000), seconds(1801), seconds(3600), false,
             false},
        Case{"silent, but at work", seconds(4000), seconds(1801), std::nullopt, true, false}),
    [](const auto& tested) {
      std::string name = tested.param.name;
      for (char& c : name) {
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      }
      return name;
    });

TEST(StuckTest, WithoutAClaimNothingIsStuck) {
  TurnView turn;
  turn.now = base::WallTime(std::chrono::hours(100));
  EXPECT_FALSE(stuck_reason(turn).has_value());
}

TEST(BackoffTest, DoublesFromOneSecondToFiveMinutes) {
  EXPECT_EQ(restart_delay(0), seconds(0));
  EXPECT_EQ(restart_delay(1), seconds(1));
  EXPECT_EQ(restart_delay(2), seconds(2));
  EXPECT_EQ(restart_delay(9), seconds(256));
  EXPECT_EQ(restart_delay(10), minutes(5));
  EXPECT_EQ(restart_delay(1'000'000), minutes(5));
}

}  // namespace
}  // namespace patchbay::agents
