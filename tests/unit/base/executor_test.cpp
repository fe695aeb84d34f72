#include "base/executor.hpp"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <vector>

namespace patchbay::base {
namespace {

TEST(ThreadPoolTest, RunsEverythingPostedBeforeItIsDrained) {
  ThreadPool pool(4, "pool");
  std::atomic<int> done = 0;
  for (int round = 1; round <= 20; ++round) {
    for (int i = 0; i < 100; ++i) {
      pool.post([&done] { ++done; });
    }
    pool.drain();
    EXPECT_EQ(done, round * 100);
  }
}

TEST(ThreadPoolTest, RunsWhatWaitsWhenItIsDestroyed) {
  std::atomic<int> done = 0;
  {
    ThreadPool pool(2, "a name longer than the kernel takes");
    for (int i = 0; i < 1000; ++i) {
      pool.post([&done, &pool, i] {
        ++done;
        if (i == 0) {
          pool.post([&done] { ++done; });
        }
      });
    }
  }
  EXPECT_EQ(done, 1001);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// A sanitizer needs more addresses than any limit leaves.
TEST(ThreadPoolTest, WhereThereIsRoomForSomeThreadsOnlyItSaysSoAndLeavesNone) {
  const auto make_too_many = [] {
    const rlimit room{1ULL << 30, 1ULL << 30};  // for stacks of 8 MiB
    ::setrlimit(RLIMIT_AS, &room);
    try {
      const ThreadPool pool(1000, "pool");
    } catch (const std::system_error&) {
      std::_Exit(3);
    }
    std::_Exit(4);
  };
  EXPECT_EXIT(make_too_many(), ::testing::ExitedWithCode(3), "");
}
#endif

TEST(ThreadPoolTest, NeverRunsATaskInsidePost) {
  ThreadPool pool(1, "pool");
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id there;
  pool.post([&there] { there = std::this_thread::get_id(); });
  pool.drain();
  EXPECT_NE(there, here);
}

TEST(ThreadPoolTest, DestroysATaskBeforeItCountsAsRun) {
  struct Flag {
    explicit Flag(std::atomic<bool>& to) : gone(to) {}
    ~Flag() { gone = true; }
    std::atomic<bool>& gone;
  };
  std::atomic<bool> gone = false;
  ThreadPool pool(1, "pool");
  pool.post([flag = std::make_unique<Flag>(gone)] { EXPECT_FALSE(flag->gone); });
  pool.drain();
  EXPECT_TRUE(gone);
}

TEST(SingleThreadTest, KeepsTheOrder) {
  std::vector<int> order;
  SingleThread thread("one");
  for (int i = 0; i < 10'000; ++i) {
    thread.post([&order, i] { order.push_back(i); });
  }
  thread.drain();
  ASSERT_EQ(order.size(), 10'000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(SerialExecutorTest, RunsOneAtATimeAndInTheOrderOfEachPoster) {
  ThreadPool pool(4, "pool");
  constexpr int kStrands = 8;
  constexpr int kPosters = 4;
  constexpr int kTasks = 500;
  struct Strand {
    explicit Strand(Executor& pool) : executor(pool) {}
    SerialExecutor executor;
    int running = 0;  // unguarded on purpose: the strand guards it
    std::vector<int> last = std::vector<int>(kPosters, -1);
    int overlaps = 0;
    int disorder = 0;
    int done = 0;
  };
  std::vector<std::unique_ptr<Strand>> strands;
  for (int i = 0; i < kStrands; ++i) {
    strands.push_back(std::make_unique<Strand>(pool));
  }
  std::vector<std::thread> posters;
  for (int poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&strands, poster] {
      for (int i = 0; i < kTasks; ++i) {
        for (auto& strand : strands) {
          strand->executor.post([&strand = *strand, poster, i] {
            strand.overlaps += ++strand.running == 1 ? 0 : 1;
            auto& last = strand.last[static_cast<std::size_t>(poster)];
            strand.disorder += last == i - 1 ? 0 : 1;
            last = i;
            ++strand.done;
            --strand.running;
          });
        }
      }
    });
  }
  for (std::thread& poster : posters) {
    poster.join();
  }
  pool.drain();
  for (const auto& strand : strands) {
    EXPECT_EQ(strand->done, kPosters * kTasks);
    EXPECT_EQ(strand->overlaps, 0);
    EXPECT_EQ(strand->disorder, 0);
  }
}

TEST(SerialExecutorTest, ABusyStrandDoesNotHoldUpAnother) {
  ThreadPool pool(2, "pool");
  SerialExecutor busy(pool);
  SerialExecutor other(pool);
  std::atomic<bool> other_ran = false;
  busy.post([&other_ran] {
    while (!other_ran) {
      std::this_thread::yield();
    }
  });
  other.post([&other_ran] { other_ran = true; });
  pool.drain();
  EXPECT_TRUE(other_ran);
}

TEST(SerialExecutorTest, WhatWaitsRunsAfterItIsGone) {
  ThreadPool pool(2, "pool");
  std::vector<int> order;
  {
    SerialExecutor strand(pool);
    for (int i = 0; i < 1000; ++i) {
      strand.post([&order, i] { order.push_back(i); });
    }
  }
  pool.drain();
  EXPECT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(SerialExecutorTest, ATaskMayPostToItsOwnStrand) {
  ThreadPool pool(2, "pool");
  SerialExecutor strand(pool);
  std::vector<int> order;
  strand.post([&] {
    strand.post([&] { order.push_back(2); });
    order.push_back(1);
  });
  pool.drain();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace patchbay::base
