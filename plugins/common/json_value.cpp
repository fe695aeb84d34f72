#include "common/json_value.hpp"

#include <limits>
#include <nlohmann/json.hpp>

namespace patchbay::common {

using nlohmann::json;

std::optional<json> parse_json(std::string_view text) {
  bool too_deep = false;
  const auto watch_depth = [&too_deep](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kMaxJsonDepth;
    return !too_deep;  // what is too deep is thrown away while it is read
  };
  json value = json::parse(text, watch_depth, false);
  if (value.is_discarded() || too_deep) {
    return std::nullopt;
  }
  return value;
}

json parse_json_or_null(std::string_view text) { return parse_json(text).value_or(json()); }

const json& member(const json& object, const char* key) {
  static const json kNull;
  if (!object.is_object()) {
    return kNull;
  }
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

bool has(const json& object, const char* key) { return !member(object, key).is_null(); }

std::string string_of(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t integer_of(const json& object, const char* key, std::int64_t otherwise) {
  const json& value = member(object, key);
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    return number > static_cast<std::uint64_t>(kMost) ? otherwise
                                                      : static_cast<std::int64_t>(number);
  }
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

bool flag_of(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

std::string id_of(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number_integer() ? value.dump() : string_of(object, key);
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace patchbay::common
