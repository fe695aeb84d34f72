#include "session/inbound_database.hpp"

#include <algorithm>

#include "base/iso_time.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "session/schema_upgrade.hpp"

namespace patchbay::session {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr const char* kInsert =
    "INSERT INTO messages_in (id, seq, kind, timestamp, status, process_after, recurrence,"
    " series_id, trigger, platform_id, channel_type, thread_id, content, source_session_id,"
    " on_wake, attachments_pending) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
    " ?13, ?14, ?15, ?16) ON CONFLICT(id) DO NOTHING";
constexpr const char* kExists = "SELECT 1 FROM messages_in WHERE id = ?1";
constexpr const char* kCompleteAttachments =
    "UPDATE messages_in SET content = iif(?2 = '', content, ?2), attachments_pending = 0"
    " WHERE id = ?1 AND attachments_pending <> 0";
constexpr const char* kDelivered =
    "INSERT INTO delivered (message_out_id, platform_message_id, status, reason, delivered_at)"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(message_out_id) DO UPDATE SET"
    " platform_message_id = excluded.platform_message_id, status = excluded.status,"
    " reason = excluded.reason, delivered_at = excluded.delivered_at";
constexpr const char* kRefill =
    "INSERT INTO delivered (message_out_id, platform_message_id, status, reason, delivered_at)"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(message_out_id) DO NOTHING";
constexpr const char* kRefillEnded = "PRAGMA user_version = 0";
constexpr const char* kClearRouting = "DELETE FROM session_routing";
constexpr const char* kRouting =
    "INSERT INTO session_routing (id, channel_type, platform_id, thread_id)"
    " VALUES (1, ?1, ?2, ?3)";
constexpr const char* kClearDestinations = "DELETE FROM destinations";
constexpr const char* kDestination =
    "INSERT OR REPLACE INTO destinations (name, display_name, type, channel_type, platform_id,"
    " agent_group_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
constexpr std::size_t kMaxStatements = 32;  // more than this class has

std::string_view kind_text(InboundKind kind) {
  switch (kind) {
    case InboundKind::kChat:
      return "chat";
    case InboundKind::kChatSdk:
      return "chat-sdk";
    case InboundKind::kTask:
      return "task";
    case InboundKind::kWebhook:
      return "webhook";
    case InboundKind::kSystem:
      return "system";
  }
  return "chat";
}

// Rows that the release rules decide about begin as queued or held; the others are visible at once.
std::string_view first_status(const InboundMessage& message, base::WallTime now) {
  if (message.attachments_pending) {
    return message.trigger ? "queued" : "held";
  }
  const bool scheduled = message.process_after && *message.process_after > now;
  if (message.kind == InboundKind::kSystem || message.kind == InboundKind::kTask || scheduled ||
      message.on_wake) {
    return "pending";
  }
  return message.trigger ? "queued" : "held";
}

Status check_content(const std::string& id, const std::string& content) {
  if (content.size() > limits::kSqliteLengthBytes / 2) {
    return {Code::kTooLarge, "the content of inbound row " + id + " has " +
                                 std::to_string(content.size()) + " bytes; the limit is " +
                                 std::to_string(limits::kSqliteLengthBytes / 2)};
  }
  return {};
}

}  // namespace

bool fails_batch(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kTooLarge:
      return false;
    default:
      return true;
  }
}

Result<InboundDatabase> InboundDatabase::open(const attachments::ConfinedFolder& folder,
                                              const Options& options) {
  PATCHBAY_ASSIGN(Database database, Database::open(folder, DatabaseFile::kInbound,
                                                    Database::Mode::kReadWrite, options.busy));
  // The journal stays as a file, so that a runtime can mount it read-only for the agent.
  PATCHBAY_TRY(database.execute("PRAGMA journal_mode = TRUNCATE"));
  return InboundDatabase(std::move(database), options);
}

Result<Statement*> InboundDatabase::prepared(const char* sql) {
  for (auto& [text, statement] : statements_) {
    if (text == sql) {
      statement.reset();
      return &statement;
    }
  }
  PATCHBAY_ASSIGN(Statement statement, database_.prepare(sql));
  statements_.reserve(kMaxStatements);  // those given out stay where they are
  statements_.emplace_back(sql, std::move(statement));
  return &statements_.back().second;
}

Status InboundDatabase::begin() {
  PATCHBAY_TRY(database_.execute(options_.exclusive ? "BEGIN EXCLUSIVE" : "BEGIN IMMEDIATE"));
  PATCHBAY_ASSIGN(auto version, database_.number("PRAGMA schema_version"));
  if (!options_.known_schema || version != options_.known_schema) {
    // First: an emptied file would get new tables, and nobody would hear of what it held.
    PATCHBAY_TRY(check_plain_table(database_, "messages_in", "id"));
    PATCHBAY_TRY(bring_up_to_date(database_, DatabaseFile::kInbound));
    PATCHBAY_TRY(check_plain_table(database_, "delivered", "message_out_id"));
    PATCHBAY_ASSIGN(version, database_.number("PRAGMA schema_version"));
  }
  schema_version_ = version.value_or(0);
  return {};
}

Status InboundDatabase::commit() { return database_.execute("COMMIT"); }

Status InboundDatabase::check() { return check_whole(database_, Depth::kWithIndexes); }

Result<bool> InboundDatabase::is_to_be_refilled() {
  PATCHBAY_ASSIGN(const auto version, database_.number("PRAGMA user_version"));
  return version == kToBeRefilled;
}

Result<CommandOutcome> InboundDatabase::apply(const InboundCommand& command,
                                              std::int64_t outbound_seq, base::WallTime now) {
  PATCHBAY_ASSIGN(Statement * save, prepared("SAVEPOINT command"));
  PATCHBAY_TRY(save->run());
  Outcome outcome = std::visit(
      [&](const auto& value) -> Outcome {
        using Command = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Command, InboundMessage> ||
                      std::is_same_v<Command, RefillInbound>) {
          return run(value, outbound_seq, now);
        } else if constexpr (std::is_same_v<Command, ReturnClaims>) {
          return run(value, now);
        } else {
          return run(value);
        }
      },
      command);
  if (!outcome.ok() && fails_batch(outcome.status().code())) {
    return outcome;
  }
  if (!outcome.ok()) {
    PATCHBAY_ASSIGN(Statement * undo, prepared("ROLLBACK TO command"));
    PATCHBAY_TRY(undo->run());
  }
  PATCHBAY_ASSIGN(Statement * release, prepared("RELEASE command"));
  PATCHBAY_TRY(release->run());
  return outcome;
}

Result<std::int64_t> InboundDatabase::next_seq(std::int64_t outbound_seq) {
  if (!last_seq_) {
    PATCHBAY_ASSIGN(const std::int64_t largest, largest_seq());
    last_seq_ = std::max(largest, outbound_seq);
  }
  return *last_seq_ + 2 - *last_seq_ % 2;
}

InboundDatabase::Outcome InboundDatabase::run(const InboundMessage& message,
                                              std::int64_t outbound_seq, base::WallTime now) {
  if (message.id.empty() || message.id.size() > limits::kRowIdBytes) {
    return Status(Code::kInvalidArgument,
                  "the id of an inbound row must have 1 to 200 bytes: \"" + message.id + "\"");
  }
  PATCHBAY_TRY(check_content(message.id, message.content));
  PATCHBAY_ASSIGN(const std::int64_t seq, next_seq(outbound_seq));
  PATCHBAY_ASSIGN(Statement * insert, prepared(kInsert));
  const std::string timestamp = base::format_iso_utc(message.timestamp);
  const std::string after =
      message.process_after ? base::format_iso_utc(*message.process_after) : std::string();
  insert->bind(1, message.id)
      .bind(2, seq)
      .bind(3, kind_text(message.kind))
      .bind(4, timestamp)
      .bind(5, first_status(message, now))
      .bind_or_null(6, after)
      .bind_or_null(7, message.recurrence)
      .bind(8, message.series_id.empty() ? message.id : message.series_id)
      .bind(9, std::int64_t{message.trigger})
      .bind_or_null(10, message.address.platform_id)
      .bind_or_null(11, message.address.channel_type)
      .bind_or_null(12, message.address.thread_id)
      .bind(13, message.content)
      .bind_or_null(14, message.source_session_id)
      .bind(15, std::int64_t{message.on_wake})
      .bind(16, std::int64_t{message.attachments_pending});
  PATCHBAY_TRY(insert->run());
  if (database_.changes() == 0) {
    return CommandOutcome::kDuplicate;
  }
  last_seq_ = seq;
  return CommandOutcome::kDone;
}

InboundDatabase::Outcome InboundDatabase::run(const CompleteAttachments& command) {
  if (!command.content.empty()) {
    PATCHBAY_TRY(check_content(command.id, command.content));
  }
  PATCHBAY_ASSIGN(Statement * update, prepared(kCompleteAttachments));
  update->bind(1, command.id).bind(2, command.content);
  PATCHBAY_TRY(update->run());
  if (database_.changes() > 0) {
    return CommandOutcome::kDone;
  }
  PATCHBAY_ASSIGN(Statement * exists, prepared(kExists));
  PATCHBAY_ASSIGN(const bool found, exists->bind(1, command.id).step());
  exists->reset();
  if (!found) {
    return Status(Code::kNotFound, "there is no inbound row " + command.id);
  }
  return CommandOutcome::kDuplicate;
}

InboundDatabase::Outcome InboundDatabase::insert_delivered(const char* sql,
                                                           const DeliveredRow& row) {
  PATCHBAY_ASSIGN(Statement * insert, prepared(sql));
  const std::string at = base::format_iso_utc(row.delivered_at);
  insert->bind(1, row.message_out_id)
      .bind_or_null(2, row.platform_message_id)
      .bind(3, row.status)
      .bind_or_null(4, row.reason)
      .bind(5, at);
  PATCHBAY_TRY(insert->run());
  return CommandOutcome::kDone;
}

InboundDatabase::Outcome InboundDatabase::run(const DeliveredRow& row) {
  return insert_delivered(kDelivered, row);
}

InboundDatabase::Outcome InboundDatabase::run(const RefillInbound& command,
                                              std::int64_t outbound_seq, base::WallTime now) {
  for (const DeliveredRow& row : command.delivered) {
    PATCHBAY_TRY(insert_delivered(kRefill, row));
  }
  if (!command.notice) {
    return CommandOutcome::kDone;
  }
  PATCHBAY_TRY(database_.execute(kRefillEnded));
  return run(*command.notice, outbound_seq, now);
}

InboundDatabase::Outcome InboundDatabase::run(const SetRouting& routing) {
  PATCHBAY_ASSIGN(Statement * clear_routing, prepared(kClearRouting));
  PATCHBAY_TRY(clear_routing->run());
  if (routing.default_address) {
    PATCHBAY_ASSIGN(Statement * insert, prepared(kRouting));
    insert->bind_or_null(1, routing.default_address->channel_type)
        .bind_or_null(2, routing.default_address->platform_id)
        .bind_or_null(3, routing.default_address->thread_id);
    PATCHBAY_TRY(insert->run());
  }
  PATCHBAY_ASSIGN(Statement * clear, prepared(kClearDestinations));
  PATCHBAY_TRY(clear->run());
  for (const Destination& destination : routing.destinations) {
    PATCHBAY_ASSIGN(Statement * insert, prepared(kDestination));
    // Views of what lives in the command; a temporary string would be gone before the step.
    const bool agent = destination.is_agent;
    const std::string_view channel = agent ? std::string_view() : destination.chat.channel_type;
    const std::string_view platform = agent ? std::string_view() : destination.chat.platform_id;
    const std::string_view group = agent ? destination.agent_group_id : std::string_view();
    insert->bind(1, destination.name)
        .bind(2, destination.display_name.empty() ? destination.name : destination.display_name)
        .bind(3, std::string_view(agent ? "agent" : "channel"))
        .bind_or_null(4, channel)
        .bind_or_null(5, platform)
        .bind_or_null(6, group);
    PATCHBAY_TRY(insert->run());
  }
  return CommandOutcome::kDone;
}

}  // namespace patchbay::session
