// Finds the line of a key in the text of a configuration file, for messages.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace patchbay::host {

// Line numbers (from 1) by path: "instances.telegram.channel", "wirings[0].chats". `text` is valid
// JSON with comments; of malformed text the map holds what stands before the fault.
[[nodiscard]] std::map<std::string, int> key_lines(std::string_view text);

}  // namespace patchbay::host
