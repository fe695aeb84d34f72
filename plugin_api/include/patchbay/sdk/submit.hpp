// SubmitAll: what `co_await submit_all(events)` awaits.
#ifndef PATCHBAY_SDK_SUBMIT_HPP
#define PATCHBAY_SDK_SUBMIT_HPP

#include <coroutine>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "event.hpp"
#include "runtime.hpp"

namespace patchbay::sdk {

class [[nodiscard]] SubmitAll {
 public:
  // The events must live until the answer.
  SubmitAll(Runtime& runtime, const std::vector<Event>& events)
      : runtime_(runtime), events_(events), results_(events.size()) {}
  SubmitAll(const SubmitAll&) = delete;
  SubmitAll& operator=(const SubmitAll&) = delete;
  ~SubmitAll() {
    for (const One& one : waiting_for_) {
      if (one.op != 0) {
        runtime_.abandon(one.op);
      }
    }
  }

  [[nodiscard]] bool await_ready() const noexcept { return events_.empty(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    left_ = events_.size();
    for (const Event& event : events_) {
      One& one = waiting_for_.emplace_back(*this, waiting_for_.size());
      one.op = runtime_.begin(&one);
      const EventAbi abi(event);
      runtime_.host()->submit(runtime_.host(), one.op, abi.get());
    }
  }
  std::vector<Submitted> await_resume() { return std::move(results_); }

 private:
  struct One final : Pending {
    SubmitAll& all;
    std::size_t index;
    pbay_op op = 0;

    One(SubmitAll& owner, std::size_t position) : all(owner), index(position) {}
    void completed(const pbay_completion& completion) override {
      op = 0;
      all.results_[index] = Submitted(completion);
      if (--all.left_ == 0) {
        detail::run(all.waiting_);
      }
    }
    [[nodiscard]] bool ends_in(Phase phase) const noexcept override {
      static_cast<void>(phase);
      return false;
    }
    void cancel(const pbay_host* host, pbay_op operation) noexcept override {
      static_cast<void>(host);
      static_cast<void>(operation);
    }
  };

  Runtime& runtime_;
  const std::vector<Event>& events_;
  std::vector<Submitted> results_;
  std::deque<One> waiting_for_;  // a deque: its elements stay where they are
  std::size_t left_ = 0;
  std::coroutine_handle<> waiting_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_SUBMIT_HPP
