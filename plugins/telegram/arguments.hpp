// The arguments of the Bot API's methods that send and change messages.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include <patchbay/sdk/delivery.hpp>

#include "telegram/outbound_plan.hpp"

namespace patchbay::telegram {

// An integer of at most 64 bits.
[[nodiscard]] bool is_number(std::string_view text);
// Telegram's ids are numbers.
[[nodiscard]] nlohmann::json number_or_text(const std::string& id);
// A chat id is a number or the @name of a channel; a topic id is a number.
[[nodiscard]] bool has_valid_address(const sdk::Chat& chat);

// chat_id and message_thread_id. The General topic is no thread to Telegram when sending: its id,
// 1, is answered with "message thread not found".
[[nodiscard]] nlohmann::json chat_arguments(const sdk::Chat& chat);

// Text or caption, with the markup or without.
void add_text(const OutboundPart& part, bool marked_up, nlohmann::json& arguments);
void add_preview(const sdk::Delivery& delivery, nlohmann::json& arguments);
void add_flags(const sdk::Delivery& delivery, const OutboundPart& part, nlohmann::json& arguments);
// The message that it answers; if that is gone, it is sent all the same.
void add_quote(const sdk::Delivery& delivery, nlohmann::json& arguments);

// https://core.telegram.org/bots/api#inlinekeyboardmarkup
[[nodiscard]] nlohmann::json keyboard_of(const sdk::Delivery& delivery);

// The emoji of a reaction as Telegram's list spells it: without variation selector.
[[nodiscard]] std::string reaction_of(std::string_view name_or_character);

}  // namespace patchbay::telegram
