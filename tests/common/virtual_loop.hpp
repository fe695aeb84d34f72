// A core loop whose time the test owns. Tasks run inside the calls of the test, on its thread;
// other threads (the central database, a pool) may post to it as to the real one.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/executor.hpp"

namespace patchbay::test {

class VirtualLoop final : public base::Loop {
 public:
  // How long run_until() waits, in real time, for what other threads are to post.
  static constexpr std::chrono::seconds kPatience{60};

  // [any thread]
  void post(base::Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    posted_.notify_all();
  }
  base::TimerId run_at(base::MonotonicTime when, base::Task task) override {
    const base::TimerId id = next_timer_++;
    timers_.emplace(TimerKey{when, id}, std::move(task));
    when_of_[id] = when;
    return id;
  }
  bool cancel(base::TimerId timer) override {
    const auto found = when_of_.find(timer);
    if (found == when_of_.end()) {
      return false;
    }
    timers_.erase(TimerKey{found->second, timer});
    when_of_.erase(found);
    return true;
  }
  [[nodiscard]] base::MonotonicTime now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  [[nodiscard]] base::WallTime wall_now() const override {
    const std::lock_guard lock(mutex_);
    return wall_at_start_ + wall_jump_ +
           std::chrono::floor<base::Milliseconds>(now_ - base::MonotonicTime{});
  }

  // The system clock is set forward, or back.
  void jump_wall_clock(base::Milliseconds by) {
    const std::lock_guard lock(mutex_);
    wall_jump_ += by;
  }

  // Runs what was posted and the timers that are due, and what those post, until nothing is left.
  // Returns how many tasks ran.
  std::size_t run_ready() {
    std::size_t ran = 0;
    while (run_one()) {
      ++ran;
    }
    return ran;
  }

  // [any thread] Posted and not yet run.
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return tasks_.size();
  }

  // At most `most` of them; for stopping in the middle.
  std::size_t run_some(std::size_t most) {
    std::size_t ran = 0;
    while (ran < most && run_one()) {
      ++ran;
    }
    return ran;
  }

  // Time passes, timer by timer; each runs at exactly its time.
  void advance(base::Milliseconds by) {
    const base::MonotonicTime end = now() + by;
    run_ready();
    while (const auto next = next_timer()) {
      if (*next > end) {
        break;
      }
      set_now(*next);
      run_ready();
    }
    set_now(end);
    run_ready();
  }

  [[nodiscard]] std::optional<base::MonotonicTime> next_timer() const {
    if (timers_.empty()) {
      return std::nullopt;
    }
    return timers_.begin()->first.first;
  }

  // Runs tasks until condition() holds, waiting for what other threads post. Virtual time stands
  // still. False: it did not come to hold within kPatience.
  template <class Condition>
  [[nodiscard]] bool run_until(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (true) {
      run_ready();
      if (condition()) {
        return true;
      }
      std::unique_lock lock(mutex_);
      if (!posted_.wait_until(lock, give_up, [this] { return !tasks_.empty(); })) {
        return false;
      }
    }
  }

  // As after a crash: what was posted or set a timer is forgotten. Time goes on from where it is.
  void drop_everything() {
    std::deque<base::Task> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    timers_.clear();
    when_of_.clear();
  }

 private:
  using TimerKey = std::pair<base::MonotonicTime, base::TimerId>;

  void set_now(base::MonotonicTime when) {
    const std::lock_guard lock(mutex_);
    now_ = std::max(now_, when);
  }

  bool run_one() {
    base::Task task;
    if (const auto next = next_timer(); next && *next <= now()) {
      const auto timer = timers_.begin();
      task = std::move(timer->second);
      when_of_.erase(timer->first.second);
      timers_.erase(timer);
    } else {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty()) {
        return false;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    return true;
  }

  mutable std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<base::Task> tasks_;                    // guarded by mutex_
  base::MonotonicTime now_{std::chrono::hours(1)};  // guarded by mutex_
  base::Milliseconds wall_jump_{0};                 // guarded by mutex_
  // 2026-01-01T00:00:00Z less the hour that the monotonic clock begins with.
  base::WallTime wall_at_start_{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} -
                                std::chrono::hours(1)};
  base::TimerId next_timer_ = 1;
  std::map<TimerKey, base::Task> timers_;
  std::map<base::TimerId, base::MonotonicTime> when_of_;
};

}  // namespace patchbay::test
