// Names of emoji as agents write them ("thumbs_up", ":+1:") → the characters.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::delivery {

// Colons around the name, '-' for '_' and upper case are accepted. What is no known name is
// returned as it is: it may be the character itself, or a custom emoji of the platform.
[[nodiscard]] std::string emoji_of_name(std::string_view name);

}  // namespace patchbay::delivery
