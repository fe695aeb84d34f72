#include "delivery/host_outbox.hpp"

#include "base/log.hpp"
#include "delivery/address.hpp"
#include "delivery/content.hpp"
#include "delivery/host_records.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;

constexpr base::Milliseconds kRetry{5000};
constexpr std::size_t kRowsAtATime = 64;

store::DeliveryRecord record_of(const store::HostMessage& message, base::WallTime now) {
  store::DeliveryRecord record =
      host_record(message.lane, message.message_out_id, message.content, now);
  record.kind = message.kind;
  record.in_reply_to = message.in_reply_to;
  record.spool = message.spool;
  record.files = message.files;
  const Content content = parse_content(record.kind, record.content);
  record.target = content.target;
  if (content.kind == ContentKind::kUnusable || content.kind == ContentKind::kNeverSent ||
      !is_chat_lane(record.lane)) {
    record.state = store::DeliveryState::kFailed;
    record.reason = content.problem.empty() ? "it names no chat" : content.problem;
    record.finished_at = now;
  }
  return record;
}

Candidate candidate_of(store::DeliveryRecord record) {
  Candidate candidate;
  candidate.kind = parse_content(record.kind, record.content).kind;
  candidate.record = std::move(record);
  return candidate;
}

}  // namespace

void HostOutbox::say(store::DeliveryRecord record, base::UniqueFunction<void(Status)> done) {
  AcceptanceBatch batch;
  batch.candidates.push_back(candidate_of(std::move(record)));
  acceptor_.accept(std::move(batch), std::move(done));
}

void HostOutbox::drain() {
  if (is_running_) {
    again_ = true;
    return;
  }
  is_running_ = true;
  again_ = false;
  core_.deps.database.transact<std::vector<store::HostMessage>>(
      [](store::Repositories& repositories) { return repositories.host_outbox.load(kRowsAtATime); },
      lifetime_.guard([this](Result<std::vector<store::HostMessage>>&& messages) {
        if (!messages.ok() || messages->empty()) {
          drained(messages.status());
          return;
        }
        again_ = again_ || messages->size() == kRowsAtATime;
        AcceptanceBatch batch;
        for (const store::HostMessage& message : *messages) {
          batch.candidates.push_back(candidate_of(record_of(message, core_.deps.loop.wall_now())));
          batch.outbox_ids.push_back(message.id);
        }
        acceptor_.accept(std::move(batch),
                         lifetime_.guard([this](const Status& status) { drained(status); }));
      }));
}

void HostOutbox::drained(const Status& status) {
  is_running_ = false;
  if (!status.ok()) {
    base::log_error("delivery.host_outbox_failed", {{"reason", status.message()}});
    core_.deps.loop.run_after(kRetry, lifetime_.guard([this] { drain(); }));
  } else if (again_) {
    drain();
  }
}

}  // namespace patchbay::delivery
