#include "host/config_reference.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/config_keys.hpp"

namespace patchbay::host {
namespace {

std::string_view type_name(KeyType type) {
  switch (type) {
    case KeyType::kObject:
      return "object";
    case KeyType::kList:
      return "list";
    case KeyType::kString:
      return "string";
    case KeyType::kPath:
      return "path";
    case KeyType::kBoolean:
      return "boolean";
    case KeyType::kInteger:
      return "integer";
    case KeyType::kDuration:
      return "duration";
    case KeyType::kSize:
      return "size";
    case KeyType::kChoice:
      return "choice";
    case KeyType::kStringList:
      return "strings";
    case KeyType::kStringMap:
      return "strings by name";
    case KeyType::kSettings:
      return "settings";
  }
  return "";
}

using Json = nlohmann::ordered_json;

Json choices_of(const Key& key) {
  Json choices = Json::array();
  std::string_view rest = key.choices;
  while (!rest.empty()) {
    const std::string_view choice = rest.substr(0, rest.find('|'));
    choices.push_back(choice);
    rest.remove_prefix(std::min(rest.size(), choice.size() + 1));
  }
  return choices;
}

Json json_of(const Key& key) {
  Json entry = {{"key", key.path}, {"type", type_name(key.type)}, {"required", key.required}};
  if (!key.default_json.empty()) {
    entry["default"] = Json::parse(key.default_json);
  }
  if (key.minimum != 0 || key.maximum != 0) {
    entry["minimum"] = key.minimum;
    if (key.maximum != kNoMaximum) {
      entry["maximum"] = key.maximum;
    }
  }
  if (!key.choices.empty()) {
    entry["choices"] = choices_of(key);
  }
  entry["description"] = key.sentence;
  return entry;
}

}  // namespace

std::string config_reference_json() {
  Json entries = Json::array();
  for (const Key& key : config_keys()) {
    entries.push_back(json_of(key));
  }
  return entries.dump(2) + "\n";
}

std::string config_reference() {
  std::string result = "| key | type | default | |\n|---|---|---|---|\n";
  for (const Key& key : config_keys()) {
    std::string type(type_name(key.type));
    if (key.type == KeyType::kChoice) {
      type = std::string(key.choices);
      for (std::size_t at = type.find('|'); at != std::string::npos; at = type.find('|', at + 3)) {
        type.replace(at, 1, " / ");
      }
    }
    const std::string fallback =
        key.required ? "required"
                     : (key.default_json.empty() ? "" : "`" + std::string(key.default_json) + "`");
    result += "| `" + std::string(key.path) + "` | " + type + " | " + fallback + " | " +
              std::string(key.sentence) + " |\n";
  }
  return result;
}

}  // namespace patchbay::host
