#include "delivery/settlement.hpp"

#include "base/sha256.hpp"
#include "delivery/address.hpp"
#include "delivery/content.hpp"
#include "delivery/notice_texts.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryState;

// The parts that are there, in words: what a person needs to know of a message that was cut short.
std::string parts_evidence(const store::DeliveryRecord& record) {
  if (record.parts.empty()) {
    return {};
  }
  std::string out = record.parts.size() == 1 ? "one part of it is there, as "
                                             : std::to_string(record.parts.size()) +
                                                   " parts of it are there, the first as ";
  return out + record.parts.front().remote_id;
}

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
    // "Was not delivered" would not be certain.
    const bool was_sent_before =
        record_.evidence == kSentAgain || record_.evidence == kSentAgainByOperator;
    if (record_.state != DeliveryState::kUnknown && was_sent_before) {
      PATCHBAY_TRY(move_to_unknown(failed.reason, Ground::kSentBefore));
      return tell_user();
    }
    move_.to = DeliveryState::kFailed;
    move_.reason = failed.reason;
    move_.evidence = parts_evidence(record_);
    PATCHBAY_TRY(move_checked(repositories_, record_, move_, Ground::kNone));
    return tell_user();
  }
  Status operator()(const Unknown& unknown) {
    PATCHBAY_TRY(move_to_unknown(unknown.reason, Ground::kNone));
    return tell_user();
  }
  Status operator()(const RetryLater& retry) {
    move_.not_before = settling_.now + retry.after;
    PATCHBAY_TRY(move_to_waiting(retry.reason, retry.was_uncertain));
    return impose(retry);
  }
  Status operator()(const Pause& pause) {
    move_.attempts = record_.attempts > 0 ? record_.attempts - 1 : 0;
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

  // Only about what an agent wrote: a notice about a notice would never end.
  Status tell_user() {
    const bool visible = is_visible_message(parse_content(record_.kind, record_.content).kind);
    if (!settling_.may_tell_user || record_.agent.empty() || !visible ||
        !is_chat_lane(record_.lane)) {
      return {};
    }
    store::DeliveryRecord notice = host_record(
        record_.lane,
        "notice-" + std::to_string(record_.id) + "-" + std::string(store::to_string(move_.to)),
        text_content(user_notice_text(move_.to, move_.reason)), settling_.now);
    PATCHBAY_ASSIGN(const auto id, repositories_.ledger.accept(notice));
    if (id) {
      notice.id = *id;
      settled_.user_notice = std::move(notice);
    }
    return {};
  }

  store::Repositories& repositories_;
  const Settling& settling_;
  store::DeliveryRecord& record_;
  Settled& settled_;
  store::DeliveryMove move_;
};

}  // namespace

Status move_checked(store::Repositories& repositories, const store::DeliveryRecord& record,
                    const store::DeliveryMove& move, Ground ground) {
  PATCHBAY_TRY(check_move(record.state, move.to, ground));
  return repositories.ledger.move(move);
}

store::DeliveryRecord host_record(const store::LaneKey& lane, const std::string& message_out_id,
                                  const std::string& content, base::WallTime now) {
  store::DeliveryRecord record;
  record.message_out_id = message_out_id;
  record.lane = lane;
  record.kind = "chat";
  record.content = content;
  record.idempotency_key = base::sha256_hex("host/" + message_out_id, 22);
  record.accepted_at = now;
  record.projected = true;  // there is no agent to tell
  return record;
}

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
  PATCHBAY_TRY(std::visit(Settler(repositories, settling, *found, settled), settling.action));
  PATCHBAY_ASSIGN(auto now, repositories.ledger.find(settling.id));
  settled.record = std::move(*now);
  return settled;
}

}  // namespace patchbay::delivery
