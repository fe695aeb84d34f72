#include "delivery/attempt_rows.hpp"

#include "delivery/acceptance.hpp"
#include "delivery/evidence.hpp"
#include "delivery/target_parts.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryRecord;
using store::DeliveryState;

Status resolve_target(store::Repositories& repositories, RowToTry& row) {
  DeliveryRecord& record = row.record;
  if (!record.target.starts_with(kTargetRow)) {
    return {};
  }
  const std::string message = record.target.substr(kTargetRow.size());
  PATCHBAY_ASSIGN(const auto target,
                  repositories.ledger.find_by_message(record.agent, record.session, message));
  if (target && !store::is_end(target->state)) {
    row.blocked_by = target->id;
    return {};
  }
  if (!target || target->state != DeliveryState::kDelivered || target->parts.empty()) {
    row.problem = kTargetNotDelivered;
    return {};
  }
  record.target = target->parts.front().remote_id;
  return repositories.ledger.set_target(record.id, record.target);
}

}  // namespace

Result<DeliveryRecord> find_delivery(store::Repositories& repositories, std::int64_t id) {
  PATCHBAY_ASSIGN(auto record, repositories.ledger.find(id));
  if (!record) {
    return Status(base::Code::kInternal, "delivery " + std::to_string(id) + " is gone");
  }
  return std::move(*record);
}

Result<RowToTry> load_row_to_try(store::Repositories& repositories, std::int64_t id) {
  RowToTry row;
  PATCHBAY_ASSIGN(row.record, find_delivery(repositories, id));
  PATCHBAY_TRY(resolve_target(repositories, row));
  return row;
}

Result<DeliveryRecord> begin_sending(store::Repositories& repositories, std::int64_t id,
                                     base::WallTime now) {
  PATCHBAY_ASSIGN(DeliveryRecord record, find_delivery(repositories, id));
  if (store::is_end(record.state)) {
    return record;
  }
  store::DeliveryMove move;
  move.id = id;
  move.to = DeliveryState::kSending;
  move.at = now;
  move.attempts = record.attempts + 1;
  move.reason = record.reason;
  PATCHBAY_TRY(move_checked(repositories, record, move, Ground::kNone));
  // With the first attempt the row begins to grow old.
  PATCHBAY_ASSIGN(record, find_delivery(repositories, id));
  PATCHBAY_TRY(load_target_parts(repositories, record));
  return record;
}

}  // namespace patchbay::delivery
