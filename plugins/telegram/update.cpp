#include "telegram/update.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "common/json_value.hpp"
#include "common/utf.hpp"
#include "telegram/message_files.hpp"
#include "telegram/message_text.hpp"

namespace patchbay::telegram {
namespace {

using common::id_of;
using common::integer_of;
using common::member;
using common::string_of;
using nlohmann::json;
using sdk::Chat;
using sdk::ChatKind;
using sdk::Event;
using sdk::EventKind;
using sdk::Sender;

std::string full_name(const json& user) {
  const std::string first = string_of(user, "first_name");
  const std::string last = string_of(user, "last_name");
  if (first.empty() && last.empty()) {
    return string_of(user, "username");
  }
  return last.empty() ? first : first.empty() ? last : first + " " + last;
}

// message_thread_id alone is no topic: in other groups Telegram sets it on answers.
Chat chat_of(const json& message) {
  const json& chat = member(message, "chat");
  const std::string type = string_of(chat, "type");
  const ChatKind kind = type == "private"   ? ChatKind::kDirect
                        : type == "channel" ? ChatKind::kChannel
                                            : ChatKind::kGroup;
  Chat out(kind, id_of(chat, "id"));
  if (common::flag_of(message, "is_topic_message")) {
    out.thread_id = id_of(message, "message_thread_id");
  }
  return out;
}

std::string chat_name_of(const json& chat) {
  const std::string title = string_of(chat, "title");
  return title.empty() ? full_name(chat) : title;
}

Sender sender_of_user(const json& user, const Identity& me) {
  Sender out(id_of(user, "id"), full_name(user));
  out.is_bot = common::flag_of(user, "is_bot");
  out.is_self = !me.id.empty() && out.id == me.id;
  return out;
}

// Who writes as a channel or as the group itself has a stand-in as `from`.
Sender sender_of(const json& message, const Identity& me) {
  const json& as_chat = member(message, "sender_chat");
  if (as_chat.is_object()) {
    return {id_of(as_chat, "id"), chat_name_of(as_chat)};
  }
  return sender_of_user(member(message, "from"), me);
}

void set_answered(const json& message, const Identity& me, Event& event) {
  const json& answered = answered_message(message);
  if (!answered.is_object()) {
    return;
  }
  event.reply_to_id = id_of(answered, "message_id");
  event.reply_to_sender = sender_of(answered, me).name;
  const std::string quoted = string_of(member(message, "quote"), "text");
  event.reply_to_text = quoted.empty() ? text_of(answered, me) : quoted;
}

Event event_of(const json& message, const Identity& me) {
  Event event;
  event.message_id = id_of(message, "message_id");
  event.chat = chat_of(message);
  event.chat_name = chat_name_of(member(message, "chat"));
  event.sender = sender_of(message, me);
  event.timestamp_ms = integer_of(message, "date") * 1000;
  return event;
}

bool has_address(const Event& event) { return !event.chat.id.empty() && !event.message_id.empty(); }

// Nothing for service messages (somebody pinned, a title changed): there is nothing to answer.
std::optional<Event> read_message(const json& message, const Identity& me) {
  Event event = event_of(message, me);
  event.event_id = "message:" + event.message_id;
  event.text = text_of(message, me);
  event.files = files_of(message);
  event.group_id = string_of(message, "media_group_id");
  event.mentions_me = event.chat.kind == ChatKind::kDirect || mentions(message, me);
  set_answered(message, me, event);
  const bool says_something = !event.text.empty() || !event.files.empty();
  return says_something && has_address(event) ? std::optional(std::move(event)) : std::nullopt;
}

std::optional<Event> read_edit(const json& message, const Identity& me,
                               const std::string& update_id) {
  std::optional<Event> event = read_message(message, me);
  if (event) {
    event->kind = EventKind::kEdit;
    event->event_id = "update:" + update_id;  // two edits may fall into one second
    event->target_id = event->message_id;
    event->timestamp_ms = integer_of(message, "edit_date", integer_of(message, "date")) * 1000;
  }
  return event;
}

std::optional<Event> read_press(const json& query, const Identity& me) {
  const json& message = member(query, "message");
  if (!message.is_object()) {
    return std::nullopt;  // on a message that was sent by way of inline mode: not ours
  }
  Event event = event_of(message, me);
  event.kind = EventKind::kAction;
  event.event_id = "callback:" + string_of(query, "id");
  event.target_id = event.message_id;
  event.action = string_of(query, "data");
  event.sender = sender_of_user(member(query, "from"), me);
  event.mentions_me = true;
  return has_address(event) ? std::optional(std::move(event)) : std::nullopt;
}

bool is_away(const std::string& status) { return status == "left" || status == "kicked"; }

// The bot was added, removed, blocked or unblocked.
void read_membership(const json& change, const Identity& me, Meaning& out) {
  const std::string before = string_of(member(change, "old_chat_member"), "status");
  const std::string after = string_of(member(change, "new_chat_member"), "status");
  if (is_away(before) == is_away(after)) {
    return;  // its rights changed, nothing more
  }
  Event event = event_of(change, me);
  event.kind = EventKind::kMember;
  event.event_id = "update:" + std::to_string(out.update_id);
  event.message_id = event.event_id;
  event.removed = is_away(after);
  out.reachable_again = !event.removed;
  if (!event.chat.id.empty()) {
    out.event = std::move(event);
  }
}

std::optional<Migration> read_migration(const json& message) {
  const std::string here = id_of(member(message, "chat"), "id");
  std::string to = id_of(message, "migrate_to_chat_id");
  std::string from = id_of(message, "migrate_from_chat_id");
  if (!to.empty()) {
    return Migration{here, std::move(to)};
  }
  return from.empty() ? std::nullopt : std::optional(Migration{std::move(from), here});
}

}  // namespace

json allowed_updates() {
  return json::array({"message", "edited_message", "channel_post", "edited_channel_post",
                      "callback_query", "my_chat_member"});
}

Identity read_identity(const json& user) {
  return {id_of(user, "id"), common::to_lower(string_of(user, "username")), full_name(user),
          common::flag_of(user, "can_read_all_group_messages")};
}

std::optional<Meaning> read_update(const json& update, const Identity& me) {
  if (!member(update, "update_id").is_number_integer()) {
    return std::nullopt;
  }
  Meaning out;
  out.update_id = integer_of(update, "update_id");
  for (const char* key : {"message", "channel_post"}) {
    if (const json& message = member(update, key); message.is_object()) {
      out.migration = read_migration(message);
      out.event = read_message(message, me);
    }
  }
  for (const char* key : {"edited_message", "edited_channel_post"}) {
    if (const json& message = member(update, key); message.is_object()) {
      out.event = read_edit(message, me, std::to_string(out.update_id));
    }
  }
  if (const json& query = member(update, "callback_query"); query.is_object()) {
    out.callback_query_id = string_of(query, "id");
    out.event = read_press(query, me);
  }
  if (const json& change = member(update, "my_chat_member"); change.is_object()) {
    read_membership(change, me, out);
  }
  return out;
}

}  // namespace patchbay::telegram
