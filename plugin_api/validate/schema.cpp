#include "schema.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace patchbay::validate {
namespace {

using nlohmann::json;

// As core/adapters/settings_schema.cpp has them; plugin_api/tests/settings_schemas.json is given to
// both.
constexpr std::array<std::string_view, 6> kTypes = {"string",  "integer", "number",
                                                    "boolean", "array",   "object"};

bool is_known_type(const json& type) {
  return type.is_string() &&
         std::find(kTypes.begin(), kTypes.end(), type.get<std::string>()) != kTypes.end();
}

bool is_of_type(const json& value, const json& type) {
  return (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
         (type == "integer" && value.is_number_integer()) ||
         (type == "number" && value.is_number()) || (type == "array" && value.is_array()) ||
         (type == "object" && value.is_object());
}

// types: a list; empty: any.
bool has_type(const json& value, const json& types) {
  return types.empty() || std::any_of(types.begin(), types.end(), [&value](const json& type) {
           return is_of_type(value, type);
         });
}

void check_property(const json& schema, const std::string& path, std::vector<std::string>& out);

void check_object_schema(const json& schema, const std::string& path,
                         std::vector<std::string>& out) {
  const json properties = schema.value("properties", json::object());
  const json required = schema.value("required", json::array());
  if (!properties.is_object() || !required.is_array()) {
    out.push_back(path + ": 'properties' must be an object and 'required' a list");
    return;
  }
  for (const auto& [name, property] : properties.items()) {
    check_property(property, std::string(path).append(".").append(name), out);
  }
  for (const json& name : required) {
    if (!name.is_string() || !properties.contains(name.get<std::string>())) {
      out.push_back(path + ": 'required' names " + name.dump() + ", which is no property");
    }
  }
}

void check_property(const json& schema, const std::string& path, std::vector<std::string>& out) {
  if (!schema.is_object()) {
    out.push_back(path + " is no object");
    return;
  }
  const json type = schema.value("type", json::array());
  const json types = type.is_array() ? type : json::array({type});
  if (!std::all_of(types.begin(), types.end(), is_known_type)) {
    out.push_back(path + ": 'type' is not one that a host knows");
    return;
  }
  for (const char* flag : {"secret", "additionalProperties"}) {
    if (schema.contains(flag) && !schema.at(flag).is_boolean()) {
      out.push_back(path + ": '" + flag + "' is neither true nor false");
    }
  }
  const json choices = schema.value("enum", json::array({true}));
  if (!choices.is_array() || choices.empty()) {
    out.push_back(path + ": 'enum' is no list of values");
  }
  if (schema.contains("default") && !has_type(schema.at("default"), types)) {
    out.push_back(path + ": 'default' is not of its type");
  }
  check_object_schema(schema, path, out);
}

}  // namespace

void check_schema(const json& schema, std::vector<std::string>& problems) {
  check_property(schema, "settings", problems);
  const json type = schema.is_object() ? schema.value("type", json()) : json("object");
  if (type != "object" && type != json::array({"object"})) {
    problems.emplace_back("settings: its 'type' must be \"object\"");
  }
}

}  // namespace patchbay::validate
