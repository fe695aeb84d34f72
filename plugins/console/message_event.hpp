// What somebody said in a chat, as an event.
#pragma once

#include <optional>
#include <string>

#include <patchbay/sdk/event.hpp>

namespace patchbay::console {

// Nothing: it has no id, or the chat's name is none.
[[nodiscard]] std::optional<sdk::Event> message_event(const std::string& chat, std::string id,
                                                      std::string text);

}  // namespace patchbay::console
