#include "delivery/reports.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "delivery/settlement.hpp"

namespace patchbay::delivery {
namespace {

using base::Code;
using base::Result;
using base::Status;
using store::DeliveryRecord;
using store::DeliveryState;

struct PartKey {
  std::string key;
  std::uint32_t part = 0;
};

PartKey split(const std::string& key) {
  const std::size_t colon = key.rfind(':');
  PartKey out{key.substr(0, colon), 0};
  if (colon != std::string::npos) {
    std::from_chars(key.data() + colon + 1, key.data() + key.size(), out.part);
  }
  return out;
}

Result<std::optional<DeliveryRecord>> find_reported(store::Repositories& repositories,
                                                    const Report& report) {
  if (!report.remote_id.empty()) {
    PATCHBAY_ASSIGN(auto found,
                    repositories.ledger.find_by_remote_id(report.instance, {}, report.remote_id));
    if (found || report.idempotency_key.empty()) {
      return found;
    }
  }
  return repositories.ledger.find_by_idempotency_key(report.instance,
                                                     split(report.idempotency_key).key);
}

struct Decision {
  DeliveryState to;
  std::string_view reason;
  std::string_view evidence;
  std::string_view audit;
};
constexpr Decision kDecisions[] = {
    {DeliveryState::kDelivered, "", "an operator says that it arrived", "resolved_as_delivered"},
    {DeliveryState::kFailed, "an operator says that it did not arrive",
     "an operator says that it did not arrive", "resolved_as_failed"},
    {DeliveryState::kWaiting, "", kSentAgainByOperator, "sent_again"},
};

Result<DeliveryRecord> move_to(store::Repositories& repositories, const DeliveryRecord& record,
                               DeliveryState to, Ground ground, const std::string& reason,
                               const std::string& evidence, base::WallTime now) {
  store::DeliveryMove move;
  move.id = record.id;
  move.to = to;
  move.at = now;
  move.attempts = record.attempts;
  move.reason = reason;
  move.evidence = evidence;
  PATCHBAY_TRY(move_checked(repositories, record, move, ground));
  PATCHBAY_ASSIGN(auto moved, repositories.ledger.find(record.id));
  return std::move(*moved);
}

}  // namespace

Result<std::optional<DeliveryRecord>> take_report(store::Repositories& repositories,
                                                  const Report& report) {
  PATCHBAY_ASSIGN(const auto found, find_reported(repositories, report));
  const bool says_something_new =
      found && (found->state == DeliveryState::kUnknown ||
                (found->state == DeliveryState::kDelivered && report.failed));
  if (!says_something_new) {
    return std::optional<DeliveryRecord>();
  }
  if (!report.failed && !report.remote_id.empty()) {
    const std::uint32_t part =
        report.idempotency_key.empty() ? 0 : split(report.idempotency_key).part;
    PATCHBAY_TRY(repositories.ledger.put_part(found->id, {part, report.remote_id, {}}));
  }
  const std::string reason =
      report.failed && report.reason.empty() ? "the platform reported its failure" : report.reason;
  PATCHBAY_ASSIGN(auto moved,
                  move_to(repositories, *found,
                          report.failed ? DeliveryState::kFailed : DeliveryState::kDelivered,
                          Ground::kReport, reason, "the platform reported it", report.at));
  return std::optional(std::move(moved));
}

Result<DeliveryRecord> resolve_unknown(store::Repositories& repositories, std::int64_t id,
                                       DeliveryState to, base::WallTime now) {
  PATCHBAY_ASSIGN(const auto found, repositories.ledger.find(id));
  if (!found) {
    return Status(Code::kNotFound, "there is no delivery " + std::to_string(id));
  }
  const auto* const decision =
      std::find_if(std::begin(kDecisions), std::end(kDecisions),
                   [to](const Decision& possible) { return possible.to == to; });
  if (found->state != DeliveryState::kUnknown || decision == std::end(kDecisions)) {
    return Status(Code::kRefused,
                  "delivery " + std::to_string(id) + " is " +
                      std::string(store::to_string(found->state)) +
                      "; only an unknown one can be resolved: `patchbay deliveries unknown` lists "
                      "them");
  }
  if (to == DeliveryState::kWaiting && !found->files.empty() && found->spool.empty()) {
    return Status(Code::kRefused, "delivery " + std::to_string(id) +
                                      " cannot be sent again: its files are kept for some days "
                                      "only, and are gone; resolve it as failed, then its agent is "
                                      "told and can send them anew");
  }
  PATCHBAY_TRY(
      repositories.audit.count_one({found->lane.instance, found->lane.chat, store::kOperator, "",
                                    std::string(decision->audit), 0, now, now}));
  return move_to(repositories, *found, to, Ground::kOperator, std::string(decision->reason),
                 std::string(decision->evidence), now);
}

Result<std::vector<DeliveryRecord>> fail_waiting(store::Repositories& repositories,
                                                 const session::SessionAddress& session,
                                                 const std::string& reason, base::WallTime now) {
  PATCHBAY_ASSIGN(const auto open,
                  repositories.ledger.load_session_open(session.agent, session.id));
  std::vector<DeliveryRecord> failed;
  for (const DeliveryRecord& record : open) {
    if (record.state == DeliveryState::kWaiting) {
      PATCHBAY_ASSIGN(auto moved, move_to(repositories, record, DeliveryState::kFailed,
                                          Ground::kNone, reason, "", now));
      failed.push_back(std::move(moved));
    }
  }
  return failed;
}

}  // namespace patchbay::delivery
