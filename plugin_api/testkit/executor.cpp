// Virtual time and the instance's executor.
#include <algorithm>
#include <utility>

#include "fake_host_impl.hpp"

namespace patchbay::testkit {
namespace {

constexpr int kTooManySteps = 1'000'000;

}  // namespace

std::uint64_t FakeHost::Impl::at(std::int64_t due_ms, std::function<void()> work) {
  const std::uint64_t id = ++last_timer_;
  timers_.emplace(std::max(due_ms, now_ms_), Timer{id, std::move(work)});
  return id;
}

bool FakeHost::Impl::forget(std::uint64_t id) {
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
  for (int steps = 0; !ready_.empty(); ++steps) {
    if (steps == kTooManySteps) {
      breach("it never rests: a million completions without a wait");
      ready_.clear();
      return;
    }
    const std::function<void()> work = std::move(ready_.front());
    ready_.pop_front();
    work();
  }
}

bool FakeHost::Impl::run_next_timer(std::int64_t end_ms) {
  run_ready();
  if (timers_.empty() || timers_.begin()->first > end_ms) {
    return false;
  }
  now_ms_ = std::max(now_ms_, timers_.begin()->first);
  const std::function<void()> work = std::move(timers_.begin()->second.work);
  timers_.erase(timers_.begin());
  work();
  run_ready();
  return true;
}

void FakeHost::Impl::run_until(std::int64_t end_ms) {
  for (int steps = 0; run_next_timer(end_ms); ++steps) {
    if (steps == kTooManySteps) {
      breach("it never rests: a million timers in one step of time");
      return;
    }
  }
  now_ms_ = std::max(now_ms_, end_ms);
}

void FakeHost::Impl::call(std::string_view entry, const std::function<void()>& body) {
  if (in_call_) {
    breach("test: " + std::string(entry) + "() within another call of the instance");
    return;
  }
  in_call_ = true;
  body();
  in_call_ = false;
}

void FakeHost::Impl::complete(pbay_op op, Completion completion) {
  post([this, op, completion = std::move(completion)] {
    if (pending_.erase(op) == 0) {
      return;
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
    LentMemory lent;
    const void* given = detail(lent);
    if (adapter_.on_event == nullptr) {
      breach("it has a long-lived operation, and no on_event()");
      return;
    }
    call("on_event", [&] { adapter_.on_event(adapter_.self, op, given); });
  });
}

}  // namespace patchbay::testkit
