#include "telegram/arguments.hpp"

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/emoji.hpp"
#include "telegram/question_book.hpp"

namespace patchbay::telegram {
namespace {

using nlohmann::json;

constexpr std::string_view kGeneralTopic = "1";

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

}  // namespace

bool is_number(std::string_view text) { return number_of(text).has_value(); }

json number_or_text(const std::string& id) {
  const auto number = number_of(id);
  return number ? json(*number) : json(id);
}

bool has_valid_address(const sdk::Chat& chat) {
  const bool valid_id = is_number(chat.id) || (chat.id.size() > 1 && chat.id.front() == '@');
  return valid_id && (chat.thread_id.empty() || is_number(chat.thread_id));
}

json chat_arguments(const sdk::Chat& chat) {
  json out = {{"chat_id", number_or_text(chat.id)}};
  if (!chat.thread_id.empty() && chat.thread_id != kGeneralTopic) {
    out["message_thread_id"] = number_or_text(chat.thread_id);
  }
  return out;
}

void add_text(const OutboundPart& part, bool marked_up, json& arguments) {
  arguments.erase("parse_mode");
  if (part.plain.empty()) {
    return;  // a file without a caption
  }
  arguments[part.text_field()] = marked_up ? part.html : part.plain;
  if (marked_up) {
    arguments["parse_mode"] = "HTML";
  }
}

void add_preview(const sdk::Delivery& delivery, json& arguments) {
  if (delivery.no_preview) {
    arguments["link_preview_options"] = {{"is_disabled", true}};
  }
}

void add_flags(const sdk::Delivery& delivery, const OutboundPart& part, json& arguments) {
  if (delivery.silent) {
    arguments["disable_notification"] = true;
  }
  if (!part.file) {
    add_preview(delivery, arguments);
  }
}

void add_quote(const sdk::Delivery& delivery, json& arguments) {
  if (is_number(delivery.reply_to_id)) {
    arguments["reply_parameters"] = {{"message_id", number_or_text(delivery.reply_to_id)},
                                     {"allow_sending_without_reply", true}};
  }
}

json keyboard_of(const sdk::Delivery& delivery) {
  json rows = json::array();
  for (std::size_t i = 0; i < delivery.options.size(); ++i) {
    const sdk::Option& option = delivery.options[i];
    json button = {{"text", option.label}};
    if (option.url.empty()) {
      button["callback_data"] = QuestionBook::button_of(delivery, i);
    } else {
      button["url"] = option.url;
    }
    rows.push_back(json::array({std::move(button)}));
  }
  return {{"inline_keyboard", std::move(rows)}};
}

std::string reaction_of(std::string_view name_or_character) {
  constexpr std::string_view kVariationSelector = "\uFE0F";
  std::string out = common::emoji_of(name_or_character);
  if (out.ends_with(kVariationSelector)) {
    out.resize(out.size() - kVariationSelector.size());
  }
  return out;
}

}  // namespace patchbay::telegram
