// What stands at a place in a JSON text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace patchbay::testkit {

// NULL: nothing. Points into the document.
inline const nlohmann::json* json_at(const nlohmann::json& document, const std::string& pointer) {
  const nlohmann::json::json_pointer path(pointer);
  return document.contains(path) ? &document.at(path) : nullptr;
}

// False for what is no JSON.
inline bool json_has(std::string_view text, const std::string& pointer,
                     const nlohmann::json& wanted) {
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  const nlohmann::json* found = json_at(document, pointer);
  return found != nullptr && *found == wanted;
}

}  // namespace patchbay::testkit
