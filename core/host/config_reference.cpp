#include "host/config_reference.hpp"

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

}  // namespace

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
