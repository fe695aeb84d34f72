// How a session's worker reads outbound.db.
#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "session/session_worker.hpp"

namespace patchbay::session {

using base::Code;
using base::Result;
using base::Status;

namespace {

bool is_due(const ExposedRow& row, base::WallTime now) { return !row.due || *row.due <= now; }

// Which row of the session, if any, a reference means. A platform's own id comes first, since that
// is what an agent was given; a plain number is a sequence number only if nothing else bears it.
Result<TargetReference> resolve(InboundDatabase& inbound, const UnresolvedTarget& target) {
  using Kind = TargetReference::Kind;
  PATCHBAY_ASSIGN(const bool delivered, inbound.is_delivered_platform_id(target.reference));
  if (delivered) {
    return TargetReference{Kind::kPlatformId, target.reference};
  }
  PATCHBAY_ASSIGN(const auto row, inbound.find_row(target.reference));
  if (row) {
    return TargetReference{Kind::kInboundRow, row->row_id};
  }
  if (target.row_of_id) {
    return TargetReference{Kind::kOutboundRow, *target.row_of_id};
  }
  if (target.seq) {
    PATCHBAY_ASSIGN(const auto numbered, inbound.find_seq(*target.seq));
    if (numbered) {
      return TargetReference{Kind::kInboundRow, numbered->row_id};
    }
  }
  if (target.row_of_seq) {
    return TargetReference{Kind::kOutboundRow, *target.row_of_seq};
  }
  return TargetReference{Kind::kPlatformId, target.reference};
}

}  // namespace

void SessionWorker::drain(Watermark watermark, Done<OutboundBatch> done) {
  post({.write = {},
        .job = [this, watermark = std::move(watermark), done = std::move(done)]() mutable {
          if (is_unchanged_since(watermark)) {
            OutboundBatch nothing;
            nothing.watermark = std::move(watermark);
            context_->completions.post(
                [done = std::move(done), nothing = std::move(nothing)]() mutable {
                  done(std::move(nothing));
                });
            return;
          }
          run_look(std::move(done),
                   [&watermark](OutboundReader& reader) { return reader.read_new(watermark); });
        }});
}

void SessionWorker::compare(std::vector<std::string> known, Done<OutboundBatch> done) {
  post({.write = {}, .job = [this, known = std::move(known), done = std::move(done)]() mutable {
          const std::unordered_set<std::string> ids(std::make_move_iterator(known.begin()),
                                                    std::make_move_iterator(known.end()));
          run_look(std::move(done),
                   [&ids](OutboundReader& reader) { return reader.read_unknown(ids); });
        }});
}

bool SessionWorker::is_unchanged_since(const Watermark& watermark) {
  if (!seen_.known || seen_.drained != watermark) {
    return false;
  }
  const auto folder = context_->folders.open_session(session_);
  if (!folder.ok()) {
    return false;
  }
  const auto counter = read_change_counter(folder->fd(), DatabaseFile::kOutbound);
  return counter.ok() && *counter == seen_.change_counter &&
         vfs_report().database_inode == seen_.inode;
}

void SessionWorker::run_look(Done<OutboundBatch> done, const Read& read) {
  Result<OutboundBatch> batch = look(read);
  std::vector<Acknowledgement> acknowledgements;
  if (batch.ok()) {
    acknowledgements = batch->acknowledgements;
  }
  // New messages are on their way before the acknowledgements cost a commit.
  context_->completions.post(
      [done = std::move(done), batch = std::move(batch)]() mutable { done(std::move(batch)); });
  take_over(std::move(acknowledgements));
}

Result<SessionStorage::Turn> SessionWorker::read_turn_now() {
  PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                  context_->folders.open_session(session_));
  PATCHBAY_ASSIGN(OutboundReader reader, OutboundReader::open(folder, kStuckWait));
  return reader.read_turn();
}

Result<OutboundBatch> SessionWorker::look(const Read& read) {
  PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                  context_->folders.open_session(session_));
  const auto exposed = exposed_ids();
  seen_.drained.reset();
  Result<OutboundLook> look =
      look_at(folder, exposed.ok() ? *exposed : std::vector<std::string>(), read);
  outbound_is_stuck_ = !look.ok() && look.status().code() == Code::kBusy;
  if (!look.ok()) {
    outbound_is_suspect_ = outbound_is_suspect_ || look.status().code() == Code::kCorrupt;
    tell_if_damaged(look.status());
    return look.status();
  }
  PATCHBAY_TRY(resolve_references(folder, *look));
  OutboundBatch& batch = look->batch;
  seen_ = {.inode = look->inode,
           .change_counter = look->change_counter,
           .largest_seq = look->largest_seq,
           .known = true,
           .drained = {}};
  if (exposed.ok() && !batch.more && !batch.full_comparison_needed) {
    seen_.drained = batch.watermark;
  }
  return std::move(batch);
}

Result<OutboundLook> SessionWorker::look_at(const attachments::ConfinedFolder& folder,
                                            std::span<const std::string> exposed,
                                            const Read& read) {
  // The agent's lock is let go as soon as everything is read.
  PATCHBAY_ASSIGN(
      OutboundReader reader,
      OutboundReader::open(folder, outbound_is_stuck_ ? kStuckWait : limits::kInboundBusy));
  PATCHBAY_ASSIGN(OutboundLook look, read(reader));
  PATCHBAY_ASSIGN(look.batch.acknowledgements, reader.read_acknowledgements(exposed));
  return look;
}

Status SessionWorker::resolve_references(const attachments::ConfinedFolder& folder,
                                         OutboundLook& look) {
  std::vector<OutboundMessage>& messages = look.batch.messages;
  const bool replies = std::any_of(messages.begin(), messages.end(), [](const auto& message) {
    return !message.in_reply_to.empty();
  });
  if (look.targets.empty() && !replies) {
    return {};
  }
  return with_inbound(folder, [&](InboundDatabase& inbound) -> Status {
    for (const UnresolvedTarget& target : look.targets) {
      PATCHBAY_ASSIGN(messages[target.message].target, resolve(inbound, target));
    }
    for (OutboundMessage& message : messages) {
      if (message.in_reply_to.empty()) {
        continue;
      }
      PATCHBAY_ASSIGN(const auto row, inbound.find_row(message.in_reply_to));
      if (row) {
        message.in_reply_to_address = row->address;
      }
    }
    return {};
  });
}

Result<std::vector<std::string>> SessionWorker::exposed_ids() {
  if (!exposed_) {
    PATCHBAY_TRY(read_work_now());
  }
  const base::WallTime now = context_->clock.wall_now();
  std::vector<std::string> ids;
  for (const ExposedRow& row : *exposed_) {
    if (is_due(row, now)) {
      ids.push_back(row.id);
    }
  }
  return ids;
}

void SessionWorker::take_over(std::vector<Acknowledgement> acknowledgements) {
  std::erase_if(acknowledgements, [](const Acknowledgement& acknowledgement) {
    return acknowledgement.status == AckStatus::kProcessing;
  });
  if (acknowledgements.empty()) {
    return;
  }
  for (const Acknowledgement& acknowledgement : acknowledgements) {
    if (acknowledgement.status == AckStatus::kCompleted &&
        acknowledgement.raw_status != "completed") {
      base::log_warning("session.unknown_acknowledgement", {{"session", session_name(session_)},
                                                            {"row", acknowledgement.message_id},
                                                            {"status", acknowledgement.raw_status},
                                                            {"taken_as", "completed"}});
    }
  }
  // If a lock keeps it out until it is given up, the next look finds the same acknowledgements.
  seen_.drained.reset();
  std::vector<PendingWrite> writes;
  writes.push_back(
      {TakeOverAcknowledgements{std::move(acknowledgements)}, {}, context_->clock.now()});
  run_writes(writes);
}

}  // namespace patchbay::session
