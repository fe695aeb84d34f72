#include "adapters/submit_queue.hpp"

#include <algorithm>
#include <utility>

#include "adapters/instance.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Result;
using base::Status;
using routing::SubmitOutcome;

void SubmitQueue::submit(pbay_op op, InboundCopy copy) {
  if (!owner_.begin(op, "submit")) {
    staging_.abort(copy.staging);
    --owner_.bridge().pending_submits;
    return;
  }
  if (!copy.problem.ok()) {
    ++counters_.malformed;
    owner_.violation(copy.problem.message());
    staging_.abort(copy.staging);
    not_stored(op, copy.problem);
    return;
  }
  const bool has_staged = std::any_of(copy.staging.begin(), copy.staging.end(),
                                      [](std::uint64_t handle) { return handle != 0; });
  const std::vector<std::uint64_t> handles = copy.staging;
  const std::uint64_t number = ++last_number_;
  waiting_.push_back({.number = number, .op = op, .copy = std::move(copy), .ready = !has_staged});
  if (has_staged) {
    staging_.keep(handles, [this, number](Result<std::vector<std::string>> names) {
      files_kept(number, std::move(names));
    });
  } else {
    pass_ready();
  }
}

void SubmitQueue::files_kept(std::uint64_t number, Result<std::vector<std::string>> names) {
  const auto waiting = std::find_if(waiting_.begin(), waiting_.end(),
                                    [number](const Waiting& w) { return w.number == number; });
  if (waiting == waiting_.end()) {
    return;  // the instance has ended; what lies in staging without an owner goes at the next start
  }
  if (names.ok()) {
    for (std::size_t i = 0; i < names->size(); ++i) {
      waiting->copy.event.files[i].staged = std::move((*names)[i]);
    }
  } else {
    waiting->copy.problem = names.status();
  }
  waiting->ready = true;
  pass_ready();
}

void SubmitQueue::refuse(pbay_op op, const std::vector<std::uint64_t>& handles) {
  staging_.abort(handles);
  if (owner_.begin(op, "submit")) {
    ++counters_.busy;
    owner_.complete(op, {.code = PBAY_E_BUSY,
                         .value = PBAY_NOT_STORED,
                         .text = "too many events are under way; submit it again"});
  }
}

void SubmitQueue::pass_ready() {
  while (!waiting_.empty() && waiting_.front().ready) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    pass(std::move(next));
  }
}

void SubmitQueue::pass(Waiting waiting) {
  if (!waiting.copy.problem.ok()) {
    not_stored(waiting.op, waiting.copy.problem);
    return;
  }
  ++counters_.submitted;
  inbound_.submit(std::move(waiting.copy.event), [bridge = owner_.bridge().shared_from_this(),
                                                  op = waiting.op](SubmitOutcome outcome) {
    if (bridge->instance() != nullptr) {
      bridge->instance()->submits().answered(op, outcome);
    }
  });
}

void SubmitQueue::answered(pbay_op op, SubmitOutcome outcome) {
  switch (outcome) {
    case SubmitOutcome::kStored:
      ++counters_.stored;
      break;
    case SubmitOutcome::kDuplicate:
      ++counters_.duplicates;
      break;
    case SubmitOutcome::kIntake:
      ++counters_.stored;
      break;
    case SubmitOutcome::kRefused:
      ++counters_.refused;
      break;
    case SubmitOutcome::kBusy:
      ++counters_.busy;
      not_stored(op, {Code::kBusy, "the host is busy; submit it again later"});
      return;
  }
  static_assert(static_cast<std::uint32_t>(SubmitOutcome::kStored) + PBAY_STORED == PBAY_STORED &&
                static_cast<std::uint32_t>(SubmitOutcome::kRefused) + PBAY_STORED == PBAY_REFUSED);
  --owner_.bridge().pending_submits;
  owner_.complete(op, {.value = static_cast<std::uint64_t>(outcome) + PBAY_STORED});
}

void SubmitQueue::not_stored(pbay_op op, const Status& why) {
  --owner_.bridge().pending_submits;
  Completion completion = completion_of(why);
  completion.value = PBAY_NOT_STORED;
  owner_.complete(op, std::move(completion));
}

void SubmitQueue::add_to(InstanceCounters& counters) const {
  counters.submitted = counters_.submitted;
  counters.stored = counters_.stored;
  counters.duplicates = counters_.duplicates;
  counters.refused = counters_.refused;
  counters.busy = counters_.busy;
  counters.malformed = counters_.malformed;
}

}  // namespace patchbay::adapters
