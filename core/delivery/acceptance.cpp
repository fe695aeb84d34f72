#include "delivery/acceptance.hpp"

#include "base/sha256.hpp"
#include "delivery/address.hpp"
#include "delivery/lane_entry.hpp"
#include "delivery/target_parts.hpp"
#include "store/row_id.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryState;

void refuse(store::DeliveryRecord& record, std::string reason) {
  record.state = DeliveryState::kFailed;
  record.reason = std::move(reason);
  record.finished_at = record.accepted_at;
  record.not_before.reset();
}

bool is_same_chat(const store::LaneKey& a, const store::LaneKey& b) {
  return a.instance == b.instance && a.chat == b.chat;
}

void choose_lane(const session::OutboundMessage& message, const SessionFacts& facts,
                 Candidate& candidate) {
  store::DeliveryRecord& record = candidate.record;
  // Rows that never reach a chat still have a lane, so that they are found and end.
  record.lane = host_lane(facts.address);
  if (!message.refusal.empty()) {
    refuse(record, message.refusal);
    return;
  }
  if (candidate.kind == ContentKind::kUnusable) {
    refuse(record, candidate.record.reason);
    return;
  }
  if (candidate.kind == ContentKind::kSystemAction) {
    return;
  }
  auto lane = resolve_lane(message, facts.address.agent, facts.own);
  if (!lane.ok()) {
    refuse(record, lane.status().message());
    return;
  }
  record.lane = std::move(lane).value();
  if (is_agent_lane(record.lane) && candidate.kind != ContentKind::kMessage) {
    refuse(record, "another agent can be sent messages only");
  }
}

// Own chat, the chat that it answers, or one of its destinations.
Result<bool> is_permitted(store::Repositories& repositories, const SessionFacts& facts,
                          const Candidate& candidate) {
  const store::LaneKey& lane = candidate.record.lane;
  if (is_host_lane(lane) || is_same_chat(lane, facts.own)) {
    return true;
  }
  if (candidate.answers_lane && is_same_chat(lane, *candidate.answers_lane)) {
    return true;
  }
  if (is_agent_lane(lane)) {
    return repositories.destinations.may_write_to_agent(facts.address.agent,
                                                        base::AgentGroupId(lane.chat.str()));
  }
  // The agent may know the chat by a former name.
  store::LaneKey renamed = lane;
  PATCHBAY_ASSIGN(renamed.chat, repositories.chat_moves.current(lane.instance, lane.chat));
  if (is_same_chat(renamed, facts.own)) {
    return true;
  }
  return repositories.destinations.may_write_to_chat(facts.address.agent, renamed.instance,
                                                     renamed.chat);
}

std::string row_message_id(const SessionFacts& facts, const store::LaneKey& lane,
                           const std::string& row_id) {
  const auto chat = platform_chat(lane);
  if (!chat) {
    return {};
  }
  return store::message_id_of_row(row_id, lane.instance, chat->id, facts.address.agent)
      .value_or(std::string());
}

// A message of ours: its id when it is there, "row:<id>" when it is on its way ahead of this one.
Result<std::string> own_target(store::Repositories& repositories, const SessionFacts& facts,
                               const store::DeliveryRecord& record, const std::string& row) {
  PATCHBAY_ASSIGN(const auto target,
                  repositories.ledger.find_by_message(facts.address.agent, facts.address.id, row));
  if (!target || !is_same_chat(target->lane, record.lane)) {
    return std::string();
  }
  if (target->state == DeliveryState::kDelivered) {
    return target->parts.empty() ? std::string() : target->parts.front().remote_id;
  }
  const bool comes_first =
      !store::is_end(target->state) && !is_scheduled(*target, record.accepted_at);
  return comes_first ? std::string(kTargetRow) + row : std::string();
}

Status resolve_target(store::Repositories& repositories, const SessionFacts& facts,
                      Candidate& candidate) {
  store::DeliveryRecord& record = candidate.record;
  const session::TargetReference& target = *candidate.target;
  switch (target.kind) {
    case session::TargetReference::Kind::kPlatformId:
      record.target = target.id;
      break;
    case session::TargetReference::Kind::kInboundRow:
      record.target = row_message_id(facts, record.lane, target.id);
      if (record.target.empty()) {
        refuse(record, "\"" + target.id + "\" is no message of this chat");
        return {};
      }
      break;
    case session::TargetReference::Kind::kOutboundRow: {
      PATCHBAY_ASSIGN(record.target, own_target(repositories, facts, record, target.id));
      break;
    }
  }
  if (record.target.empty()) {
    refuse(record, std::string(kTargetNotDelivered));
  }
  return {};
}

// A visible quote only where the chat has gone on since the message that is answered.
Status choose_quote(store::Repositories& repositories, const SessionFacts& facts,
                    Candidate& candidate) {
  store::DeliveryRecord& record = candidate.record;
  if (candidate.answers_row.empty() || !candidate.answers_lane ||
      !is_visible_message(candidate.kind) || !is_same_chat(*candidate.answers_lane, record.lane)) {
    return {};
  }
  const std::string answered = row_message_id(facts, record.lane, candidate.answers_row);
  if (answered.empty()) {
    return {};
  }
  PATCHBAY_ASSIGN(const std::string newest,
                  repositories.chats.newest_message(record.lane.instance, record.lane.chat,
                                                    record.lane.thread));
  if (!newest.empty() && newest != answered) {
    record.in_reply_to = answered;
  }
  return {};
}

Status complete(store::Repositories& repositories, const SessionFacts& facts,
                Candidate& candidate) {
  store::DeliveryRecord& record = candidate.record;
  PATCHBAY_ASSIGN(const bool permitted, is_permitted(repositories, facts, candidate));
  if (!permitted) {
    refuse(record, "this agent may not write to " + record.lane.chat.str() +
                       ": it is neither the chat of this session nor one of its destinations");
    return {};
  }
  if (candidate.target) {
    PATCHBAY_TRY(resolve_target(repositories, facts, candidate));
  }
  return choose_quote(repositories, facts, candidate);
}

}  // namespace

void refuse(Candidate& candidate, std::string reason) {
  refuse(candidate.record, std::move(reason));
}

std::string spool_id(const session::SessionAddress& session, const std::string& message_out_id) {
  return session_name(session) + "/" + message_out_id;
}

std::string idempotency_key(const session::SessionAddress& session,
                            const std::string& message_out_id) {
  return base::sha256_hex(spool_id(session, message_out_id), 22);
}

std::optional<Candidate> make_candidate(const session::OutboundMessage& message,
                                        const SessionFacts& facts, base::WallTime now) {
  Content content = parse_content(message.kind, message.content);
  if (content.kind == ContentKind::kNeverSent && message.refusal.empty()) {
    return std::nullopt;
  }
  Candidate candidate;
  candidate.kind = content.kind;
  store::DeliveryRecord& record = candidate.record;
  record.agent = facts.address.agent;
  record.session = facts.address.id;
  record.message_out_id = message.id;
  record.kind = message.kind;
  record.content = message.content;
  record.reason = content.problem;
  record.idempotency_key = idempotency_key(facts.address, message.id);
  record.accepted_at = now;
  if (message.deliver_after && *message.deliver_after > now) {
    record.not_before = message.deliver_after;
  }
  if (message.in_reply_to_address) {
    record.answers = message.in_reply_to;
  }
  choose_lane(message, facts, candidate);
  if (record.state == DeliveryState::kFailed) {
    return candidate;
  }
  candidate.declared_files = std::move(content.files);
  if (!candidate.declared_files.empty()) {
    record.spool = spool_id(facts.address, message.id);
  }
  if (!content.target.empty()) {
    candidate.target = message.target.value_or(
        session::TargetReference{session::TargetReference::Kind::kPlatformId, content.target});
  }
  if (message.in_reply_to_address) {
    if (auto lane = lane_of_address(*message.in_reply_to_address); lane.ok()) {
      candidate.answers_lane = std::move(lane).value();
      candidate.answers_row = message.in_reply_to;
    }
  }
  return candidate;
}

Result<bool> accept_candidate(store::Repositories& repositories, const SessionFacts& facts,
                              Candidate& candidate) {
  store::DeliveryRecord& record = candidate.record;
  if (record.state == DeliveryState::kWaiting && !record.agent.empty()) {
    PATCHBAY_TRY(complete(repositories, facts, candidate));
  }
  PATCHBAY_ASSIGN(const auto id, repositories.ledger.accept(record));
  if (!id) {
    return false;
  }
  record.id = *id;
  if (candidate.send_at_once && record.state == DeliveryState::kWaiting &&
      !record.target.starts_with(kTargetRow)) {
    store::DeliveryMove move;
    move.id = record.id;
    move.to = DeliveryState::kSending;
    move.at = record.accepted_at;
    move.attempts = 1;
    PATCHBAY_TRY(repositories.ledger.move(move));
    record.state = DeliveryState::kSending;
    record.attempts = 1;
    record.first_tried_at = record.accepted_at;
    PATCHBAY_TRY(load_target_parts(repositories, record));
  }
  return true;
}

}  // namespace patchbay::delivery
