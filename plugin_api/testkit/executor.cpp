// Virtual time and the instance's executor.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <unistd.h>
#include <utility>

#include "fake_host_impl.hpp"
#include "process_state.hpp"

namespace patchbay::testkit {
namespace {

constexpr int kTooManySteps = 20'000;  // at one instant
constexpr std::int64_t kCallMs = 50;

// How long this thread ran or slept of its own will: waiting for a processor is the machine's
// doing.
std::int64_t own_time_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  unsigned long long ran = 0;
  unsigned long long waited = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> statistics(
      std::fopen("/proc/thread-self/schedstat", "re"), std::fclose);
  if (!statistics || std::fscanf(statistics.get(), "%llu %llu", &ran, &waited) != 2) {
    waited = 0;
  }
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec - static_cast<std::int64_t>(waited);
}

}  // namespace

void FakeHost::Impl::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(std::move(work));
}

std::uint64_t FakeHost::Impl::at(std::int64_t due_ms, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = ++last_timer_;
  timers_.emplace(std::max(due_ms, now_ms_), Timer{id, std::move(work)});
  return id;
}

bool FakeHost::Impl::forget(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(timers_.begin(), timers_.end(),
                                  [id](const auto& timer) { return timer.second.id == id; });
  if (found == timers_.end()) {
    return false;
  }
  timers_.erase(found);
  return true;
}

void FakeHost::Impl::run_ready() {
  if (in_call_) {
    return;  // a test's own callback called us; what is ready runs when it has returned
  }
  for (int steps = 0;; ++steps) {
    std::unique_lock lock(mutex_);
    if (ready_.empty()) {
      return;
    }
    if (steps == kTooManySteps) {
      breach(Rule::kRest, "it never rests: 20,000 completions without a wait");
      ready_.clear();
      return;
    }
    const std::function<void()> work = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    work();
  }
}

bool FakeHost::Impl::run_next_timer(std::int64_t end_ms) {
  run_ready();
  std::unique_lock lock(mutex_);
  if (timers_.empty() || timers_.begin()->first > end_ms) {
    return false;
  }
  now_ms_ = std::max(now_ms_, timers_.begin()->first);
  const std::function<void()> work = std::move(timers_.begin()->second.work);
  timers_.erase(timers_.begin());
  lock.unlock();
  work();
  run_ready();
  return true;
}

void FakeHost::Impl::run_until(std::int64_t end_ms) {
  int steps = 0;
  for (std::int64_t before_ms = now_ms_; run_next_timer(end_ms); before_ms = now_ms_) {
    steps = now_ms_ > before_ms ? 0 : steps + 1;
    if (steps == kTooManySteps) {
      breach(Rule::kRest, "it never rests: 20,000 timers without time to pass");
      return;
    }
  }
  now_ms_ = std::max(now_ms_, end_ms);
}

void FakeHost::Impl::call(std::string_view entry, const std::function<void()>& body) {
  if (in_call_) {
    breach(Rule::kScript, "test: " + std::string(entry) + "() within another call of the instance");
    return;
  }
  check_between_calls();
  const ProcessState before = ProcessState::now();
  const std::set<int> descriptors = open_descriptors();
  in_call_ = true;
  if (options_.on_call) {
    options_.on_call(entry);
  }
  const std::int64_t began_ns = options_.measures_calls ? own_time_ns() : 0;
  body();
  const std::int64_t took_ms = options_.measures_calls ? (own_time_ns() - began_ns) / 1'000'000 : 0;
  if (options_.on_call) {
    options_.on_call({});
  }
  in_call_ = false;
  // Twice the limit, so that a page that has to come from disk accuses nobody.
  if (took_ms > 2 * kCallMs) {
    breach(Rule::kCallTime, std::string(entry) + "() took " + std::to_string(took_ms) + " ms");
  }
  last_state_ = ProcessState::now();
  for (const std::string& change : before.changes(*last_state_)) {
    breach(Rule::kProcessState, "after " + std::string(entry) + "() " + change);
  }
  check_descriptors(entry, descriptors);
}

void FakeHost::Impl::check_between_calls() {
  if (options_.owns_the_process && last_state_) {
    for (const std::string& change : last_state_->changes(ProcessState::now())) {
      breach(Rule::kProcessState, "between two calls " + change);
    }
  }
}

void FakeHost::Impl::check_quiet_create() {
  for (const auto& [descriptor, entry] : opened_) {
    const std::string what = describe_descriptor(descriptor);
    // Pipes, timers and memory are no I/O.
    if (what.starts_with("socket:") || (what.starts_with('/') && !what.starts_with("/memfd:"))) {
      breach(Rule::kQuietCreate, entry + "() opened " + what);
    }
  }
}

void FakeHost::Impl::check_descriptors(std::string_view entry, const std::set<int>& before) {
  const std::set<int> after = open_descriptors();
  const std::lock_guard lock(mutex_);
  for (const int descriptor : after) {
    if (before.count(descriptor) == 0) {
      opened_[descriptor] = entry;
    }
  }
  std::erase_if(opened_, [&](const auto& opened) { return after.count(opened.first) == 0; });
  for (auto& [op, operation] : operations_) {
    std::erase_if(operation.descriptors, [&, id = op](int descriptor) {
      const bool closed = after.count(descriptor) == 0;
      if (closed) {
        breach(Rule::kDescriptors, std::string(entry) + "() closed the file of delivery " +
                                       std::to_string(id) + ", which is the host's");
      }
      return closed;
    });
  }
}

void FakeHost::Impl::close_lent(const std::vector<int>& descriptors) {
  for (const int descriptor : descriptors) {
    if (::close(descriptor) != 0 && errno == EBADF) {
      breach(Rule::kDescriptors, "it closed the file of a delivery, which is the host's");
    }
  }
}

void FakeHost::Impl::complete(pbay_op op, Completion completion) {
  post([this, op, completion = std::move(completion)] {
    {
      const std::lock_guard lock(mutex_);
      if (pending_.erase(op) == 0 || stopped_) {
        return;
      }
      if (completion.first) {
        completion.first();
      }
    }
    LentMemory lent;
    auto abi = sdk::make_abi<pbay_completion>();
    abi.code = completion.code;
    abi.value = completion.value;
    abi.text = lent.text(completion.text);
    abi.detail = completion.detail ? completion.detail(lent) : nullptr;
    const pbay_completion* given = lent.object(abi);
    call("on_complete", [&] { adapter_.on_complete(adapter_.self, op, given); });
  });
}

void FakeHost::Impl::event(pbay_op op, MakeDetail detail) {
  post([this, op, detail = std::move(detail)] {
    if (stopped_) {
      return;
    }
    LentMemory lent;
    const void* given = detail(lent);
    if (adapter_.on_event == nullptr) {
      breach(Rule::kConnection, "it has a long-lived operation, and no on_event()");
      return;
    }
    call("on_event", [&] { adapter_.on_event(adapter_.self, op, given); });
  });
}

}  // namespace patchbay::testkit
