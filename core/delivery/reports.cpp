#include "delivery/reports.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>

#include "delivery/address.hpp"
#include "delivery/evidence.hpp"
#include "delivery/host_records.hpp"

namespace patchbay::delivery {
namespace {

using base::Code;
using base::Result;
using base::Status;
using store::DeliveryRecord;
using store::DeliveryState;

struct PartKey {
  std::string delivery;
  std::optional<std::uint32_t> part;  // nothing: all of it
};

PartKey split(const std::string& key) {
  const std::size_t colon = key.rfind(':');
  if (colon == std::string::npos) {
    return {key, std::nullopt};
  }
  std::uint32_t part = 0;
  const char* const end = key.data() + key.size();
  const auto read = std::from_chars(key.data() + colon + 1, end, part);
  return {read.ec == std::errc() && read.ptr == end ? key.substr(0, colon) : std::string(), part};
}

// The key names one delivery for certain.
Result<std::optional<DeliveryRecord>> find_reported(store::Repositories& repositories,
                                                    const Report& report) {
  if (report.idempotency_key.empty()) {
    return repositories.ledger.find_reported(report.instance, report.remote_id);
  }
  return repositories.ledger.find_by_idempotency_key(report.instance,
                                                     split(report.idempotency_key).delivery);
}

// The next part after those that are known. What is known stays: it has its cursor.
Status put_next_part(store::Repositories& repositories, DeliveryRecord& record,
                     store::DeliveryPart part) {
  if (part.remote_id.empty() || part.part != record.parts.size()) {
    return {};
  }
  PATCHBAY_TRY(repositories.ledger.put_part(record.id, part));
  record.parts.push_back(std::move(part));
  return {};
}

// How many parts there are to be only the adapter knows, so that a part alone ends nothing.
Status take_part(store::Repositories& repositories, DeliveryRecord record,
                 const store::DeliveryPart& part) {
  PATCHBAY_TRY(put_next_part(repositories, record, part));
  if (record.state != DeliveryState::kUnknown) {
    return {};  // its evidence may say that it was sent before
  }
  const bool is_kept = part.part < record.parts.size();
  return repositories.ledger.set_evidence(
      record.id,
      is_kept ? parts_evidence(record)
              : "the platform reported that part " + std::to_string(part.part) + " of it is there");
}

// What was reported by the id of a message is known to be there.
Status take_arrival(store::Repositories& repositories, const DeliveryRecord& record,
                    const Report& report) {
  const auto part = split(report.idempotency_key).part;
  return part ? take_part(repositories, record, {*part, report.remote_id, {}}) : Status();
}

store::EndReport end_report_of(const Report& report) {
  store::EndReport end{report.failed, report.reason};
  if (end.failed) {
    end.part = split(report.idempotency_key).part.value_or(0);
  }
  if (end.failed && end.reason.empty()) {
    end.reason = "the platform reported its failure";
  }
  return end;
}

// Of no delivery that is known.
Result<Heard> keep_or_drop(store::Repositories& repositories, const Report& report) {
  Heard heard;
  heard.what = Heard::What::kNobodys;
  if (!report.failed || !report.idempotency_key.empty()) {
    return heard;
  }
  PATCHBAY_ASSIGN(const bool sends,
                  repositories.ledger.has_any(report.instance, DeliveryState::kSending));
  if (sends) {
    PATCHBAY_TRY(repositories.early_reports.put_failure(report.instance, report.remote_id,
                                                        end_report_of(report).reason, report.at));
    heard.what = Heard::What::kMayBeOurs;
  }
  return heard;
}

bool speaks_of_all(const Report& report) {
  return report.failed || (!report.idempotency_key.empty() && !split(report.idempotency_key).part);
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
  move.begins_anew = to == DeliveryState::kWaiting;
  move.attempts = move.begins_anew ? 0 : record.attempts;
  move.reason = reason;
  move.evidence = evidence;
  PATCHBAY_TRY(move_checked(repositories, record, move, ground));
  PATCHBAY_ASSIGN(auto moved, repositories.ledger.find(record.id));
  return std::move(*moved);
}

}  // namespace

Result<Heard> take_report(store::Repositories& repositories, const Report& report) {
  PATCHBAY_ASSIGN(auto found, find_reported(repositories, report));
  if (!found) {
    return keep_or_drop(repositories, report);
  }
  Heard heard;
  if (!speaks_of_all(report)) {
    PATCHBAY_TRY(take_arrival(repositories, *found, report));
    return heard;
  }
  if (!report.failed && found->parts.empty()) {
    PATCHBAY_TRY(put_next_part(repositories, *found, {0, report.remote_id, {}}));
  }
  const store::EndReport end = end_report_of(report);
  if (found->state == DeliveryState::kSending) {
    PATCHBAY_TRY(repositories.early_reports.put(found->id, end));
    heard.what = Heard::What::kKept;
    return heard;
  }
  PATCHBAY_ASSIGN(const bool moved, move_by_report(repositories, *found, end, report.at));
  if (!moved) {
    return heard;
  }
  heard.what = Heard::What::kChanged;
  PATCHBAY_ASSIGN(heard.record, repositories.ledger.find(found->id));
  if (report.failed && !report.users_told.contains(without_thread(found->lane))) {
    PATCHBAY_ASSIGN(heard.user_notice, tell_user(repositories, *heard.record, report.at));
  }
  return heard;
}

Status take_late_part(store::Repositories& repositories, std::int64_t id,
                      const store::DeliveryPart& part) {
  PATCHBAY_ASSIGN(auto found, repositories.ledger.find(id));
  return found ? take_part(repositories, std::move(*found), part) : Status();
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
  std::vector<DeliveryRecord> ended;
  for (const DeliveryRecord& record : open) {
    if (record.state == DeliveryState::kWaiting) {
      const bool sent = was_sent_before(record);
      PATCHBAY_ASSIGN(
          auto moved,
          move_to(repositories, record, sent ? DeliveryState::kUnknown : DeliveryState::kFailed,
                  sent ? Ground::kSentBefore : Ground::kNone, reason, "", now));
      ended.push_back(std::move(moved));
    }
  }
  return ended;
}

}  // namespace patchbay::delivery
