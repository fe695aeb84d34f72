// The settings of an adapter's instances, described in its sidecar by a small part of JSON Schema:
//
//   { "type": "object", "required": ["bot_token"],
//     "properties": {
//       "bot_token": { "type": "string", "secret": true, "description": "from @BotFather" },
//       "api_base":  { "type": "string", "format": "uri", "default": "https://api.telegram.org" },
//       "mode":      { "type": "string", "enum": ["polling", "webhook"], "default": "polling" } } }
//
// type: string, integer, number, boolean, array (any elements), object (nested properties), or an
// array of these. Properties that are not named are refused unless "additionalProperties" is true.
// Of our own: "secret" marks what must never be shown, and "format": "uri" says that the host of
// this URL may be contacted.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace patchbay::adapters {

struct SettingsProperty;

struct SettingProblem {
  std::string path;  // "a.b"; empty: the settings themselves
  std::string what;  // "is missing (from @BotFather)"
};

class SettingsSchema {
 public:
  SettingsSchema();  // takes any object
  ~SettingsSchema();
  SettingsSchema(SettingsSchema&&) noexcept;
  SettingsSchema& operator=(SettingsSchema&&) noexcept;
  SettingsSchema(const SettingsSchema&);
  SettingsSchema& operator=(const SettingsSchema&);

  // kInvalidArgument says what in the schema is wrong.
  [[nodiscard]] static base::Result<SettingsSchema> parse(const nlohmann::json& schema);

  // All that is wrong with the settings: for an unknown key the nearest that is known. It never
  // holds a value of a secret.
  [[nodiscard]] std::vector<SettingProblem> problems(const nlohmann::json& settings) const;
  // The settings with defaults filled in. kInvalidArgument: all problems in one line.
  [[nodiscard]] base::Result<nlohmann::json> apply(const nlohmann::json& settings) const;

  // Names of the properties marked "secret", nested ones as "a.b".
  [[nodiscard]] std::vector<std::string> secrets() const;
  // The values of properties of "format": "uri" in settings that apply() gave.
  [[nodiscard]] std::vector<std::string> urls(const nlohmann::json& settings) const;

 private:
  std::vector<SettingsProperty> properties_;
  bool any_ = true;  // additionalProperties of the object itself
};

}  // namespace patchbay::adapters
