#include "delivery/throttle.hpp"

#include <gtest/gtest.h>

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;

const store::LaneKey kOne{base::InstanceName("telegram"), base::ChatKey("telegram:dm:1"), {}};
const store::LaneKey kTwo{base::InstanceName("telegram"), base::ChatKey("telegram:dm:2"), {}};
const store::LaneKey kSlack{base::InstanceName("slack"), base::ChatKey("slack:dm:1"), {}};
const base::MonotonicTime kNow{std::chrono::hours(1)};
const base::WallTime kWall{std::chrono::hours(24 * 365 * 55)};

TEST(TokenBucket, FullThenAsFastAsTheRate) {
  TokenBucket bucket;
  bucket.set_rate({2, milliseconds(1000)});
  base::MonotonicTime now = kNow;
  EXPECT_EQ(bucket.next(now), now);
  bucket.take(now);
  bucket.take(now);
  const base::MonotonicTime next = bucket.next(now);
  EXPECT_GE(next - now, milliseconds(500));
  EXPECT_LE(next - now, milliseconds(501));
  now = next;
  EXPECT_EQ(bucket.next(now), now);
  EXPECT_FALSE(bucket.full(now));
  EXPECT_TRUE(bucket.full(now + milliseconds(600)));
}

TEST(TokenBucket, NeverMoreThanTheRateInAnyPeriod) {
  TokenBucket bucket;
  bucket.set_rate({20, milliseconds(60'000)});
  std::vector<base::MonotonicTime> sent;
  base::MonotonicTime now = kNow;
  for (int i = 0; i < 200; ++i) {
    now = bucket.next(now);
    bucket.take(now);
    sent.push_back(now);
  }
  // A full bucket and its refill: at most twice the rate in one period, the rate in the long run.
  for (std::size_t i = 40; i < sent.size(); ++i) {
    EXPECT_GE(sent[i] - sent[i - 40], milliseconds(60'000));
  }
}

TEST(Throttle, ChatAndAccountBoth) {
  Throttle throttle;
  ChannelLimits limits;
  limits.chat = {1, milliseconds(1000)};
  limits.account = {2, milliseconds(1000)};
  throttle.set_limits(kOne, limits);
  throttle.set_limits(kTwo, limits);
  throttle.take(kOne, kNow);
  EXPECT_GT(throttle.next(kOne, kNow, kWall), kNow);
  EXPECT_EQ(throttle.next(kTwo, kNow, kWall), kNow);
  throttle.take(kTwo, kNow);
  const store::LaneKey third{kOne.instance, base::ChatKey("telegram:dm:3"), {}};
  EXPECT_GT(throttle.next(third, kNow, kWall), kNow);  // the account's
  EXPECT_EQ(throttle.next(kSlack, kNow, kWall), kNow);
}

TEST(Throttle, Deadlines) {
  Throttle throttle;
  throttle.set_deadline({kOne.instance, kOne.chat, kWall + milliseconds(1500)});
  throttle.set_deadline({kOne.instance, kOne.chat, kWall + milliseconds(700)});  // the later stays
  EXPECT_EQ(throttle.next(kOne, kNow, kWall), kNow + milliseconds(1500));
  EXPECT_EQ(throttle.next(kTwo, kNow, kWall), kNow);
  throttle.set_deadline({kOne.instance, {}, kWall + milliseconds(2000)});
  EXPECT_EQ(throttle.next(kTwo, kNow, kWall), kNow + milliseconds(2000));
  EXPECT_EQ(throttle.next(kSlack, kNow, kWall), kNow);
  EXPECT_EQ(throttle.next(kOne, kNow, kWall + milliseconds(2000)), kNow);
}

}  // namespace
}  // namespace patchbay::delivery
