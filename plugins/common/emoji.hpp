// Reactions are named by agents ("thumbs_up") or given as the character.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::common {

// The character for a name such as "thumbs_up", "+1" or ":heart:"; a text that is no known name is
// returned as it is.
[[nodiscard]] std::string emoji_of(std::string_view name_or_character);

}  // namespace patchbay::common
