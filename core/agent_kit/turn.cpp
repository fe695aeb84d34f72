#include "agent_kit/turn.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace patchbay::agent_kit {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string compact(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<Attachment> attachments_of(const json& object) {
  std::vector<Attachment> result;
  const auto list = object.find("attachments");
  if (list == object.end() || !list->is_array()) {
    return result;
  }
  for (const json& item : *list) {
    if (item.is_object()) {
      result.push_back({.name = text_of(item, "name"),
                        .mime = text_of(item, "mimeType"),
                        .kind = text_of(item, "type"),
                        .local_path = text_of(item, "localPath"),
                        .error = text_of(item, "error")});
    }
  }
  return result;
}

void read_quote(const json& object, Content& content) {
  const auto quote = object.find("replyTo");
  if (quote != object.end() && quote->is_object()) {
    content.quoted_sender = text_of(*quote, "sender");
    content.quoted_text = text_of(*quote, "text");
  }
}

std::string webhook_text(const json& object) {
  std::string text = "Webhook " + text_of(object, "event") + " from " + text_of(object, "source");
  if (const auto payload = object.find("payload"); payload != object.end()) {
    text += ":\n" + (payload->is_string() ? payload->get<std::string>() : compact(*payload));
  }
  return text;
}

bool asks(const InboundRow& row) { return row.trigger && !is_notice(row); }

// The turn of a chat, made at its first triggering row.
Turn& turn_for(std::vector<Turn>& turns, const Address& address) {
  const auto found = std::find_if(turns.begin(), turns.end(),
                                  [&](const Turn& turn) { return turn.address == address; });
  if (found != turns.end()) {
    return *found;
  }
  turns.push_back({.address = address, .in_reply_to = {}, .rows = {}});
  return turns.back();
}

// The index of the turn that a row without one of its own goes with: that of the next asking row.
std::size_t turn_after(const std::vector<Turn>& turns, const InboundRow& row) {
  std::size_t best = turns.size() - 1;
  std::int64_t best_seq = INT64_MAX;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    for (const InboundRow& other : turns[i].rows) {
      if (asks(other) && other.seq > row.seq && other.seq < best_seq) {
        best = i;
        best_seq = other.seq;
      }
    }
  }
  return best;
}

void append_lines(std::string& prompt, std::string_view prefix, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    prompt += std::string(prefix) + std::string(text.substr(0, end)) + "\n";
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

}  // namespace

bool is_notice(const InboundRow& row) {
  if (row.address.channel_type != "agent") {
    return false;
  }
  return parse_content(row).sender_id == "system";
}

Content parse_content(const InboundRow& row) {
  Content content;
  const auto parsed = base::parse_json(row.content);
  if (!parsed.ok() || !parsed->is_object()) {
    content.text = parsed.ok() && parsed->is_string() ? parsed->get<std::string>() : row.content;
    return content;
  }
  const json& object = *parsed;
  content.text = text_of(object, row.kind == "task" ? "prompt" : "text");
  if (row.kind == "webhook") {
    content.text = webhook_text(object);
  }
  content.sender = text_of(object, "senderName");
  if (content.sender.empty()) {
    content.sender = text_of(object, "sender");
  }
  content.sender_id = text_of(object, "senderId");
  const auto group = object.find("isGroup");
  content.is_group = group != object.end() && group->is_boolean() && group->get<bool>();
  content.attachments = attachments_of(object);
  read_quote(object, content);
  return content;
}

std::vector<Turn> make_turns(std::span<const InboundRow> rows) {
  std::vector<Turn> turns;
  std::vector<const InboundRow*> context;
  for (const InboundRow& row : rows) {
    if (asks(row)) {
      Turn& turn = turn_for(turns, row.address);
      turn.rows.push_back(row);
      turn.in_reply_to = row.id;
    } else {
      context.push_back(&row);
    }
  }
  const bool notice_triggers =
      std::any_of(rows.begin(), rows.end(), [](const InboundRow& row) { return row.trigger; });
  if (turns.empty() && notice_triggers) {
    turns.push_back({});
  }
  if (turns.empty()) {
    return turns;
  }
  for (const InboundRow* row : context) {
    const auto own = std::find_if(turns.begin(), turns.end(),
                                  [&](const Turn& turn) { return turn.address == row->address; });
    Turn& turn = own != turns.end() ? *own : turns[turn_after(turns, *row)];
    turn.rows.push_back(*row);
  }
  for (Turn& turn : turns) {
    std::sort(turn.rows.begin(), turn.rows.end(),
              [](const InboundRow& a, const InboundRow& b) { return a.seq < b.seq; });
  }
  return turns;
}

std::string make_prompt(const Turn& turn,
                        const std::function<std::string(const Attachment&)>& path_of) {
  std::string prompt;
  for (const InboundRow& row : turn.rows) {
    const Content content = parse_content(row);
    if (turn.rows.size() > 1 || content.is_group) {
      prompt += content.sender.empty() ? row.kind : content.sender;
      prompt += ": ";
    }
    prompt += content.text;
    prompt += "\n";
    if (!content.quoted_text.empty()) {
      append_lines(prompt, "> ",
                   (content.quoted_sender.empty() ? "" : content.quoted_sender + ": ") +
                       content.quoted_text);
    }
    for (const Attachment& attachment : content.attachments) {
      const std::string path = path_of(attachment);
      const std::string shown = attachment.name.empty() ? attachment.kind : attachment.name;
      if (!path.empty()) {
        prompt += "[file " + shown + " (" + attachment.mime + "): " + path + "]\n";
      } else {
        prompt += "[file " + shown + " could not be had" +
                  (attachment.error.empty() ? "" : ": " + attachment.error) + "]\n";
      }
    }
  }
  return prompt;
}

}  // namespace patchbay::agent_kit
