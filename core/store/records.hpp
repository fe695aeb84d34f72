// The rows of the central database as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace patchbay::store {

// A conversation on an instance.
enum class ChatKind : std::uint8_t { kDirect, kGroup, kChannel };
struct ChatRecord {
  base::InstanceName instance;
  base::ChatKey key;  // canonical group key, unique in the instance
  ChatKind kind = ChatKind::kDirect;
  std::string platform_id;  // as the adapter gave it
  std::string name;
  base::WallTime first_seen;
};

// How many of something a chat has.
struct ChatCount {
  base::InstanceName instance;
  base::ChatKey chat;
  std::int64_t count = 0;
};

struct SessionRecord {
  base::SessionId id;
  base::AgentGroupId agent;
  std::string key;  // canonical session key, unique among the active ones
  // The chat that the session answers by default; empty for a session without one.
  base::InstanceName instance;
  base::ChatKey chat;
  base::ThreadId thread;
  std::string agent_provider;  // of its last run; empty: none ran yet
  bool active = true;
  std::string container_status = "stopped";  // running, idle, stopped
  bool agent_ran = false;                    // outbound.db may hold rows that were not read yet
  base::WallTime created_at;
  std::optional<base::WallTime> last_active;
  std::int64_t number = 0;  // in the order of their making; insert() gives it
};

// What became of an inbound event.
enum class Disposition : std::uint8_t { kStored, kIntake, kRefused, kHandled };
struct SeenKey {
  base::InstanceName instance;
  base::ChatKey chat;
  std::string event_id;
};
// A row of a session's messages_in.
struct InboxRow {
  base::AgentGroupId agent;
  base::SessionId session;
  std::string row_id;
  auto operator<=>(const InboxRow&) const = default;
};
struct SeenRecord {
  SeenKey key;
  std::string message_id;  // the platform's, of the message itself; empty: the event is about none
  Disposition disposition = Disposition::kStored;
  base::WallTime at;
  std::vector<InboxRow> rows;  // of the agents that have it, or get it when their session is free
};

enum class IntakeReason : std::uint8_t { kUnknownChat, kSessionBusy, kHeld };
struct IntakeRecord {
  std::int64_t id = 0;  // order of arrival
  IntakeReason reason = IntakeReason::kHeld;
  base::InstanceName instance;
  base::ChatKey chat;
  std::string session;  // "<agent>/<session id>" for kSessionBusy, else empty
  std::string event;    // the routing event as JSON
  base::WallTime received_at;
};

// delivery.md, "Ledger and lanes".
enum class DeliveryState : std::uint8_t { kWaiting, kSending, kDelivered, kFailed, kUnknown };

struct LaneKey {
  base::InstanceName instance;
  base::ChatKey chat;
  base::ThreadId thread;
  auto operator<=>(const LaneKey&) const = default;
};

struct DeliveryPart {
  std::uint32_t part = 0;
  std::string remote_id;
  std::string cursor;
};

struct DeliveryRecord {
  std::int64_t id = 0;  // order of acceptance
  // Either a row of a session's messages_out …
  base::AgentGroupId agent;
  base::SessionId session;
  // … or of host_outbox (agent and session empty).
  std::string message_out_id;
  LaneKey lane;
  std::string kind;
  std::string content;      // as read, immutable
  std::string in_reply_to;  // platform id of the message to quote; empty: none
  std::string answers;      // the row of messages_in that the agent says it answers; empty: none
  std::string target;       // edits …: platform id, or "row:<message_out_id>" while not delivered
  std::string spool;        // folder in the spool; empty: no files
  std::vector<std::string> files;          // names in it, in the order of the message
  std::vector<std::string> refused_files;  // "name: reason"
  std::string idempotency_key;
  DeliveryState state = DeliveryState::kWaiting;
  std::uint32_t attempts = 0;
  std::optional<base::WallTime> not_before;  // deliver_after, or the time of the next attempt
  std::string reason;
  std::string evidence;
  base::WallTime accepted_at;
  std::optional<base::WallTime> finished_at;
  std::optional<base::WallTime> paused_since;    // also while it is tried whether that lasts
  std::optional<base::WallTime> first_tried_at;  // its turn came: from here it grows old
  // Of earlier pauses since then, and of times that the host was off: they do not count as age.
  base::Milliseconds paused_total{0};
  bool projected = false;  // the agent's `delivered` table says so
  bool notified = false;   // the failure notice was given, or none is due
  std::vector<DeliveryPart> parts;
  std::vector<std::string> target_parts;  // not stored: ids of the target's parts, while it is sent
};

// One end of a delivery. One that is sent again may come to the same state once more.
struct DeliveryEnd {
  std::int64_t id = 0;
  DeliveryState state = DeliveryState::kFailed;
  base::WallTime at;  // its finished_at
  auto operator<=>(const DeliveryEnd&) const = default;
};

// One time that a delivery was sending.
struct AttemptRecord {
  std::int64_t number = 0;  // from 1; counts those that were no fault of the delivery, too
  base::WallTime began_at;
  std::optional<base::WallTime> ended_at;  // nothing: it is under way, and so are the rest
  std::optional<DeliveryState> outcome;    // the state that followed
  std::optional<std::int32_t> code;  // PBAY_OK or PBAY_E_* of the adapter; nothing: it gave none
  std::string reason;
};

}  // namespace patchbay::store
