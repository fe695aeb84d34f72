#include "routing/settlement.hpp"

#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

store::Disposition disposition_of(SubmitOutcome outcome) {
  switch (outcome) {
    case SubmitOutcome::kIntake:
      return store::Disposition::kIntake;
    case SubmitOutcome::kRefused:
      return store::Disposition::kRefused;
    case SubmitOutcome::kStored:
    case SubmitOutcome::kDuplicate:
    case SubmitOutcome::kBusy:
      break;
  }
  return store::Disposition::kStored;
}

base::Status keep_newest(store::Repositories& repositories, const InboundEvent& event) {
  if (event.kind != EventKind::kMessage || event.backfill || event.message_id.empty()) {
    return {};
  }
  return repositories.chats.set_newest_message(event.instance, event.chat, event.thread,
                                               event.message_id);
}

store::AuditRecord audit_of(const Settlement& settlement, const char* reason) {
  const InboundEvent& event = *settlement.event;
  return {event.instance, event.chat, event.sender.id, event.sender.name,
          reason,         0,          settlement.now,  settlement.now};
}

}  // namespace

base::Result<Settled> settle(store::Repositories& repositories, const Settlement& settlement) {
  const InboundEvent& event = *settlement.event;
  SubmitOutcome outcome = settlement.outcome;
  for (const store::IntakeRecord& record : settlement.intake) {
    // Looked up first: an event that was settled meanwhile must not be kept a second time.
    if (settlement.taken_from_intake == 0) {
      PATCHBAY_ASSIGN(const auto seen,
                      repositories.seen.find({event.instance, event.chat, event.event_id}));
      if (seen) {
        return Settled{SubmitOutcome::kDuplicate, false};
      }
    }
    const auto id = repositories.intake.insert(record);
    if (id.status().code() == base::Code::kTooLarge) {
      outcome = SubmitOutcome::kRefused;
      PATCHBAY_TRY(repositories.audit.count_one(audit_of(settlement, store::kUnknownChatFull)));
    } else {
      PATCHBAY_TRY(id);
    }
  }
  if (settlement.taken_from_intake != 0) {
    PATCHBAY_TRY(repositories.intake.remove(settlement.taken_from_intake));
    PATCHBAY_TRY(repositories.seen.update({event.instance, event.chat, event.event_id},
                                          disposition_of(outcome), settlement.rows));
  } else {
    PATCHBAY_ASSIGN(
        const bool first,
        repositories.seen.insert({{event.instance, event.chat, event.event_id},
                                  event.message_id.empty() ? event.target_id : event.message_id,
                                  disposition_of(outcome),
                                  settlement.now,
                                  settlement.rows}));
    if (!first) {
      return Settled{SubmitOutcome::kDuplicate, false};
    }
  }
  for (const store::PendingFilesRecord& pending : settlement.pending_files) {
    PATCHBAY_TRY(repositories.pending_files.insert(pending));
  }
  if (settlement.audit) {
    PATCHBAY_TRY(repositories.audit.count_one(*settlement.audit));
  }
  if (outcome != SubmitOutcome::kRefused) {
    PATCHBAY_TRY(keep_newest(repositories, event));
  }
  return Settled{outcome, true};
}

}  // namespace patchbay::routing
