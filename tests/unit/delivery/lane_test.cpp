// One lane alone: its queue, what an attempt's end changes, standing still, the schedule.
#include "delivery/lane.hpp"

#include <gtest/gtest.h>

#include "delivery/schedule.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using How = AttemptEnd::How;

constexpr base::MonotonicTime kNow{hours(1)};
constexpr base::WallTime kWall{hours(400'000)};

store::DeliveryRecord record(std::int64_t id) {
  store::DeliveryRecord out;
  out.id = id;
  out.state = store::DeliveryState::kWaiting;
  out.accepted_at = kWall - minutes(5);
  return out;
}

AttemptEnd end_of(How how, std::int64_t id) {
  AttemptEnd end;
  end.how = how;
  end.record = record(id);
  end.cause = PauseCause::kChatOffline;
  return end;
}

std::vector<std::int64_t> ids(Lane& lane) {
  std::vector<std::int64_t> out;
  for (const LaneEntry& entry : lane.queue.rows()) {
    out.push_back(entry.id);
  }
  return out;
}

class LaneTest : public testing::Test {
 protected:
  LaneTest() {
    for (const std::int64_t id : {1, 2}) {
      EXPECT_TRUE(lane.queue.enter(entry_of(record(id))));
    }
  }
  std::optional<Standstill> end(const AttemptEnd& how) {
    return lane.attempt_ended(how, kNow, kWall);
  }
  Lane lane;
};

TEST_F(LaneTest, ARowThatEndedLeavesAndOneThatWaitsStaysInFront) {
  lane.attempt_began();
  EXPECT_EQ(lane.stage, Lane::Stage::kBusy);
  EXPECT_FALSE(end(end_of(How::kWaiting, 1)));
  EXPECT_EQ(lane.stage, Lane::Stage::kIdle);
  EXPECT_EQ(ids(lane), (std::vector<std::int64_t>{1, 2}));
  EXPECT_TRUE(lane.queue.front().was_tried);
  EXPECT_FALSE(end(end_of(How::kEnded, 1)));
  EXPECT_EQ(ids(lane), (std::vector<std::int64_t>{2}));
  EXPECT_FALSE(end(end_of(How::kGone, 7)));
  EXPECT_EQ(ids(lane), (std::vector<std::int64_t>{2}));
}

TEST_F(LaneTest, OnlyADeliveryEndsAStandstillThatAnOutcomeBegan) {
  EXPECT_FALSE(end(end_of(How::kPaused, 1)));
  ASSERT_TRUE(lane.standstill);
  EXPECT_EQ(lane.paused_since(), kWall);
  EXPECT_FALSE(lane.standstill->may_be_tried(kNow));
  lane.is_back(PauseCause::kAccount, kNow);
  EXPECT_FALSE(lane.standstill->may_be_tried(kNow));
  lane.is_back(PauseCause::kChatOffline, kNow);
  EXPECT_TRUE(lane.standstill->may_be_tried(kNow));
  AttemptEnd failed = end_of(How::kEnded, 1);
  failed.record.state = store::DeliveryState::kFailed;
  EXPECT_FALSE(end(failed));
  EXPECT_TRUE(lane.standstill);
  AttemptEnd delivered = end_of(How::kEnded, 2);
  delivered.record.state = store::DeliveryState::kDelivered;
  EXPECT_TRUE(end(delivered));
  EXPECT_TRUE(lane.is_free());
}

TEST_F(LaneTest, AChatThatCameBackDuringTheAttemptIsTriedAtOnce) {
  lane.attempt_began();
  lane.is_back(PauseCause::kChatOffline, kNow);
  EXPECT_FALSE(end(end_of(How::kPaused, 1)));
  EXPECT_TRUE(lane.standstill->may_be_tried(kNow));
}

TEST_F(LaneTest, AQueueThatIsFullLeavesRowsInTheLedger) {
  for (std::int64_t id = 3; id <= static_cast<std::int64_t>(limits::kLaneRows); ++id) {
    ASSERT_TRUE(lane.queue.enter(entry_of(record(id))));
  }
  const auto next = static_cast<std::int64_t>(limits::kLaneRows) + 1;
  EXPECT_FALSE(lane.queue.enter(entry_of(record(next))));
  EXPECT_TRUE(lane.queue.has_more_in_ledger());
  EXPECT_FALSE(lane.queue.pass_over(next + 1));
  // Behind what was read: nobody would find it there.
  lane.queue.leave(5);
  EXPECT_TRUE(lane.queue.enter(entry_of(record(5))));
  lane.queue.take_page({entry_of(record(next))}, next, false);
  EXPECT_TRUE(lane.queue.pass_over(next + 1));
  EXPECT_EQ(lane.queue.loaded_up_to(), next + 1);
}

TEST_F(LaneTest, AStandstillIsRecordedWhenItIsLongOncePerFrontRow) {
  lane.stand_still(Standstill::Sign::kInstanceState, PauseCause::kAccount, "off", kNow, kWall);
  Standstill& standstill = *lane.standstill;
  EXPECT_FALSE(standstill.must_be_stored(kWall + seconds(59)));
  EXPECT_TRUE(standstill.must_be_stored(kWall + seconds(60)));
  standstill.was_stored();
  EXPECT_FALSE(standstill.must_be_stored(kWall + hours(1)));
  EXPECT_FALSE(end(end_of(How::kEnded, 1)));
  EXPECT_TRUE(standstill.must_be_stored(kWall + hours(1)));
  EXPECT_FALSE(standstill.may_be_tried(kNow + hours(9)));  // the instance must come back
}

TEST_F(LaneTest, WhatHeldTheFrontRowGoesWithIt) {
  lane.stand_still(Standstill::Sign::kInstanceState, PauseCause::kAccount, "off", kNow, kWall);
  lane.standstill->was_stored();
  lane.blocked_by = 9;
  lane.leave(2);
  EXPECT_EQ(lane.blocked_by, 9);
  EXPECT_FALSE(lane.standstill->must_be_stored(kWall + hours(1)));
  lane.leave(1);
  EXPECT_EQ(lane.blocked_by, 0);
  EXPECT_TRUE(lane.standstill->must_be_stored(kWall + hours(1)));
  EXPECT_TRUE(lane.queue.empty());
}

TEST_F(LaneTest, ARowThatEndedByOtherMeansLeavesTheOthersAsTheyAre) {
  lane.attempt_began();
  lane.leave(1);
  AttemptEnd waits = end_of(How::kWaiting, 1);
  waits.record.not_before = kWall + minutes(1);
  EXPECT_FALSE(end(waits));
  EXPECT_EQ(ids(lane), (std::vector<std::int64_t>{2}));
  EXPECT_FALSE(lane.queue.front().not_before);
}

TEST(ScheduleTest, RowsComeInTheOrderOfTheirTimesUnlessTheyWereRemoved) {
  test::VirtualLoop loop;
  std::vector<std::int64_t> due;
  Schedule schedule(loop, [&due](const store::LaneKey&, const LaneEntry& entry) {
    EXPECT_FALSE(entry.not_before);
    due.push_back(entry.id);
  });
  for (const auto& [id, after] : {std::pair{1, minutes(3)}, {2, minutes(1)}, {3, minutes(2)}}) {
    LaneEntry entry;
    entry.id = id;
    entry.not_before = loop.wall_now() + after;
    schedule.add({}, entry);
  }
  schedule.remove(3);
  EXPECT_EQ(schedule.size(), 2U);
  for (int minute = 0; minute < 3; ++minute) {
    loop.advance(minutes(1));
    loop.run_ready();
  }
  EXPECT_EQ(due, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(schedule.size(), 0U);
}

}  // namespace
}  // namespace patchbay::delivery
