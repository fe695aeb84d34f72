// What becomes of the rows that an agent has claimed or acknowledged.
#include "base/iso_time.hpp"
#include "base/limits.hpp"
#include "session/hostile_columns.hpp"
#include "session/inbound_database.hpp"

namespace patchbay::session {
namespace {

using base::Status;

constexpr const char* kFinish =
    "UPDATE messages_in SET status = ?2 WHERE id = ?1 AND status = 'pending'";
constexpr const char* kClaimed =
    "SELECT tries FROM messages_in WHERE id = ?1 AND status = 'pending'";
constexpr const char* kRetry =
    "UPDATE messages_in SET tries = ?2, process_after = ?3 WHERE id = ?1";
// More tries than are granted: given up, though whoever is to hear of it was not told yet.
constexpr const char* kGiveUp = "UPDATE messages_in SET tries = ?2 WHERE id = ?1";
constexpr const char* kGivenUp =
    "SELECT id, kind, trigger, channel_type, platform_id, thread_id"
    " FROM messages_in INDEXED BY idx_messages_in_pending"
    " WHERE status = 'pending' AND tries > ?1 ORDER BY seq LIMIT ?2";
constexpr const char* kFailGivenUp =
    "UPDATE messages_in INDEXED BY idx_messages_in_pending SET status = 'failed'"
    " WHERE status = 'pending' AND tries > ?1";

// More than one turn can have claimed.
constexpr std::int64_t kGivenUpRows = 10'000;

std::string_view final_status(const Acknowledgement& acknowledgement) {
  return acknowledgement.status == AckStatus::kFailed ? "failed" : "completed";
}

}  // namespace

InboundDatabase::Outcome InboundDatabase::run(const TakeOverAcknowledgements& command) {
  for (const Acknowledgement& acknowledgement : command.acknowledgements) {
    if (acknowledgement.status == AckStatus::kProcessing) {
      continue;
    }
    PATCHBAY_ASSIGN(Statement * finish, prepared(kFinish));
    finish->bind(1, acknowledgement.message_id).bind(2, final_status(acknowledgement));
    PATCHBAY_TRY(finish->run());
    finished_rows_ += static_cast<std::uint32_t>(database_.changes());
  }
  return CommandOutcome::kDone;
}

InboundDatabase::Outcome InboundDatabase::run(const ReturnClaims& command, base::WallTime now) {
  for (const std::string& id : command.message_ids) {
    if (command.aborted) {
      PATCHBAY_ASSIGN(Statement * finish, prepared(kFinish));
      PATCHBAY_TRY(finish->bind(1, id).bind(2, std::string_view("completed")).run());
    } else {
      PATCHBAY_TRY(return_claim(id, now));
    }
  }
  PATCHBAY_TRY(find_given_up());
  return CommandOutcome::kDone;
}

Status InboundDatabase::return_claim(const std::string& id, base::WallTime now) {
  PATCHBAY_ASSIGN(Statement * find, prepared(kClaimed));
  PATCHBAY_ASSIGN(const bool unfinished, find->bind(1, id).step());
  if (!unfinished) {
    return {};
  }
  const std::int64_t tries = tries_at(*find, 0);
  find->reset();
  if (tries >= limits::kClaimTries) {
    PATCHBAY_ASSIGN(Statement * give_up, prepared(kGiveUp));
    return give_up->bind(1, id).bind(2, kGivenUpTries).run();
  }
  const auto delay = std::chrono::seconds(5) * (1LL << tries);
  const std::string after = base::format_iso_utc(now + delay);
  PATCHBAY_ASSIGN(Statement * retry, prepared(kRetry));
  return retry->bind(1, id).bind(2, tries + 1).bind(3, after).run();
}

// Not only those of this command: a crash may have come before anybody was told of earlier ones.
Status InboundDatabase::find_given_up() {
  PATCHBAY_ASSIGN(Statement * find, prepared(kGivenUp));
  find->bind(1, std::int64_t{limits::kClaimTries}).bind(2, kGivenUpRows);
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, find->step());
    if (!row) {
      break;
    }
    given_up_.push_back({.id = text_at(*find, 0),
                         .kind = text_at(*find, 1),
                         .trigger = find->number(2) != 0,
                         .address = address_at(*find, 3),
                         .attempts = kGivenUpTries});
  }
  find->reset();
  return {};
}

InboundDatabase::Outcome InboundDatabase::run(const FailGivenUp& /*command*/) {
  PATCHBAY_ASSIGN(Statement * fail, prepared(kFailGivenUp));
  PATCHBAY_TRY(fail->bind(1, std::int64_t{limits::kClaimTries}).run());
  return CommandOutcome::kDone;
}

}  // namespace patchbay::session
