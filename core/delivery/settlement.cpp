#include "delivery/settlement.hpp"

#include "delivery/host_records.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryState;

class Settler {
 public:
  Settler(store::Repositories& repositories, const Settling& settling,
          store::DeliveryRecord& record, Settled& settled)
      : repositories_(repositories), settling_(settling), record_(record), settled_(settled) {
    move_.id = record.id;
    move_.at = settling.now;
    move_.attempts = record.attempts;
    move_.code = settling.code;
  }

  Status operator()(const Delivered&) {
    // The parts that the adapter told of while it sent them are there already, with their cursors.
    for (std::size_t part = record_.parts.size(); part < settling_.remote_ids.size(); ++part) {
      PATCHBAY_TRY(repositories_.ledger.put_part(
          record_.id, {static_cast<std::uint32_t>(part), settling_.remote_ids[part], {}}));
    }
    move_.to = DeliveryState::kDelivered;
    return move_checked(repositories_, record_, move_, Ground::kNone);
  }
  Status operator()(const Failed& failed) {
    if (was_sent_before(record_)) {
      return move_to_unknown(failed.reason, Ground::kSentBefore);
    }
    move_.to = DeliveryState::kFailed;
    move_.reason = failed.reason;
    move_.evidence = parts_evidence(record_);
    return move_checked(repositories_, record_, move_, Ground::kNone);
  }
  Status operator()(const Unknown& unknown) {
    return move_to_unknown(unknown.reason, Ground::kNone);
  }
  Status operator()(const RetryLater& retry) {
    move_.not_before = settling_.now + retry.after;
    PATCHBAY_TRY(move_to_waiting(retry.reason, retry.was_uncertain));
    return impose(retry);
  }
  Status operator()(const Pause& pause) {
    move_.attempts = record_.attempts > 0 ? record_.attempts - 1 : 0;
    move_.keeps_pause = true;
    PATCHBAY_TRY(move_to_waiting(pause.reason, pause.was_uncertain));
    return repositories_.ledger.pause(record_.id, settling_.paused_since.value_or(settling_.now),
                                      pause.reason);
  }

 private:
  Status move_to_unknown(const std::string& reason, Ground ground) {
    move_.to = DeliveryState::kUnknown;
    move_.reason = reason;
    move_.evidence = parts_evidence(record_);
    return move_checked(repositories_, record_, move_, ground);
  }

  // By proof that nothing was sent, or through unknown by the policy, which says that it may be
  // sent again.
  Status move_to_waiting(const std::string& reason, bool was_uncertain) {
    Ground ground = Ground::kNotSent;
    if (was_uncertain) {
      PATCHBAY_TRY(move_to_unknown(reason, Ground::kNone));
      record_.state = DeliveryState::kUnknown;
      ground = Ground::kPolicy;
      move_.evidence = kSentAgain;
    }
    move_.to = DeliveryState::kWaiting;
    move_.reason = reason;
    return move_checked(repositories_, record_, move_, ground);
  }

  Status impose(const RetryLater& retry) {
    if (retry.wait_scope == RetryScope::kOperation) {
      return {};
    }
    store::RetryDeadline deadline;
    deadline.instance = record_.lane.instance;
    if (retry.wait_scope == RetryScope::kChat) {
      deadline.chat = record_.lane.chat;
    }
    deadline.until = settling_.now + retry.after;
    settled_.deadline = deadline;
    return repositories_.instance_state.put_deadline(deadline);
  }

  store::Repositories& repositories_;
  const Settling& settling_;
  store::DeliveryRecord& record_;
  Settled& settled_;
  store::DeliveryMove move_;
};

Result<store::DeliveryRecord> find_again(store::Repositories& repositories, std::int64_t id) {
  PATCHBAY_ASSIGN(auto found, repositories.ledger.find(id));
  return std::move(*found);
}

// The adapter was refused, but the platform says that it has all of it, of an earlier attempt.
NextAction in_the_light_of(const std::optional<store::EndReport>& report, NextAction action) {
  const auto* const failed = std::get_if<Failed>(&action);
  if (report && !report->failed && failed != nullptr) {
    return Unknown{failed->reason};
  }
  return action;
}

// A failure that was reported by the id of one of its messages before the ledger had that id.
Result<std::optional<store::EndReport>> take_failure_of(store::Repositories& repositories,
                                                        const store::DeliveryRecord& record) {
  for (const store::DeliveryPart& part : record.parts) {
    PATCHBAY_ASSIGN(auto failure,
                    repositories.early_reports.take_failure(record.lane.instance, part.remote_id));
    if (!failure) {
      continue;
    }
    // Unless messages of other chats have it, too.
    PATCHBAY_ASSIGN(const auto meant,
                    repositories.ledger.find_reported(record.lane.instance, part.remote_id));
    if (meant && meant->id == record.id) {
      return failure;
    }
  }
  return std::optional<store::EndReport>();
}

Status hear_report(store::Repositories& repositories, std::optional<store::EndReport> report,
                   base::WallTime now, store::DeliveryRecord& record) {
  // The failure of a part that is still to come says nothing of those that are there.
  if (!report || !report->failed || report->part >= record.parts.size()) {
    PATCHBAY_ASSIGN(auto failure, take_failure_of(repositories, record));
    if (failure) {
      report = std::move(failure);
    }
  }
  if (!report) {
    return {};
  }
  PATCHBAY_ASSIGN(const bool moved, move_by_report(repositories, record, *report, now));
  if (moved) {
    PATCHBAY_ASSIGN(record, find_again(repositories, record.id));
  }
  return {};
}

}  // namespace

Result<Settled> settle(store::Repositories& repositories, const Settling& settling) {
  PATCHBAY_ASSIGN(auto found, repositories.ledger.find(settling.id));
  if (!found) {
    return Status(base::Code::kInternal,
                  "delivery " + std::to_string(settling.id) + " is not in the ledger");
  }
  Settled settled;
  if (store::is_end(found->state)) {
    settled.record = std::move(*found);
    settled.had_ended = true;
    return settled;
  }
  PATCHBAY_ASSIGN(auto report, repositories.early_reports.take(settling.id));
  PATCHBAY_TRY(std::visit(Settler(repositories, settling, *found, settled),
                          in_the_light_of(report, settling.action)));
  PATCHBAY_ASSIGN(settled.record, find_again(repositories, settling.id));
  PATCHBAY_TRY(hear_report(repositories, std::move(report), settling.now, settled.record));
  const DeliveryState state = settled.record.state;
  if (settling.may_tell_user &&
      (state == DeliveryState::kFailed || state == DeliveryState::kUnknown)) {
    PATCHBAY_ASSIGN(settled.user_notice, tell_user(repositories, settled.record, settling.now));
  }
  return settled;
}

}  // namespace patchbay::delivery
