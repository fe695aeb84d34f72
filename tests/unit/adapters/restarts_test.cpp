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
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(lost_after(seconds(1)));
  }
  for (int i = 0; i < 3; ++i) {
    const RestartPlan plan = lost_after(seconds(1));
    EXPECT_TRUE(plan.breaker_open);
    EXPECT_EQ(plan.delay, minutes(10));
  }
}

TEST_F(RestartsTest, ForgetsWhatIsLongAgo) {
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(lost_after(seconds(1)));
  }
  EXPECT_EQ(lost_after(minutes(11)).delay, seconds(1));
}

}  // namespace
}  // namespace patchbay::adapters
