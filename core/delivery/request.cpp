#include "delivery/request.hpp"

#include "base/limits.hpp"
#include "delivery/address.hpp"
#include "delivery/content.hpp"

namespace patchbay::delivery {

base::Milliseconds time_allowed(std::int64_t file_bytes) {
  constexpr std::int64_t kBytesPerSecond = 100 * 1024;
  return limits::kDeliveryDeadline + std::chrono::seconds(file_bytes / kBytesPerSecond);
}

base::Result<DeliveryRequest> make_request(const store::DeliveryRecord& record) {
  Content content = parse_content(record.kind, record.content);
  if (content.kind == ContentKind::kUnusable) {
    return base::Status(base::Code::kInvalidArgument, content.problem);
  }
  auto chat = platform_chat(record.lane);
  if (!chat) {
    return base::Status(base::Code::kInvalidArgument,
                        "\"" + record.lane.chat.str() + "\" names no chat");
  }
  DeliveryRequest request;
  request.delivery_id = record.id;
  request.operation = operation_of(content.kind);
  request.attempt = record.attempts;
  request.instance = record.lane.instance;
  request.chat_kind = chat->kind;
  request.chat_id = std::move(chat->id);
  request.thread = record.lane.thread;
  request.text = with_refused_files(std::move(content.text), record.refused_files);
  request.target_ids = record.target_parts;
  request.reply_to_id = record.in_reply_to;
  request.emoji = std::move(content.emoji);
  request.removed = content.removed;
  request.question_id = std::move(content.question_id);
  request.title = std::move(content.title);
  request.options = std::move(content.options);
  request.idempotency_key = record.idempotency_key;
  request.parts_done = record.parts;
  return request;
}

AttemptOutcome outcome_of(const base::Status& status) {
  AttemptOutcome outcome;
  outcome.sent_state = SentState::kNotSent;
  outcome.text = status.message();
  switch (status.code()) {
    case base::Code::kOk:
      outcome.outcome = OutcomeClass::kDelivered;
      outcome.sent_state = SentState::kSent;
      break;
    case base::Code::kBusy:
    case base::Code::kUnavailable:
    case base::Code::kTimeout:
      outcome.outcome = OutcomeClass::kRetryable;
      break;
    default:
      outcome.outcome = OutcomeClass::kPermanent;
  }
  return outcome;
}

}  // namespace patchbay::delivery
