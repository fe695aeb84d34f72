// The values that cross the border of a session folder. What they mean to an agent is in
// docs/session-contract.md; names of fields are those of the columns.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace patchbay::session {

// Names one session folder: <data>/sessions/<agent>/<id>.
struct SessionAddress {
  base::AgentGroupId agent;
  base::SessionId id;
  auto operator<=>(const SessionAddress&) const = default;
};

// "<agent>/<id>": in logs, in messages, and in the central database's columns that name a session.
[[nodiscard]] inline std::string session_name(const SessionAddress& session) {
  return session.agent.str() + "/" + session.id.str();
}

// Where something is written to or came from, as the columns of both databases have it.
struct ChatAddress {
  std::string channel_type;  // the instance's name, or "agent"
  std::string platform_id;   // the chat's key, or an agent group's id
  std::string thread_id;     // empty: NULL
  auto operator<=>(const ChatAddress&) const = default;
};

// messages_in.kind.
enum class InboundKind : std::uint8_t { kChat, kChatSdk, kTask, kWebhook, kSystem };

// A row to be put into messages_in. seq and status are the database's own business.
struct InboundMessage {
  std::string id;  // at most limits::kRowIdBytes; a second one of the same id changes nothing
  InboundKind kind = InboundKind::kChat;
  base::WallTime timestamp;
  ChatAddress address;
  std::string content;  // JSON text, attachments already in inbox/ or marked pending
  bool trigger = true;  // false: context only, never wakes
  bool on_wake = false;
  // The row waits for its files: it stays queued, and later rows of its chat behind it, until
  // CompleteAttachments comes.
  bool attachments_pending = false;
  std::optional<base::WallTime> process_after;
  std::string recurrence;         // empty: NULL
  std::string series_id;          // empty: the id
  std::string source_session_id;  // empty: NULL
};

// The files of a row that waited for them have come (or failed): its final content.
struct CompleteAttachments {
  std::string id;
  std::string content;  // empty: it stays as it is
};

// delivered: what became of a row of messages_out.
struct DeliveredRow {
  std::string message_out_id;
  std::string platform_message_id;  // empty: NULL
  std::string status;               // "delivered", "failed", "unknown"
  std::string reason;               // empty: NULL
  base::WallTime delivered_at;
};

// What the host puts back into an inbound.db that was made anew (Recovery::inbound_set_aside), in
// one command or in several.
struct RefillInbound {
  std::vector<DeliveredRow> delivered;  // a row of that id that is there already stays
  // With the last command: tells the agent of it, and ends the refilling.
  std::optional<InboundMessage> notice;
};

struct Destination {
  std::string name;
  std::string display_name;  // empty: falls back to the name
  bool is_agent = false;
  ChatAddress chat;            // of a channel
  std::string agent_group_id;  // of an agent
};

// session_routing and destinations, replaced as a whole.
struct SetRouting {
  std::optional<ChatAddress> default_address;
  std::vector<Destination> destinations;
};

// processing_ack.status as the host understands it.
enum class AckStatus : std::uint8_t { kProcessing, kCompleted, kFailed };

struct Acknowledgement {
  std::string message_id;
  AckStatus status = AckStatus::kProcessing;
  std::string raw_status;  // as the agent wrote it, for the log
  std::optional<base::WallTime> changed;
};

// Takes finished acknowledgements over into messages_in (completed, failed) and releases what may
// now be seen.
struct TakeOverAcknowledgements {
  std::vector<Acknowledgement> acknowledgements;
};

// No agent runs (the caller holds the run lease): claims that were not finished return to pending
// with tries+1 and a delay. After limits::kClaimTries such returns they are given up: named as
// GivenUpRow, now and with every ReturnClaims to come, until FailGivenUp. With aborted=true they
// are completed.
struct ReturnClaims {
  std::vector<std::string> message_ids;
  bool aborted = false;
};

// Under the same lease: the rows that were given up are failed. After whoever is to hear of them
// was told: what is failed is not named again, after no crash either.
struct FailGivenUp {};

// A row that nobody works on any more. Its texts are valid UTF-8 of at most a column's size.
struct GivenUpRow {
  std::string id;
  std::string kind;           // as messages_in.kind has it
  bool trigger = true;        // false: context, or a notice of the host; nobody asked for anything
  ChatAddress address;        // where it came from
  std::int64_t attempts = 0;  // runs of the agent that ended before it was done with the row
};

// Where the host has read messages_out up to.
struct Watermark {
  std::int64_t rowid = 0;
  std::string id;        // of the row at rowid, as accepted
  std::int64_t seq = 0;  // the largest accepted
  std::uint64_t inode = 0;
  std::int64_t schema_version = 0;
  auto operator<=>(const Watermark&) const = default;
};

// What an edit, a reaction or a deletion is about, as far as the session folder knows it.
struct TargetReference {
  enum class Kind : std::uint8_t { kPlatformId, kInboundRow, kOutboundRow };
  Kind kind = Kind::kPlatformId;
  std::string id;
};

// A new row of messages_out. Strings are valid UTF-8 (malformed bytes became U+FFFD).
struct OutboundMessage {
  std::int64_t rowid = 0;
  std::string id;  // "rowid:<n>" when the agent's was unusable; then `refusal` says so
  std::optional<std::int64_t> seq;
  std::string in_reply_to;  // empty: NULL
  // Where in_reply_to's row came from, if that row is in messages_in.
  std::optional<ChatAddress> in_reply_to_address;
  std::optional<base::WallTime> deliver_after;
  std::string kind;
  ChatAddress address;  // empty fields: NULL
  std::string content;
  std::optional<TargetReference> target;  // of content.messageId, when content has an operation
  std::string refusal;                    // not empty: the row itself is unacceptable, and why
};

// What one look at outbound.db brought.
struct OutboundBatch {
  std::vector<OutboundMessage> messages;  // by rowid, at most limits::kDrainRows
  Watermark watermark;                    // to be stored with them
  bool more = false;                      // there are further new rows
  bool full_comparison_needed = false;    // rows vanished or changed: compare ids, see delivery.md
  std::vector<Acknowledgement> acknowledgements;  // of exposed rows only
};

// What a session has to do, as its inbound.db says after a batch.
struct SessionWork {
  std::uint32_t due = 0;                     // pending rows with trigger 1 that are due now
  std::optional<base::WallTime> next_due;    // of the earliest pending or delayed row in the future
  std::optional<base::WallTime> oldest_due;  // timestamp of the oldest due row: for fair queueing
  // Rows that this batch took as finished by the agent's own acknowledgement. That `due` falls is
  // no proof of work: a row whose claim was returned is not due either.
  std::uint32_t finished = 0;
  // A database opens only after a recovery; nothing else is known.
  bool damaged = false;
};

}  // namespace patchbay::session
