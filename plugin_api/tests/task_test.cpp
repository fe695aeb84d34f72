#include "patchbay/sdk/task.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace patchbay::sdk {
namespace {

// Runs a task beside everything else, as Runtime::spawn() does, and keeps how it ended.
struct Outcome {
  bool done = false;
  std::string error;
};

struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<> handle;
};

Detached detached(Task<> task, Outcome& outcome) {
  try {
    co_await std::move(task);
  } catch (const std::exception& error) {
    outcome.error = error.what();
  }
  outcome.done = true;
}

std::coroutine_handle<> spawn(Task<> task, Outcome& outcome) {
  const auto handle = detached(std::move(task), outcome).handle;
  detail::run(handle);
  return handle;
}

// Something that comes later.
struct Bell {
  std::coroutine_handle<> waiting;
  int rung = 0;

  struct Ring {
    Bell& bell;
    explicit Ring(Bell& owner) : bell(owner) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const noexcept { bell.waiting = handle; }
    [[nodiscard]] int await_resume() const noexcept { return ++bell.rung; }
  };
  Ring next() { return Ring(*this); }
  void ring() { detail::run(std::exchange(waiting, nullptr)); }
};

Task<int> successor(int number) { co_return number + 1; }

Task<> count_to(int limit, int& counted) {
  int number = 0;
  while (number < limit) {
    number = co_await successor(number);
  }
  counted = number;
}

TEST(Task, AMillionReadyAwaitsNeedNoStack) {
  Outcome outcome;
  int counted = 0;
  spawn(count_to(1'000'000, counted), outcome);
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(counted, 1'000'000);
}

Task<int> rung_twice(Bell& bell) {
  const int first = co_await bell.next();
  const int second = co_await bell.next();
  co_return first + second;
}

Task<> add_up(Bell& bell, int rounds, int& sum) {
  for (int i = 0; i < rounds; ++i) {
    const int rung = co_await rung_twice(bell);
    sum += rung;
  }
}

TEST(Task, WhatFinishesLaterResumesItsParent) {
  Outcome outcome;
  Bell bell;
  int sum = 0;
  spawn(add_up(bell, 1000, sum), outcome);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_FALSE(outcome.done);
    bell.ring();
  }
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(sum, 2000 * 2001 / 2);
}

// A bell that rings, while its task starts, for the task's own child.
Task<> ring_while_starting(Bell& bell) {
  bell.ring();
  co_return;
}

TEST(Task, ATaskMayResumeAnotherOneWhileItStarts) {
  Outcome waiting;
  Outcome ringing;
  Bell bell;
  int sum = 0;
  spawn(add_up(bell, 1, sum), waiting);
  spawn(ring_while_starting(bell), ringing);
  spawn(ring_while_starting(bell), ringing);
  EXPECT_TRUE(waiting.done);
  EXPECT_EQ(sum, 3);
}

Task<std::string> deep(int depth, Bell& bell) {
  if (depth == 0) {
    const int rung = co_await bell.next();
    if (rung == 1) {
      throw std::runtime_error("from the depth");
    }
    co_return "came up";
  }
  std::string found = co_await deep(depth - 1, bell);
  co_return found;
}

Task<> dive(Bell& bell, std::string& found) { found = co_await deep(100, bell); }

TEST(Task, AnExceptionRisesThroughAllThatAwait) {
  Outcome outcome;
  Bell bell;
  std::string found;
  spawn(dive(bell, found), outcome);
  bell.ring();
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.error, "from the depth");
}

TEST(Task, AValueRisesThroughAllThatAwait) {
  Outcome outcome;
  Bell bell;
  bell.rung = 1;
  std::string found;
  spawn(dive(bell, found), outcome);
  bell.ring();
  EXPECT_EQ(found, "came up");
}

Task<std::unique_ptr<int>> move_only() { co_return std::make_unique<int>(7); }

Task<> hold(std::shared_ptr<int> kept, Bell& bell, int& seen) {
  const std::unique_ptr<int> number = co_await move_only();
  seen = *number + *kept;
  co_await bell.next();
  seen = -1;
}

TEST(Task, DestroyingWhatHasNotFinishedFreesItsFrames) {
  Outcome outcome;
  Bell bell;
  int seen = 0;
  auto kept = std::make_shared<int>(1);
  const auto handle = spawn(hold(kept, bell, seen), outcome);
  EXPECT_EQ(seen, 8);
  EXPECT_EQ(kept.use_count(), 2);
  handle.destroy();
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_FALSE(outcome.done);
}

TEST(Task, ATaskThatIsNeverAwaitedNeverRuns) {
  Bell bell;
  int seen = 0;
  {
    const Task<> unused = hold(std::make_shared<int>(1), bell, seen);
  }
  EXPECT_EQ(seen, 0);
}

}  // namespace
}  // namespace patchbay::sdk
