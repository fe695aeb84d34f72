#include "base/event_loop.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace patchbay::base {
namespace {

// Ends a run that would never end: a test that hangs says nothing.
void stop_after(EventLoop& loop, Milliseconds time) {
  loop.run_after(time, [&loop] {
    ADD_FAILURE() << "the loop did not come to its end";
    loop.stop();
  });
}

TEST(EventLoopTest, RunsPostedTasksLaterAndInOrder) {
  EventLoop loop;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    loop.post([&order, i] { order.push_back(i); });
  }
  EXPECT_TRUE(order.empty());
  loop.poll();
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  loop.poll();
  EXPECT_EQ(order.size(), 100U);
}

TEST(EventLoopTest, TakesTasksFromEveryThread) {
  EventLoop loop;
  int done = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        loop.post([&] {
          if (++done == 4000) {
            loop.stop();
          }
        });
      }
    });
  }
  stop_after(loop, Milliseconds(20'000));
  loop.run();
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(done, 4000);
}

TEST(EventLoopTest, TimersRunInTheOrderOfTheirTimesAndNotBefore) {
  EventLoop loop;
  std::vector<int> order;
  const MonotonicTime begin = loop.now();
  for (const int time : {30, 10, 20}) {
    loop.run_at(begin + Milliseconds(time), [&, time] {
      EXPECT_GE(loop.now(), begin + Milliseconds(time));
      order.push_back(time);
      if (order.size() == 3) {
        loop.stop();
      }
    });
  }
  stop_after(loop, Milliseconds(20'000));
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{10, 20, 30}));
}

TEST(EventLoopTest, ATimeThatHasPassedIsSoon) {
  EventLoop loop;
  bool ran = false;
  loop.run_at(loop.now() - Milliseconds(1000), [&] { ran = true; });
  EXPECT_FALSE(ran) << "never inside the call";
  loop.poll();
  EXPECT_TRUE(ran);
}

TEST(EventLoopTest, ACancelledTimerNeverRuns) {
  EventLoop loop;
  bool ran = false;
  const TimerId timer = loop.run_after(Milliseconds(0), [&] { ran = true; });
  EXPECT_NE(timer, 0U);
  EXPECT_TRUE(loop.cancel(timer));
  EXPECT_FALSE(loop.cancel(timer));
  EXPECT_FALSE(loop.cancel(0));
  loop.poll();
  EXPECT_FALSE(ran);
}

TEST(EventLoopTest, ATimerThatIsDueCanStillBeCancelled) {
  EventLoop loop;
  int ran = 0;
  TimerId first = 0;
  TimerId second = 0;
  const MonotonicTime due = loop.now() - Milliseconds(1);
  first = loop.run_at(due, [&] {
    ++ran;
    EXPECT_TRUE(loop.cancel(second));
  });
  second = loop.run_at(due, [&] {
    ++ran;
    EXPECT_TRUE(loop.cancel(first));
  });
  loop.poll();
  EXPECT_EQ(ran, 1) << "whichever came first took the other away";
}

TEST(EventLoopTest, ATimerThatHasBegunCannotBeCancelled) {
  EventLoop loop;
  TimerId timer = 0;
  bool cancelled = true;
  timer = loop.run_after(Milliseconds(0), [&] { cancelled = loop.cancel(timer); });
  loop.poll();
  EXPECT_FALSE(cancelled);
}

TEST(EventLoopTest, TasksThatNeverRanAreDestroyedWithTheLoop) {
  const auto witness = std::make_shared<int>(1);
  {
    EventLoop loop;
    loop.post([witness] {});
    loop.run_after(Milliseconds(1'000'000), [witness] {});
    EXPECT_EQ(witness.use_count(), 3);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(EventLoopTest, StopLetsTheRunningTaskFinish) {
  EventLoop loop;
  bool finished = false;
  bool second = false;
  loop.post([&] {
    loop.stop();
    finished = true;
  });
  loop.post([&] { second = true; });
  loop.run();
  EXPECT_TRUE(finished);
  EXPECT_FALSE(second);
  loop.poll();
  EXPECT_TRUE(second) << "poll() runs what is left, for shutting down";
}

}  // namespace
}  // namespace patchbay::base
