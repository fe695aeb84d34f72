#include "adapters/submit_queue.hpp"

#include <algorithm>
#include <utility>

#include "adapters/instance.hpp"
#include "attachments/staging.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Result;
using base::Status;
using routing::SubmitOutcome;

namespace {

Completion not_stored(const Status& why) {
  Completion completion = completion_of(why);
  completion.value = PBAY_NOT_STORED;
  return completion;
}

// As the adapter reads it: see PBAY_NOT_STORED.
bool is_hopeless(const Status& why) {
  const std::int32_t code = code_of(why);
  return (code <= PBAY_E_PERMANENT && code > PBAY_E_ACCOUNT) || code <= PBAY_E_BUG;
}

std::vector<std::string> staged_names(const routing::InboundEvent& event) {
  std::vector<std::string> out;
  for (const routing::InboundFile& file : event.files) {
    if (!file.staged.empty()) {
      out.push_back(file.staged);
    }
  }
  return out;
}

}  // namespace

void SubmitQueue::submit(pbay_op op, InboundCopy copy) {
  if (!begin(op, copy.event.chat)) {
    staging_.abort(copy.staging);
    --owner_.bridge().pending_submits;
    return;
  }
  if (!copy.problem.ok()) {
    ++counters_.malformed;
    owner_.violation(copy.problem.message());
    staging_.abort(copy.staging);
    --owner_.bridge().pending_submits;
    owner_.complete(op, not_stored(copy.problem));
    return;
  }
  const bool has_staged = std::any_of(copy.staging.begin(), copy.staging.end(),
                                      [](std::uint64_t handle) { return handle != 0; });
  const std::vector<std::uint64_t> handles = copy.staging;
  const std::uint64_t number = ++last_number_;
  const bool may_not_pass = held_back_.contains(copy.event.chat);
  waiting_.push_back({.number = number,
                      .op = op,
                      .copy = std::move(copy),
                      .ready = !has_staged,
                      .may_not_pass = may_not_pass});
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
    if (names.ok()) {
      discard(std::move(*names));  // the instance has ended
    }
    return;
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

void SubmitQueue::refuse(pbay_op op, const base::ChatKey& chat,
                         const std::vector<std::uint64_t>& handles) {
  staging_.abort(handles);
  if (begin(op, chat)) {
    ++counters_.busy;
    const Status why(Code::kBusy, "too many events are under way; submit it again");
    owner_.complete_then(op, not_stored(why), hold_back(chat));
  }
}

bool SubmitQueue::begin(pbay_op op, const base::ChatKey& chat) {
  const Status begun = owner_.try_begin(op, "submit");
  if (begun.code() == Code::kBusy) {
    ++counters_.busy;
    owner_.turn_away(op, not_stored(begun), hold_back(chat));
  }
  return begun.ok();
}

void SubmitQueue::pass_ready() {
  while (!waiting_.empty() && waiting_.front().ready) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    pass(std::move(next));
  }
}

void SubmitQueue::pass(Waiting waiting) {
  const base::ChatKey chat = waiting.copy.event.chat;
  Status problem = waiting.copy.problem;
  if (problem.ok() && waiting.may_not_pass) {
    problem = {Code::kBusy,
               "an event of its chat before it was not stored; submit it again after that"};
    discard(staged_names(waiting.copy.event));
  }
  if (!problem.ok()) {
    --owner_.bridge().pending_submits;
    give_back(waiting.op, chat, problem);
    return;
  }
  ++counters_.submitted;
  inbound_.submit(std::move(waiting.copy.event), [bridge = owner_.bridge().shared_from_this(),
                                                  op = waiting.op, chat](SubmitOutcome outcome) {
    if (bridge->instance() != nullptr) {
      bridge->instance()->submits().answered(op, chat, outcome);
    }
  });
}

void SubmitQueue::answered(pbay_op op, const base::ChatKey& chat, SubmitOutcome outcome) {
  --owner_.bridge().pending_submits;
  switch (outcome) {
    case SubmitOutcome::kStored:
    case SubmitOutcome::kIntake:
      ++counters_.stored;
      break;
    case SubmitOutcome::kDuplicate:
      ++counters_.duplicates;
      break;
    case SubmitOutcome::kRefused:
      ++counters_.refused;
      break;
    case SubmitOutcome::kBusy:
      give_back(op, chat, {Code::kBusy, "the host is busy; submit it again later"});
      return;
  }
  static_assert(static_cast<std::uint32_t>(SubmitOutcome::kStored) + PBAY_STORED == PBAY_STORED &&
                static_cast<std::uint32_t>(SubmitOutcome::kRefused) + PBAY_STORED == PBAY_REFUSED);
  owner_.complete(op, {.value = static_cast<std::uint64_t>(outcome) + PBAY_STORED});
}

// What the adapter submitted before it has heard of it shares the fate of this one, unless that
// never comes again.
void SubmitQueue::give_back(pbay_op op, const base::ChatKey& chat, const Status& why) {
  if (is_hopeless(why)) {
    owner_.complete(op, not_stored(why));
    return;
  }
  counters_.busy += why.code() == Code::kBusy ? 1 : 0;
  for (Waiting& later : waiting_) {
    later.may_not_pass = later.may_not_pass || later.copy.event.chat == chat;
  }
  owner_.complete_then(op, not_stored(why), hold_back(chat));
}

base::UniqueFunction<void()> SubmitQueue::hold_back(const base::ChatKey& chat) {
  held_back_.insert(chat);
  return [this, chat] { held_back_.erase(held_back_.find(chat)); };
}

void SubmitQueue::discard(std::vector<std::string> names) {
  owner_.services().storage.post(
      [bridge = owner_.bridge().shared_from_this(), names = std::move(names)] {
        bridge->gate().with([&names](const AdapterHostServices& services) {
          for (const std::string& name : names) {
            // Owned and let go: that removes the file. Empty: it was none.
            static_cast<void>(name.empty() || services.staging.reopen(name).ok());
          }
        });
      });
}

void SubmitQueue::shut_down() {
  for (const Waiting& waiting : std::exchange(waiting_, {})) {
    discard(staged_names(waiting.copy.event));
  }
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
