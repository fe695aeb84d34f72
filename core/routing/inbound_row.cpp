#include "routing/inbound_row.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "store/row_id.hpp"

namespace patchbay::routing {
namespace {

using nlohmann::json;

// Agents see text and nothing else for certain, so what happened stands there too.
std::string visible_text(const InboundEvent& event) {
  switch (event.kind) {
    case EventKind::kMessage:
    case EventKind::kEdit:
    case EventKind::kCommand:
    case EventKind::kAction:
      return event.text;
    case EventKind::kReaction:
      return event.removed ? "(took back the reaction " + event.emoji + ")"
                           : "(reacted with " + event.emoji + ")";
    case EventKind::kDelete:
      return "(deleted a message)";
    case EventKind::kMember:
      if (!event.text.empty()) {
        return event.text;
      }
      return event.removed ? "(left the chat)" : "(joined the chat)";
  }
  return event.text;
}

json quote_of(const InboundEvent& event) {
  if (!event.reply_to.id.empty()) {
    return {{"id", event.reply_to.id},
            {"sender", event.reply_to.sender},
            {"text", event.reply_to.text}};
  }
  const bool about_another = event.kind == EventKind::kReaction || event.kind == EventKind::kDelete;
  if (about_another && !event.target_id.empty()) {
    return {{"id", event.target_id}, {"sender", ""}, {"text", ""}};
  }
  return {};
}

json extra_of(const InboundEvent& event) {
  json extra = json::object();
  if (!event.extra_json.empty()) {
    if (auto given = base::parse_json(event.extra_json); given.ok() && given->is_object()) {
      extra = std::move(given).value();
    }
  }
  if (event.kind == EventKind::kReaction) {
    extra["reaction"] = {
        {"emoji", event.emoji}, {"messageId", event.target_id}, {"removed", event.removed}};
  } else if (event.kind == EventKind::kEdit && !event.target_id.empty()) {
    extra["editedMessageId"] = event.target_id;
  } else if (event.kind == EventKind::kDelete) {
    extra["deletedMessageId"] = event.target_id;
  }
  if (!event.group_id.empty()) {
    extra["groupId"] = event.group_id;
  }
  return extra;
}

// A button: what the waiting tool of the agent greps for.
std::string answer_content(const InboundEvent& event) {
  // The order of keys is part of the shape.
  nlohmann::ordered_json content;
  content["type"] = "question_response";
  content["questionId"] = event.target_id;
  content["selectedOption"] = event.action;
  content["userId"] = event.sender.id;
  return content.dump(-1, ' ', false, json::error_handler_t::replace);
}

store::RowIdKind row_id_kind(EventKind kind) {
  switch (kind) {
    case EventKind::kEdit:
      return store::RowIdKind::kEdit;
    case EventKind::kReaction:
      return store::RowIdKind::kReaction;
    case EventKind::kDelete:
      return store::RowIdKind::kDelete;
    case EventKind::kMessage:
    case EventKind::kAction:
    case EventKind::kMember:
    case EventKind::kCommand:
      break;
  }
  return store::RowIdKind::kMessage;
}

std::string_view no_message_prefix(EventKind kind) {
  switch (kind) {
    case EventKind::kAction:
      return "action.";
    case EventKind::kMember:
      return "member.";
    case EventKind::kCommand:
      return "command.";
    case EventKind::kMessage:
    case EventKind::kEdit:
    case EventKind::kReaction:
    case EventKind::kDelete:
      break;
  }
  return "";
}

}  // namespace

std::string json_text(const json& value) {
  // Compact, as waiting tools grep for it; a platform's bytes can be anything.
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string row_id_of(const InboundEvent& event, const base::AgentGroupId& agent) {
  store::RowIdParts parts;
  parts.instance = event.instance;
  parts.channel = event.channel;
  parts.chat_id = event.chat_id;
  parts.kind = row_id_kind(event.kind);
  const bool about_another = parts.kind != store::RowIdKind::kMessage;
  parts.message_id = about_another && !event.target_id.empty() ? event.target_id : event.message_id;
  if (event.kind == EventKind::kAction || parts.message_id.empty()) {
    // Buttons, members and commands are no messages (pressing a button twice is two events), and
    // their ids must not meet those of messages.
    parts.message_id = std::string(no_message_prefix(event.kind)) + event.event_id;
  }
  parts.event_id = event.event_id;
  parts.agent = agent;
  return store::row_id(parts);
}

std::string content_of(const InboundEvent& event, const json& attachments) {
  if (event.kind == EventKind::kAction) {
    return answer_content(event);
  }
  nlohmann::ordered_json content;
  content["text"] = visible_text(event);
  content["sender"] = event.sender.name.empty() ? event.sender.id : event.sender.name;
  content["senderId"] = event.sender.id;
  if (!event.sender.name.empty()) {
    content["senderName"] = event.sender.name;
  }
  if (event.sender.is_self) {
    content["isFromMe"] = true;
  }
  content["attachments"] = attachments.is_array() ? attachments : json::array();
  if (json quote = quote_of(event); !quote.is_null()) {
    content.emplace("replyTo", std::move(quote));
  }
  if (event.mentions_me) {
    content["isMention"] = true;
  }
  if (event.chat_kind != store::ChatKind::kDirect) {
    content["isGroup"] = true;
  }
  if (event.kind == EventKind::kEdit) {
    content["edited"] = true;
  }
  if (json extra = extra_of(event); !extra.empty()) {
    content.emplace("extra", std::move(extra));
  }
  return content.dump(-1, ' ', false, json::error_handler_t::replace);
}

session::InboundMessage row_of(const InboundEvent& event, std::string row_id, Wakes wakes,
                               const json& attachments) {
  session::InboundMessage row;
  row.id = std::move(row_id);
  row.kind = event.kind == EventKind::kAction ? session::InboundKind::kSystem
                                              : session::InboundKind::kChat;
  row.timestamp = event.timestamp;
  row.address = {event.instance.str(), event.chat.str(), event.thread.str()};
  row.content = content_of(event, attachments);
  row.trigger = wakes == Wakes::kYes;
  row.attachments_pending = has_references(event);
  return row;
}

bool has_references(const InboundEvent& event) {
  return std::any_of(event.files.begin(), event.files.end(), [](const InboundFile& file) {
    return file.staged.empty() && file.error.empty() && !file.reference.empty();
  });
}

bool has_staged_files(const InboundEvent& event) {
  return std::any_of(event.files.begin(), event.files.end(),
                     [](const InboundFile& file) { return !file.staged.empty(); });
}

std::string to_text(const InboundEvent& event) { return json_text(to_json(event)); }

std::string to_text(const WaitingRow& waiting) {
  const session::InboundMessage& row = waiting.row;
  json out{{"id", row.id},
           {"kind", static_cast<int>(row.kind)},
           {"timestamp", row.timestamp.time_since_epoch().count()},
           {"channel_type", row.address.channel_type},
           {"platform_id", row.address.platform_id},
           {"thread_id", row.address.thread_id},
           {"content", row.content},
           {"trigger", row.trigger},
           {"attachments_pending", row.attachments_pending},
           {"event_id", waiting.event_id}};
  if (!waiting.pending_event.empty()) {
    out["pending_event"] = waiting.pending_event;
  }
  return json_text(out);
}

base::Result<WaitingRow> waiting_row_from_text(std::string_view text) {
  PATCHBAY_ASSIGN(const json in, base::parse_json(text));
  try {
    WaitingRow waiting;
    session::InboundMessage& row = waiting.row;
    row.id = in.at("id").get<std::string>();
    row.kind = static_cast<session::InboundKind>(in.at("kind").get<int>());
    row.timestamp = base::WallTime(base::Milliseconds(in.at("timestamp").get<std::int64_t>()));
    row.address = {in.at("channel_type").get<std::string>(),
                   in.at("platform_id").get<std::string>(), in.at("thread_id").get<std::string>()};
    row.content = in.at("content").get<std::string>();
    row.trigger = in.at("trigger").get<bool>();
    row.attachments_pending = in.at("attachments_pending").get<bool>();
    waiting.event_id = in.value("event_id", std::string());
    waiting.pending_event = in.value("pending_event", std::string());
    return waiting;
  } catch (const json::exception& exception) {
    return base::Status(
        base::Code::kCorrupt,
        std::string("this is not a row that waits in the intake: ") + exception.what());
  }
}

}  // namespace patchbay::routing
