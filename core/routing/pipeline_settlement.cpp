// The end of an event: what became of it is made durable, then its submitter is told.
#include <nlohmann/json.hpp>

#include "attachments/staging.hpp"
#include "base/failpoint.hpp"
#include "base/log.hpp"
#include "routing/flow.hpp"
#include "routing/inbound_row.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

constexpr int kSettlementAttempts = 3;
constexpr base::Milliseconds kSettleAgain{200};

}  // namespace

void Router::Pipeline::settle_rows(const FlowPointer& flow) {
  PBAY_FAILPOINT("routing.after_rows");
  Settlement settlement;
  bool stored = false;
  bool duplicate = false;
  for (Flow::Target& target : flow->targets) {
    if (target.written.outcome != SessionLanes::Outcome::kRefused) {
      settlement.rows.push_back({target.session.agent, target.session.id, target.row_id});
    }
    switch (target.written.outcome) {
      case SessionLanes::Outcome::kDone:
        stored = true;
        break;
      case SessionLanes::Outcome::kDuplicate:
        duplicate = true;
        break;
      case SessionLanes::Outcome::kRefused:
        continue;
      case SessionLanes::Outcome::kDiverted:
        settlement.intake.push_back(
            {target.written.order, store::IntakeReason::kSessionBusy, flow->event.instance,
             flow->event.chat, session_name(target.session),
             to_text(WaitingRow{std::move(target.row), flow->event.event_id, target.pending_event}),
             flow->received_at});
        continue;
    }
    if (!target.pending_event.empty()) {
      settlement.pending_files.push_back(
          {0, target.session.agent, target.session.id, target.row_id, target.pending_event});
    }
  }
  settlement.outcome = stored                       ? SubmitOutcome::kStored
                       : !settlement.intake.empty() ? SubmitOutcome::kIntake
                       : duplicate                  ? SubmitOutcome::kDuplicate
                                                    : SubmitOutcome::kRefused;
  commit(flow, std::move(settlement));
}

void Router::Pipeline::settle_without_rows(const FlowPointer& flow) {
  const InboundEvent& event = flow->event;
  const bool stays_held = flow->plan.way == Way::kIntake && flow->held_as != 0;
  if (flow->plan.way == Way::kDuplicate || stays_held) {
    if (!stays_held) {
      discard(std::move(flow->event.files));
    }
    finish(flow, stays_held ? SubmitOutcome::kIntake : SubmitOutcome::kDuplicate);
    return;
  }
  if (flow->plan.way == Way::kIntake) {
    const std::int64_t order = lanes_.next_order();
    if (has_staged_files(event)) {
      hold_files(flow, [this, flow, order] { hold(flow, order); });
    } else {
      hold(flow, order);
    }
    return;
  }
  Settlement settlement;
  settlement.outcome = SubmitOutcome::kRefused;
  // What an agent was merely not asked about is no one's affair.
  if (flow->plan.reason != "not_engaged") {
    settlement.audit =
        store::AuditRecord{event.instance,    event.chat, event.sender.id,   event.sender.name,
                           flow->plan.reason, 0,          flow->received_at, flow->received_at};
  }
  commit(flow, std::move(settlement));
}

void Router::Pipeline::hold_files(const FlowPointer& flow, base::UniqueFunction<void()> then) {
  parts_.storage.post([flow, tools = parts_.files, &loop = parts_.loop,
                       then = lifetime_.guard(std::move(then))]() mutable {
    const auto bytes = tools.staging->bytes();
    if (!bytes.ok() || *bytes > tools.held_bytes) {
      discard_files(tools, flow->event.files);
      for (InboundFile& file : flow->event.files) {
        if (!file.staged.empty()) {
          file.staged.clear();
          file.error = "it was not kept: the chat was not known, and too many files waited";
        }
      }
    }
    loop.post(std::move(then));
  });
}

void Router::Pipeline::hold(const FlowPointer& flow, std::int64_t order) {
  const InboundEvent& event = flow->event;
  Settlement settlement;
  settlement.outcome = SubmitOutcome::kIntake;
  settlement.intake.push_back({order,
                               store::IntakeReason::kUnknownChat,
                               event.instance,
                               event.chat,
                               {},
                               to_text(event),
                               flow->received_at});
  commit(flow, std::move(settlement));
}

void Router::Pipeline::commit(const FlowPointer& flow, Settlement settlement) {
  settlement.event = &flow->event;
  settlement.taken_from_intake = flow->held_as;
  settlement.now = flow->received_at;
  // Shared by the work and its completion.
  commit(flow, std::make_shared<const Settlement>(std::move(settlement)));
}

void Router::Pipeline::commit(const FlowPointer& flow,
                              const std::shared_ptr<const Settlement>& settlement) {
  ++flow->settlements;
  parts_.database.transact_repeatable<Settled>(
      [flow, settlement](store::Repositories& repositories) {
        return settle(repositories, *settlement);
      },
      lifetime_.guard([this, flow, settlement](const base::Result<Settled>& result) {
        settled(flow, settlement, result);
      }));
}

void Router::Pipeline::settled(const FlowPointer& flow,
                               const std::shared_ptr<const Settlement>& settlement,
                               const base::Result<Settled>& result) {
  if (!result.ok()) {
    base::log_error("routing.not_settled", {{"instance", flow->event.instance.str()},
                                            {"event", flow->event.event_id},
                                            {"attempt", flow->settlements},
                                            {"reason", result.status().message()}});
    // What goes to the intake has its number there already: repeated by the platform it would come
    // behind those that followed it.
    if (flow->settlements < kSettlementAttempts) {
      parts_.loop.run_after(
          kSettleAgain, lifetime_.guard([this, flow, settlement] { commit(flow, settlement); }));
      return;
    }
  }
  for (const Flow::Target& target : flow->targets) {
    if (target.written.outcome == SessionLanes::Outcome::kDiverted) {
      lanes_.intake_settled(target.session);
    }
  }
  if (!result.ok()) {
    give_back(flow);
    return;
  }
  if (flow->targets.empty() && result->outcome != SubmitOutcome::kIntake) {
    discard(std::move(flow->event.files));
  }
  if (result->first) {
    for (const store::PendingFilesRecord& pending : settlement->pending_files) {
      fetcher_.add(pending);
    }
  }
  if (flow->plan.way == Way::kIntake && result->first) {
    unwired_chats_.tell(flow->event.instance, flow->event.chat,
                        result->outcome == SubmitOutcome::kIntake ? UnwiredChats::Fate::kHeld
                                                                  : UnwiredChats::Fate::kRefused,
                        routing_->config().default_agent, parts_.loop.now());
  }
  if (flow->plan.way == Way::kRefused && flow->plan.reason == store::kUnknownSender &&
      result->first) {
    strangers_.tell(flow->event, parts_.loop.now());
  }
  finish(flow, result->outcome);
}

}  // namespace patchbay::routing
