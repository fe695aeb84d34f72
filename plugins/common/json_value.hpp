// JSON from a platform: read with limits, and asked without surprises.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::common {

inline constexpr int kMaxJsonDepth = 64;

// Nothing for malformed text or nesting over kMaxJsonDepth: nlohmann's parser takes any depth, and
// then overflows the stack when such a value is copied.
[[nodiscard]] std::optional<nlohmann::json> parse_json(std::string_view text);
// Null in that case: its members are all empty.
[[nodiscard]] nlohmann::json parse_json_or_null(std::string_view text);

// The members of an object; all of these give the default when `object` is no object, has no such
// member, or one of another type. References are to `object` or to a static null.
[[nodiscard]] const nlohmann::json& member(const nlohmann::json& object, const char* key);
[[nodiscard]] bool has(const nlohmann::json& object, const char* key);
[[nodiscard]] std::string string_of(const nlohmann::json& object, const char* key);
[[nodiscard]] std::int64_t integer_of(const nlohmann::json& object, const char* key,
                                      std::int64_t otherwise = 0);
[[nodiscard]] bool flag_of(const nlohmann::json& object, const char* key);

// A number or a string, as text: platforms are not of one mind about ids.
[[nodiscard]] std::string id_of(const nlohmann::json& object, const char* key);

// Compact JSON text. Malformed UTF-8 is replaced, never thrown over.
[[nodiscard]] std::string to_text(const nlohmann::json& value);

}  // namespace patchbay::common
