// The text of an inbound message: https://core.telegram.org/bots/api#messageentity
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "telegram/identity.hpp"

namespace patchbay::telegram {

// Text or caption as CommonMark: marked words, code and the addresses behind words are kept, and
// "/command@us" reads "/command". Things without text (a place, a contact, a poll) are told in
// words.
[[nodiscard]] std::string text_of(const nlohmann::json& message, const Identity& me);

// Whether the message addresses the bot: by @name, by a mention without a name, by a command with
// its name, or as an answer to one of its messages.
[[nodiscard]] bool mentions(const nlohmann::json& message, const Identity& me);

// The message that this one answers, or null. A topic's first message is not one, though Telegram
// names it in every message of the topic.
[[nodiscard]] const nlohmann::json& answered_message(const nlohmann::json& message);

}  // namespace patchbay::telegram
