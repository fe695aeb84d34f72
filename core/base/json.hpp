// JSON from outside: parsed with limits while it is read (nlohmann's parser itself accepts any
// depth and then overflows the stack when such a value is copied or destroyed).
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/status.hpp"

namespace patchbay::base {

inline constexpr std::size_t kMaxJsonDepth = 64;

// kInvalidArgument with the parser's position on malformed text or nesting over kMaxJsonDepth.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text);
// The same, with // and /* */ comments, and object keys kept in the order of the text.
[[nodiscard]] Result<nlohmann::ordered_json> parse_json_with_comments(std::string_view text);

}  // namespace patchbay::base
