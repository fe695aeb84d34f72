#include "adapters/restarts.hpp"

#include <gtest/gtest.h>

namespace patchbay::adapters {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RestartsTest : public ::testing::Test {
 protected:
  RestartPlan lost_after(base::Milliseconds time) {
    now_ += time;
    return restarts_.lost(now_);
  }
  void lose_five_times() {
    for (int i = 0; i < 5; ++i) {
      EXPECT_FALSE(lost_after(seconds(1)).breaker_open);
    }
  }
  static bool rests(const RestartPlan& plan) {
    return plan.breaker_open && plan.delay == minutes(10);
  }
  base::MonotonicTime now_{};
  Restarts restarts_;
};

TEST_F(RestartsTest, WaitsTwiceAsLongAfterEachLoss) {
  for (const int delay : {1, 2, 4, 8, 16}) {
    const RestartPlan plan = lost_after(seconds(1));
    EXPECT_EQ(plan.delay, seconds(delay));
    EXPECT_FALSE(plan.breaker_open);
  }
}

TEST_F(RestartsTest, RestsAfterManyAndIsTriedOnce) {
  lose_five_times();
  EXPECT_TRUE(rests(lost_after(seconds(1))));
  for (const minutes run : {minutes(0), minutes(1), minutes(10)}) {
    EXPECT_TRUE(rests(lost_after(minutes(10) + run))) << run.count() << " min after its rest";
  }
}

TEST_F(RestartsTest, AfterALongRunARestIsForgotten) {
  lose_five_times();
  EXPECT_TRUE(rests(lost_after(seconds(1))));
  EXPECT_EQ(lost_after(minutes(10) + minutes(11)).delay, seconds(1));
  EXPECT_EQ(lost_after(seconds(2)).delay, seconds(2));
}

TEST_F(RestartsTest, ForgetsWhatIsLongAgo) {
  lose_five_times();
  EXPECT_EQ(lost_after(minutes(11)).delay, seconds(1));
}

}  // namespace
}  // namespace patchbay::adapters
