#include "delivery/evidence.hpp"

#include "base/log.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryState;

// What is there already of a delivery that waits is not sent again, so that its failure stands; a
// part that is not there was refused, and is still to come.
bool changes_what_waits(const store::DeliveryRecord& record, const store::EndReport& report) {
  return was_sent_before(record) ||
         (report.failed ? report.part < record.parts.size() : record.attempts > 0);
}

bool changes_it(const store::DeliveryRecord& record, const store::EndReport& report) {
  switch (record.state) {
    case DeliveryState::kWaiting:
      return changes_what_waits(record, report);
    case DeliveryState::kUnknown:
      return true;
    case DeliveryState::kDelivered:
      return report.failed;
    case DeliveryState::kSending:
    case DeliveryState::kFailed:
      break;
  }
  return false;
}

}  // namespace

bool was_sent_before(const store::DeliveryRecord& record) {
  return record.evidence == kSentAgain || record.evidence == kSentAgainByOperator;
}

std::string parts_evidence(const store::DeliveryRecord& record) {
  if (record.parts.empty()) {
    return {};
  }
  std::string out = record.parts.size() == 1 ? "one part of it is there, as "
                                             : std::to_string(record.parts.size()) +
                                                   " parts of it are there, the first as ";
  return out + record.parts.front().remote_id;
}

Status move_checked(store::Repositories& repositories, const store::DeliveryRecord& record,
                    const store::DeliveryMove& move, Ground ground) {
  PATCHBAY_TRY(check_move(record.state, move.to, ground));
  return repositories.ledger.move(move);
}

Result<bool> move_by_report(store::Repositories& repositories, store::DeliveryRecord record,
                            const store::EndReport& report, base::WallTime now) {
  if (!changes_it(record, report)) {
    if (report.failed && record.state == DeliveryState::kWaiting) {
      base::log_info("delivery.failure_of_refused_attempt",
                     {{"delivery", record.id}, {"reason", report.reason}});
    }
    return false;
  }
  store::DeliveryMove move;
  move.id = record.id;
  move.at = now;
  move.attempts = record.attempts;
  if (record.state == DeliveryState::kWaiting) {
    move.to = DeliveryState::kUnknown;
    move.reason = record.reason;
    PATCHBAY_TRY(move_checked(repositories, record, move, Ground::kSentBefore));
    record.state = DeliveryState::kUnknown;
  }
  move.to = report.failed ? DeliveryState::kFailed : DeliveryState::kDelivered;
  move.reason = report.reason;
  move.evidence = kReported;
  PATCHBAY_TRY(move_checked(repositories, record, move, Ground::kReport));
  return true;
}

}  // namespace patchbay::delivery
