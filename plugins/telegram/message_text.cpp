#include "telegram/message_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "common/json_value.hpp"
#include "common/utf.hpp"

namespace patchbay::telegram {
namespace {

using common::id_of;
using common::integer_of;
using common::member;
using common::string_of;
using nlohmann::json;

// A caption has entities of its own.
struct Marked {
  std::string text;
  const json* entities;
};

Marked marked_text(const json& message) {
  if (common::has(message, "text")) {
    return {string_of(message, "text"), &member(message, "entities")};
  }
  return {string_of(message, "caption"), &member(message, "caption_entities")};
}

std::size_t offset_of(const json& entity) {
  return static_cast<std::size_t>(std::max<std::int64_t>(0, integer_of(entity, "offset")));
}

std::size_t length_of(const json& entity) {
  return static_cast<std::size_t>(std::max<std::int64_t>(0, integer_of(entity, "length")));
}

std::string_view words_of(const Marked& marked, const json& entity) {
  return common::utf16_slice(marked.text, offset_of(entity), length_of(entity));
}

// The name in "/command@name", in lower case; empty when there is none.
std::string command_addressee(std::string_view command) {
  const std::size_t at = command.find('@');
  return at == std::string_view::npos ? std::string() : common::to_lower(command.substr(at + 1));
}

bool entity_mentions(const Marked& marked, const json& entity, const Identity& me) {
  const std::string type = string_of(entity, "type");
  if (type == "mention" && !me.username.empty()) {
    return common::to_lower(words_of(marked, entity)) == "@" + me.username;
  }
  if (type == "text_mention" && !me.id.empty()) {
    return id_of(member(entity, "user"), "id") == me.id;
  }
  return type == "bot_command" && !me.username.empty() &&
         command_addressee(words_of(marked, entity)) == me.username;
}

// What CommonMark puts around an entity. Both empty: nothing.
struct Marks {
  std::string before;
  std::string after;
};

Marks marks_of(const json& entity, std::string_view words) {
  const std::string type = string_of(entity, "type");
  if (type == "bold") {
    return {"**", "**"};
  }
  if (type == "italic") {
    return {"_", "_"};
  }
  if (type == "strikethrough") {
    return {"~~", "~~"};
  }
  if (type == "code") {
    const bool fence_inside = words.find('`') != std::string_view::npos;
    return fence_inside ? Marks{"`` ", " ``"} : Marks{"`", "`"};
  }
  if (type == "pre") {
    return {"```" + string_of(entity, "language") + "\n", "\n```"};
  }
  if (type == "text_link") {
    return {"[", "](" + string_of(entity, "url") + ")"};
  }
  return {};
}

// A change of the text at a place. At one place, what ends stands before what begins.
struct Edit {
  std::size_t at;
  bool begins;
  std::size_t span;  // bytes: of two that begin together the longer is outside
  std::string insert;
  std::size_t drop;  // bytes that go
};

bool stands_before(const Edit& a, const Edit& b) {
  if (a.at != b.at) {
    return a.at < b.at;
  }
  if (a.begins != b.begins) {
    return !a.begins;
  }
  return a.begins ? a.span > b.span : a.span < b.span;
}

std::vector<Edit> edits_of(const Marked& marked, const Identity& me) {
  std::vector<Edit> edits;
  if (!marked.entities->is_array()) {
    return edits;
  }
  for (const json& entity : *marked.entities) {
    const std::string_view words = words_of(marked, entity);
    if (words.empty()) {
      continue;
    }
    const std::size_t begin = static_cast<std::size_t>(words.data() - marked.text.data());
    if (string_of(entity, "type") == "bot_command") {
      if (entity_mentions(marked, entity, me)) {
        const std::size_t suffix = words.find('@');
        edits.push_back({begin + suffix, true, 0, "", words.size() - suffix});
      }
      continue;
    }
    Marks marks = marks_of(entity, words);
    if (!marks.before.empty()) {
      edits.push_back({begin, true, words.size(), std::move(marks.before), 0});
      edits.push_back({begin + words.size(), false, words.size(), std::move(marks.after), 0});
    }
  }
  std::stable_sort(edits.begin(), edits.end(), stands_before);
  return edits;
}

std::string as_commonmark(const Marked& marked, const Identity& me) {
  std::string out;
  std::size_t copied = 0;
  for (const Edit& edit : edits_of(marked, me)) {
    if (edit.at >= copied) {
      out.append(marked.text, copied, edit.at - copied);
      copied = edit.at;
    }
    out += edit.insert;
    copied = std::max(copied, edit.at + edit.drop);
  }
  return out.append(marked.text, copied);
}

std::string number(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number() ? value.dump() : "?";
}

// What people send without writing: the agent should know that something came.
std::string told_in_words(const json& message) {
  if (const json& venue = member(message, "venue"); venue.is_object()) {
    return "Place: " + string_of(venue, "title") + ", " + string_of(venue, "address") + " (" +
           number(member(venue, "location"), "latitude") + ", " +
           number(member(venue, "location"), "longitude") + ")";
  }
  if (const json& place = member(message, "location"); place.is_object()) {
    return "Location: " + number(place, "latitude") + ", " + number(place, "longitude");
  }
  if (const json& contact = member(message, "contact"); contact.is_object()) {
    return "Contact: " + string_of(contact, "first_name") + " " + string_of(contact, "last_name") +
           " " + string_of(contact, "phone_number");
  }
  if (const json& dice = member(message, "dice"); dice.is_object()) {
    return string_of(dice, "emoji") + " " + number(dice, "value");
  }
  if (const json& sticker = member(message, "sticker"); sticker.is_object()) {
    return string_of(sticker, "emoji");
  }
  const json& poll = member(message, "poll");
  if (!poll.is_object()) {
    return {};
  }
  std::string out = "Poll: " + string_of(poll, "question");
  if (const json& options = member(poll, "options"); options.is_array()) {
    for (const json& option : options) {
      out += "\n- " + string_of(option, "text");
    }
  }
  return out;
}

}  // namespace

std::string text_of(const json& message, const Identity& me) {
  const Marked marked = marked_text(message);
  return marked.text.empty() ? told_in_words(message) : as_commonmark(marked, me);
}

bool mentions(const json& message, const Identity& me) {
  if (me.id.empty()) {
    return false;
  }
  if (id_of(member(answered_message(message), "from"), "id") == me.id) {
    return true;
  }
  const Marked marked = marked_text(message);
  return marked.entities->is_array() &&
         std::any_of(marked.entities->begin(), marked.entities->end(),
                     [&](const json& entity) { return entity_mentions(marked, entity, me); });
}

const json& answered_message(const json& message) {
  static const json kNone;
  const json& answered = member(message, "reply_to_message");
  const bool opens_topic = common::has(answered, "forum_topic_created") &&
                           id_of(answered, "message_id") == id_of(message, "message_thread_id");
  return opens_topic ? kNone : answered;
}

}  // namespace patchbay::telegram
