#include "adapters/delivery_table.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.hpp"

namespace patchbay::adapters {

using delivery::AttemptOutcome;
using delivery::OutcomeClass;
using delivery::SentState;

DeliveryTable::DeliveryTable(base::Loop& loop, const std::string& instance,
                             base::UniqueFunction<void(pbay_op)> overdue,
                             base::UniqueFunction<std::uint64_t()> sends,
                             base::UniqueFunction<bool()> network_is_ours)
    : loop_(loop),
      instance_(instance),
      overdue_(std::move(overdue)),
      sends_(std::move(sends)),
      network_is_ours_(std::move(network_is_ours)) {}

DeliveryTable::~DeliveryTable() {
  for (const auto& [op, entry] : entries_) {
    if (entry.timer != 0) {
      loop_.cancel(entry.timer);
    }
  }
}

void DeliveryTable::add(pbay_op op, std::shared_ptr<const OutboundImage> image,
                        base::MonotonicTime deadline, Done done) {
  forget_oldest_late();
  Entry& entry = entries_[op];
  entry.image = std::move(image);
  entry.next_part = static_cast<std::uint32_t>(entry.image->request().parts_done.size());
  entry.done = std::move(done);
  entry.untagged_before = untagged_requests_;
  entry.sends_before = sends_();
  entry.timer = loop_.run_at(deadline, [this, op] {
    Entry& late = entries_.at(op);
    late.timer = 0;
    overdue_(op);
    end_without_answer(late, "the adapter did not answer in time");
  });
}

// A late answer is waited for, since until then the adapter may read the delivery's files; but not
// for any number of them.
void DeliveryTable::forget_oldest_late() {
  if (entries_.size() < limits::kLateDeliveries) {
    return;
  }
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (!entry->second.done) {
      entries_.erase(entry);
      return;
    }
  }
}

DeliveryTable::Completed DeliveryTable::complete(pbay_op op, AttemptOutcome outcome) {
  const auto found = entries_.find(op);
  if (found == entries_.end()) {
    return Completed::kForeign;
  }
  Entry entry = std::move(found->second);
  entries_.erase(found);
  if (!entry.done) {
    return Completed::kTooLate;
  }
  give(entry, std::move(outcome));
  return Completed::kTaken;
}

const delivery::DeliveryRequest* DeliveryTable::request(pbay_op op) const {
  const auto found = entries_.find(op);
  return found == entries_.end() ? nullptr : &found->second.image->request();
}

bool DeliveryTable::is_under_way(pbay_op op) const {
  const auto found = entries_.find(op);
  return found != entries_.end() && found->second.done && found->second.over.empty();
}

void DeliveryTable::expect_part(pbay_op op, std::uint32_t part) {
  if (const auto found = entries_.find(op); found != entries_.end()) {
    found->second.next_part = part;
  }
}

bool DeliveryTable::is_any_under_way() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& entry) { return static_cast<bool>(entry.second.done); });
}

void DeliveryTable::end_all(const std::string& why) {
  // By id: an outcome may bring the next delivery.
  std::vector<pbay_op> ops;
  ops.reserve(entries_.size());
  for (const auto& [op, entry] : entries_) {
    ops.push_back(op);
  }
  for (const pbay_op op : ops) {
    if (const auto found = entries_.find(op); found != entries_.end()) {
      end_without_answer(found->second, why);
    }
  }
}

bool DeliveryTable::request_begins(pbay_op delivery_op) {
  if (!is_under_way(delivery_op)) {
    return false;
  }
  ++entries_.at(delivery_op).requests_under_way;
  return true;
}

void DeliveryTable::request_ended(pbay_op delivery_op, net::SentState sent) {
  const auto found = entries_.find(delivery_op);
  if (found == entries_.end()) {
    return;
  }
  Entry& entry = found->second;
  --entry.requests_under_way;
  entry.left = entry.left || sent != net::SentState::kNotSent;
  end_if_quiet(entry);
}

void DeliveryTable::end_without_answer(Entry& entry, const std::string& why) {
  if (!entry.done || !entry.over.empty()) {
    return;
  }
  entry.over = why;
  end_if_quiet(entry);
}

// Cancelled requests still bring their verdict.
void DeliveryTable::end_if_quiet(Entry& entry) {
  if (entry.over.empty() || entry.requests_under_way != 0 || !entry.done) {
    return;
  }
  const bool nothing_left = !entry.left && network_is_ours_() &&
                            entry.untagged_before == untagged_requests_ &&
                            entry.sends_before == sends_();
  AttemptOutcome outcome;
  outcome.outcome = nothing_left ? OutcomeClass::kRetryable : OutcomeClass::kUnknown;
  outcome.code = nothing_left ? PBAY_E_TIMEOUT : PBAY_E_UNKNOWN;
  outcome.sent_state = nothing_left ? SentState::kNotSent : SentState::kUnknown;
  outcome.text = "instance " + instance_ + ": " + entry.over +
                 (nothing_left ? "; nothing had left" : "; it may have been sent");
  give(entry, std::move(outcome));
}

void DeliveryTable::give(Entry& entry, AttemptOutcome outcome) {
  if (entry.timer != 0) {
    loop_.cancel(std::exchange(entry.timer, 0));
  }
  if (outcome.outcome == OutcomeClass::kDelivered) {
    ++delivered_;
  } else if (outcome.outcome == OutcomeClass::kUnknown) {
    ++unknown_;
  } else if (outcome.outcome == OutcomeClass::kPermanent || outcome.outcome == OutcomeClass::kBug) {
    ++failed_;  // the others are tried again
  }
  const Done done = std::exchange(entry.done, nullptr);
  done(std::move(outcome));
}

}  // namespace patchbay::adapters
