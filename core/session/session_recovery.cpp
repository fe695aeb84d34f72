// What a session's worker does while it is certain that no agent of the session runs.
#include <utility>

#include "base/failpoint.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "session/outbound_writer.hpp"
#include "session/session_worker.hpp"

namespace patchbay::session {

using base::Code;
using base::Result;
using base::Status;

namespace {

// Only a new file helps. A lock, a full disk or a missing permission passes.
bool is_beyond_repair(Code code) {
  return code == Code::kCorrupt || code == Code::kRefused || code == Code::kNotFound ||
         code == Code::kTooLarge;
}

}  // namespace

void SessionWorker::forget(DatabaseFile database) {
  seen_ = {};
  if (database == DatabaseFile::kInbound) {
    inbound_schema_.reset();
    exposed_.reset();
    inbound_is_suspect_ = false;
    trust_ = JournalTrust::kForeign;
  } else {
    outbound_is_suspect_ = false;
  }
}

Status SessionWorker::heal(const attachments::ConfinedFolder& folder, DatabaseFile database,
                           std::vector<std::string>& healed, const Opening& opening) {
  Status damaged = opening();
  if (damaged.ok() || !is_beyond_repair(damaged.code())) {
    return damaged;
  }
  PATCHBAY_ASSIGN(const std::string done,
                  context_->folders.replace_database(folder, database, context_->clock.wall_now()));
  base::log_error("session.database_replaced", {{"session", session_name(session_)},
                                                {"file", file_name(database)},
                                                {"reason", damaged.message()},
                                                {"done", done}});
  healed.push_back(damaged.message() + "; " + done);
  forget(database);
  return opening();
}

// A hostile journal alone must not cost the messages beside it. Whatever is found, the database is
// kept only if SQLite finds it whole afterwards.
Status SessionWorker::clear_journal_name(const attachments::ConfinedFolder& folder,
                                         std::vector<std::string>& healed) {
  std::string what;
  if (const std::string objection = no_journal(folder, trust_); !objection.empty()) {
    PATCHBAY_ASSIGN(const std::string done,
                    context_->folders.replace_journal(folder, context_->clock.wall_now()));
    what = objection + "; " + done;
  } else if (trust_ == JournalTrust::kMayBeOurs) {
    PATCHBAY_ASSIGN(const bool cut, cut_super_journal_off(folder));
    if (cut) {
      what =
          "the journal of inbound.db named a super-journal, which the host never writes; the "
          "name was cut off and the journal rolled back";
    }
  }
  if (what.empty()) {
    return {};
  }
  inbound_is_suspect_ = true;
  base::log_error("session.hostile_journal", {{"session", session_name(session_)}, {"done", what}});
  healed.push_back(std::move(what));
  return {};
}

Result<SessionStorage::Recovery> SessionWorker::recover_now() {
  PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                  context_->folders.open_session(session_));
  SessionStorage::Recovery recovery;
  PATCHBAY_TRY(clear_journal_name(folder, recovery.healed));
  bool refill_needed = false;
  const Status inbound = heal(folder, DatabaseFile::kInbound, recovery.healed,
                              [&] { return open_inbound(folder, refill_needed); });
  PATCHBAY_TRY(inbound);
  if (refill_needed) {
    recovery.inbound_set_aside = newest_inbound_set_aside(folder);
  }
  std::vector<Acknowledgement> acknowledgements;
  const Status outbound = heal(folder, DatabaseFile::kOutbound, recovery.healed,
                               [&] { return open_outbound(folder, acknowledgements); });
  PATCHBAY_TRY(outbound);
  for (Acknowledgement& acknowledgement : acknowledgements) {
    if (acknowledgement.status == AckStatus::kProcessing) {
      recovery.unfinished.push_back(std::move(acknowledgement));
    }
  }
  return recovery;
}

Status SessionWorker::open_inbound(const attachments::ConfinedFolder& folder, bool& refill_needed) {
  ReleaseResult release;
  const Status opened = with_inbound(folder, [&](InboundDatabase& inbound) -> Status {
    if (inbound_is_suspect_) {
      PATCHBAY_TRY(inbound.check());
    }
    PATCHBAY_ASSIGN(refill_needed, inbound.is_to_be_refilled());
    PATCHBAY_ASSIGN(release,
                    inbound.release(window(), context_->clock.wall_now(), AgentState::kGone));
    return {};
  });
  PATCHBAY_TRY(opened);
  inbound_is_suspect_ = false;
  remember(std::move(release));
  return {};
}

Status SessionWorker::open_outbound(const attachments::ConfinedFolder& folder,
                                    std::vector<Acknowledgement>& acknowledgements) {
  PATCHBAY_ASSIGN(OutboundWriter writer, OutboundWriter::open(folder, limits::kInboundBusy));
  if (outbound_is_suspect_) {
    PATCHBAY_TRY(writer.check());
  }
  PATCHBAY_ASSIGN(acknowledgements, writer.acknowledgements());
  PATCHBAY_TRY(writer.commit());
  outbound_is_suspect_ = false;
  return {};
}

Result<SessionStorage::Settled> SessionWorker::settle_now(bool aborted) {
  PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                  context_->folders.open_session(session_));
  PATCHBAY_ASSIGN(OutboundWriter writer, OutboundWriter::open(folder, limits::kInboundBusy));
  TakeOverAcknowledgements finished;
  ReturnClaims claims;
  claims.aborted = aborted;
  PATCHBAY_ASSIGN(auto acknowledgements, writer.acknowledgements());
  for (Acknowledgement& acknowledgement : acknowledgements) {
    if (acknowledgement.status == AckStatus::kProcessing) {
      claims.message_ids.push_back(std::move(acknowledgement.message_id));
    } else {
      finished.acknowledgements.push_back(std::move(acknowledgement));
    }
  }
  std::vector<PendingWrite> writes;
  writes.push_back({std::move(finished), {}, context_->clock.now()});
  writes.push_back({std::move(claims), {}, context_->clock.now()});
  std::vector<Result<CommandOutcome>> outcomes;
  // inbound.db first: a crash in between leaves claims that are returned once more.
  PATCHBAY_TRY(commit(writes, outcomes));
  PBAY_FAILPOINT("session.between_claims_and_acknowledgements");
  PATCHBAY_TRY(writer.forget_acknowledgements());
  PATCHBAY_TRY(writer.commit());
  seen_.known = false;
  SessionStorage::Settled settled{work_, std::exchange(given_up_, {})};
  for (const GivenUpRow& row : settled.given_up) {
    base::log_warning("session.row_given_up",
                      {{"session", session_name(session_)},
                       {"row", row.id},
                       {"attempts", row.attempts},
                       {"reason", "its agent ended each time before it was done with it"}});
  }
  return settled;
}

Result<CommandOutcome> SessionWorker::write_outbound_now(const DirectOutboundRow& row) {
  PATCHBAY_ASSIGN(const attachments::ConfinedFolder folder,
                  context_->folders.open_session(session_));
  std::int64_t inbound_seq = 0;
  const Status read = with_inbound(folder, [&](InboundDatabase& inbound) -> Status {
    PATCHBAY_ASSIGN(inbound_seq, inbound.largest_seq());
    return {};
  });
  PATCHBAY_TRY(read);
  PATCHBAY_ASSIGN(OutboundWriter writer, OutboundWriter::open(folder, limits::kInboundBusy));
  PATCHBAY_ASSIGN(const CommandOutcome outcome,
                  writer.insert(row, inbound_seq, context_->clock.wall_now()));
  PATCHBAY_TRY(writer.commit());
  return outcome;
}

}  // namespace patchbay::session
