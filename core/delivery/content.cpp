#include "delivery/content.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "delivery/emoji_names.hpp"

namespace patchbay::delivery {
namespace {

using nlohmann::json;

Content unusable(std::string problem) {
  Content content;
  content.kind = ContentKind::kUnusable;
  content.problem = std::move(problem);
  return content;
}

// A member as text: strings as they are, numbers as written, everything else as nothing.
std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) {
    return {};
  }
  if (found->is_string()) {
    return found->get<std::string>();
  }
  return found->is_number() ? found->dump() : std::string();
}

bool flag_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

const json* array_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? &*found : nullptr;
}

bool read_files(const json& object, Content& content) {
  const json* files = array_of(object, "files");
  if (files == nullptr) {
    return true;
  }
  if (files->size() > limits::kFilesPerMessage) {
    content = unusable("the message names " + std::to_string(files->size()) + " files; at most " +
                       std::to_string(limits::kFilesPerMessage) + " can be sent with one message");
    return false;
  }
  for (const json& file : *files) {
    if (!file.is_string()) {
      content = unusable("an entry of files is not a name");
      return false;
    }
    content.files.push_back(file.get<std::string>());
  }
  return true;
}

Content parse_operation(const json& object, const std::string& operation) {
  Content content;
  content.target = text_of(object, "messageId");
  if (operation == "edit") {
    content.kind = ContentKind::kEdit;
    content.text = text_of(object, "text");
    if (base::trim(content.text).empty()) {
      return unusable("the edit has no text");
    }
  } else if (operation == "reaction") {
    content.kind = ContentKind::kReaction;
    content.emoji = emoji_of_name(text_of(object, "emoji"));
    content.removed = flag_of(object, "remove") || flag_of(object, "removed");
    if (content.emoji.empty()) {
      return unusable("the reaction has no emoji");
    }
  } else if (operation == "delete") {
    content.kind = ContentKind::kDelete;
  } else {
    return unusable("the operation \"" + operation +
                    "\" is not known; there are edit, reaction and delete");
  }
  if (content.target.empty()) {
    return unusable("the " + operation + " names no messageId");
  }
  return content;
}

Option parse_option(const json& entry) {
  Option option;
  if (entry.is_string()) {
    option.label = entry.get<std::string>();
    option.value = option.label;
  } else if (entry.is_object()) {
    option.label = text_of(entry, "label");
    option.value = text_of(entry, "value");
    if (option.value.empty()) {
      option.value = option.label;
    }
    option.url = text_of(entry, "url");
  }
  return option;
}

Content parse_question(const json& object) {
  Content content;
  content.kind = ContentKind::kQuestion;
  content.question_id = text_of(object, "questionId");
  content.title = text_of(object, "title");
  content.text = text_of(object, "question");
  if (content.question_id.empty()) {
    return unusable("the question has no questionId");
  }
  if (content.text.empty() && content.title.empty()) {
    return unusable("the question has no text");
  }
  if (const json* options = array_of(object, "options")) {
    for (const json& entry : *options) {
      Option option = parse_option(entry);
      if (option.label.empty()) {
        return unusable("an option of the question has no label");
      }
      content.options.push_back(std::move(option));
    }
  }
  return content;
}

void append_paragraph(std::string& text, const std::string& paragraph) {
  if (paragraph.empty()) {
    return;
  }
  text.append(text.empty() ? "" : "\n\n").append(paragraph);
}

// Cards as text, for channels that have none: title, description, children, links.
void append_child(std::string& text, const json& child, int depth) {
  if (depth > 8) {
    return;
  }
  if (child.is_string()) {
    append_paragraph(text, child.get<std::string>());
    return;
  }
  if (!child.is_object()) {
    return;
  }
  for (const char* key : {"title", "label", "text", "content", "value"}) {
    append_paragraph(text, text_of(child, key));
  }
  if (const json* children = array_of(child, "children")) {
    for (const json& inner : *children) {
      append_child(text, inner, depth + 1);
    }
  }
}

std::string render_card(const json& card) {
  std::string text;
  if (const std::string title = text_of(card, "title"); !title.empty()) {
    append_paragraph(text, "**" + title + "**");
  }
  append_paragraph(text, text_of(card, "description"));
  if (const json* children = array_of(card, "children")) {
    for (const json& child : *children) {
      append_child(text, child, 0);
    }
  }
  if (const json* actions = array_of(card, "actions")) {
    for (const json& action : *actions) {
      const Option option = parse_option(action);
      append_paragraph(
          text, option.url.empty() ? option.label : "[" + option.label + "](" + option.url + ")");
    }
  }
  return text;
}

Content parse_card(const json& object) {
  Content content;
  content.kind = ContentKind::kMessage;
  content.text = text_of(object, "fallbackText");
  const auto card = object.find("card");
  if (content.text.empty() && card != object.end() && card->is_object()) {
    content.text = render_card(*card);
  }
  if (!read_files(object, content)) {
    return content;
  }
  if (base::trim(content.text).empty() && content.files.empty()) {
    return unusable("the card is empty");
  }
  return content;
}

Content parse_message(const json& object) {
  Content content;
  content.kind = ContentKind::kMessage;
  content.text = text_of(object, "text");
  if (content.text.empty()) {
    content.text = text_of(object, "markdown");
  }
  if (!read_files(object, content)) {
    return content;
  }
  if (base::trim(content.text).empty() && content.files.empty()) {
    return unusable("the message is empty: it has neither text nor files");
  }
  return content;
}

Content parse_system(const json& object) {
  Content content;
  content.kind = ContentKind::kSystemAction;
  content.action = text_of(object, "action");
  content.request_id = text_of(object, "requestId");
  const auto timeout = object.find("timeoutMs");
  if (timeout != object.end() && timeout->is_number_unsigned()) {
    content.timeout_ms = timeout->get<std::uint64_t>();
  }
  if (content.action.empty()) {
    return unusable("the system row names no action");
  }
  return content;
}

}  // namespace

Content parse_content(std::string_view kind, std::string_view text) {
  if (kind == "task_log") {
    Content content;
    content.kind = ContentKind::kNeverSent;
    return content;
  }
  if (kind != "chat" && kind != "chat-sdk" && kind != "system") {
    return unusable("the kind \"" + std::string(base::utf8_prefix(kind, 64)) +
                    "\" is not known; there are chat, chat-sdk, system and task_log");
  }
  if (text.size() > limits::kOutboundContentBytes) {
    return unusable("the content has " + std::to_string(text.size()) + " bytes; at most " +
                    std::to_string(limits::kOutboundContentBytes) + " are allowed");
  }
  const auto parsed = base::parse_json(text);
  if (!parsed.ok() || !parsed->is_object()) {
    return unusable(parsed.ok() ? "the content is not a JSON object"
                                : "the content is not JSON: " + parsed.status().message());
  }
  const json& object = *parsed;
  if (kind == "system") {
    return parse_system(object);
  }
  if (const std::string operation = text_of(object, "operation"); !operation.empty()) {
    return parse_operation(object, operation);
  }
  const std::string type = text_of(object, "type");
  if (type == "ask_question") {
    return parse_question(object);
  }
  return type == "card" ? parse_card(object) : parse_message(object);
}

Operation operation_of(ContentKind kind) {
  switch (kind) {
    case ContentKind::kEdit:
      return Operation::kEdit;
    case ContentKind::kReaction:
      return Operation::kReaction;
    case ContentKind::kDelete:
      return Operation::kDelete;
    case ContentKind::kQuestion:
      return Operation::kQuestion;
    default:
      return Operation::kMessage;
  }
}

bool is_visible_message(ContentKind kind) {
  return kind == ContentKind::kMessage || kind == ContentKind::kQuestion;
}

std::string with_refused_files(std::string text, const std::vector<std::string>& refused) {
  for (const std::string& file : refused) {
    append_paragraph(text, "[" + file + "]");
  }
  return text;
}

}  // namespace patchbay::delivery
