#include "adapters/settings_schema.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Result;
using base::Status;
using nlohmann::json;

struct SettingsProperty {
  std::string name;
  std::vector<std::string> types;  // empty: any
  std::string description;
  std::vector<json> choices;  // empty: any
  std::optional<json> default_value;
  bool required = false;
  bool secret = false;
  bool url = false;
  bool any_property = false;  // of an object: more than `properties`
  std::vector<SettingsProperty> properties;
};

namespace {

constexpr std::string_view kTypes[] = {"string", "integer", "number", "boolean", "array", "object"};

Status bad_schema(std::string_view path, std::string_view what) {
  std::string message = "settings schema";
  if (!path.empty()) {
    message.append(" of '").append(path).append("'");
  }
  return {Code::kInvalidArgument, message.append(": ").append(what)};
}

std::string join_path(std::string_view path, std::string_view name) {
  std::string out(path);
  if (!out.empty()) {
    out += '.';
  }
  return out.append(name);
}

bool has_type(const json& value, std::string_view type) {
  return (type == "string" && value.is_string()) ||
         (type == "integer" && value.is_number_integer()) ||
         (type == "number" && value.is_number()) || (type == "boolean" && value.is_boolean()) ||
         (type == "array" && value.is_array()) || (type == "object" && value.is_object());
}

bool has_any_type(const json& value, const std::vector<std::string>& types) {
  return types.empty() || std::any_of(types.begin(), types.end(),
                                      [&value](const auto& type) { return has_type(value, type); });
}

std::string list_of(const std::vector<std::string>& words, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += i == 0 ? std::string_view() : (i + 1 == words.size() ? last : std::string_view(", "));
    out += words[i];
  }
  return out;
}

Result<std::vector<std::string>> parse_types(const json& schema, std::string_view path) {
  std::vector<std::string> types;
  const auto found = schema.find("type");
  if (found == schema.end()) {
    return types;
  }
  const json list = found->is_array() ? *found : json::array({*found});
  for (const json& type : list) {
    if (!type.is_string() || std::find(std::begin(kTypes), std::end(kTypes),
                                       type.get<std::string>()) == std::end(kTypes)) {
      return bad_schema(path, "'type' is not one that is known");
    }
    types.push_back(type.get<std::string>());
  }
  return types;
}

Result<std::vector<SettingsProperty>> parse_properties(const json& schema, const std::string& path);

Result<bool> flag(const json& schema, const char* key, std::string_view path) {
  const auto found = schema.find(key);
  if (found == schema.end()) {
    return false;
  }
  if (!found->is_boolean()) {
    return bad_schema(path, std::string("'") + key + "' is neither true nor false");
  }
  return found->get<bool>();
}

Result<SettingsProperty> parse_property(const std::string& name, const json& schema,
                                        const std::string& path) {
  if (!schema.is_object()) {
    return bad_schema(path, "it is no object");
  }
  SettingsProperty property;
  property.name = name;
  PATCHBAY_ASSIGN(property.types, parse_types(schema, path));
  if (const auto found = schema.find("description"); found != schema.end() && found->is_string()) {
    property.description = found->get<std::string>();
  }
  if (const auto found = schema.find("enum"); found != schema.end()) {
    if (!found->is_array() || found->empty()) {
      return bad_schema(path, "'enum' is no list of values");
    }
    property.choices = found->get<std::vector<json>>();
  }
  PATCHBAY_ASSIGN(property.secret, flag(schema, "secret", path));
  const auto format = schema.find("format");
  property.url = format != schema.end() && *format == "uri";
  PATCHBAY_ASSIGN(const bool open, flag(schema, "additionalProperties", path));
  property.any_property = open || !schema.contains("properties");
  PATCHBAY_ASSIGN(property.properties, parse_properties(schema, path));
  if (const auto found = schema.find("default"); found != schema.end()) {
    if (!has_any_type(*found, property.types)) {
      return bad_schema(path, "'default' is not of its type");
    }
    property.default_value = *found;
  }
  return property;
}

Result<std::vector<SettingsProperty>> parse_properties(const json& schema,
                                                       const std::string& path) {
  std::vector<SettingsProperty> out;
  if (const auto found = schema.find("properties"); found != schema.end()) {
    if (!found->is_object()) {
      return bad_schema(path, "'properties' is no object");
    }
    for (const auto& [name, value] : found->items()) {
      PATCHBAY_ASSIGN(SettingsProperty property,
                      parse_property(name, value, join_path(path, name)));
      out.push_back(std::move(property));
    }
  }
  const auto required = schema.find("required");
  if (required == schema.end()) {
    return out;
  }
  if (!required->is_array()) {
    return bad_schema(path, "'required' is no list");
  }
  for (const json& name : *required) {
    const auto property =
        std::find_if(out.begin(), out.end(), [&name](const auto& p) { return name == p.name; });
    if (property == out.end()) {
      return bad_schema(path, "'required' names something that is no property");
    }
    property->required = true;
  }
  return out;
}

using Problems = std::vector<SettingProblem>;

SettingProblem unknown_setting(const std::vector<SettingsProperty>& properties,
                               const std::string& name, const std::string& path) {
  std::vector<std::string_view> known;
  known.reserve(properties.size());
  for (const SettingsProperty& property : properties) {
    known.push_back(property.name);
  }
  std::string message = "is not known";
  if (const auto nearest = base::nearest(name, known)) {
    message.append("; did you mean '").append(*nearest).append("'?");
  } else if (known.empty()) {
    message += "; take it out: no setting is known here";
  } else {
    message +=
        "; known are " + list_of(std::vector<std::string>(known.begin(), known.end()), " and ");
  }
  return {path, message};
}

json apply_properties(const std::vector<SettingsProperty>& properties, bool any_property,
                      const json& settings, const std::string& path, Problems& problems);

json apply_property(const SettingsProperty& property, const json& value, const std::string& path,
                    Problems& problems) {
  if (!has_any_type(value, property.types)) {
    problems.push_back(
        {path, "must be " + list_of(property.types, " or ") + ", not " + value.type_name()});
    return value;
  }
  if (!property.choices.empty() && std::find(property.choices.begin(), property.choices.end(),
                                             value) == property.choices.end()) {
    std::vector<std::string> choices;
    choices.reserve(property.choices.size());
    for (const json& choice : property.choices) {
      choices.push_back(choice.dump(-1, ' ', false, json::error_handler_t::replace));
    }
    problems.push_back({path, "must be one of " + list_of(choices, " or ")});
    return value;
  }
  if (value.is_object()) {
    return apply_properties(property.properties, property.any_property, value, path, problems);
  }
  return value;
}

json apply_properties(const std::vector<SettingsProperty>& properties, bool any_property,
                      const json& settings, const std::string& path, Problems& problems) {
  json out = settings;
  for (const auto& [name, value] : settings.items()) {
    const auto property = std::find_if(properties.begin(), properties.end(),
                                       [&name](const auto& p) { return p.name == name; });
    const std::string here = join_path(path, name);
    if (property != properties.end()) {
      out[name] = apply_property(*property, value, here, problems);
    } else if (!any_property) {
      problems.push_back(unknown_setting(properties, name, here));
    }
  }
  for (const SettingsProperty& property : properties) {
    if (settings.contains(property.name)) {
      continue;
    }
    if (property.default_value) {
      out[property.name] = *property.default_value;
    } else if (property.required) {
      std::string what = "is missing";
      if (!property.description.empty()) {
        what += " (" + property.description + ")";
      }
      problems.push_back({join_path(path, property.name), what});
    }
  }
  return out;
}

json apply_all(const std::vector<SettingsProperty>& properties, bool any_property,
               const json& settings, Problems& problems) {
  if (!settings.is_object()) {
    problems.push_back({"", "settings must be an object: { \"key\": value, … }"});
    return settings;
  }
  return apply_properties(properties, any_property, settings, "", problems);
}

void collect_secrets(const std::vector<SettingsProperty>& properties, const std::string& path,
                     std::vector<std::string>& out) {
  for (const SettingsProperty& property : properties) {
    const std::string here = join_path(path, property.name);
    if (property.secret) {
      out.push_back(here);
    }
    collect_secrets(property.properties, here, out);
  }
}

void collect_urls(const std::vector<SettingsProperty>& properties, const json& settings,
                  std::vector<std::string>& out) {
  for (const SettingsProperty& property : properties) {
    const auto found = settings.find(property.name);
    if (found == settings.end()) {
      continue;
    }
    if (property.url && found->is_string()) {
      out.push_back(found->get<std::string>());
    }
    if (found->is_object()) {
      collect_urls(property.properties, *found, out);
    }
  }
}

}  // namespace

SettingsSchema::SettingsSchema() = default;
SettingsSchema::~SettingsSchema() = default;
SettingsSchema::SettingsSchema(SettingsSchema&&) noexcept = default;
SettingsSchema& SettingsSchema::operator=(SettingsSchema&&) noexcept = default;
SettingsSchema::SettingsSchema(const SettingsSchema&) = default;
SettingsSchema& SettingsSchema::operator=(const SettingsSchema&) = default;

Result<SettingsSchema> SettingsSchema::parse(const json& schema) {
  PATCHBAY_ASSIGN(SettingsProperty root, parse_property("", schema, ""));
  if (root.types != std::vector<std::string>{"object"}) {
    return bad_schema("", "its 'type' must be \"object\"");
  }
  SettingsSchema out;
  out.properties_ = std::move(root.properties);
  out.any_ = root.any_property;
  return out;
}

Problems SettingsSchema::problems(const json& settings) const {
  Problems problems;
  static_cast<void>(apply_all(properties_, any_, settings, problems));
  return problems;
}

Result<json> SettingsSchema::apply(const json& settings) const {
  Problems problems;
  json applied = apply_all(properties_, any_, settings, problems);
  if (problems.empty()) {
    return applied;
  }
  std::string text;
  for (const SettingProblem& problem : problems) {
    text += text.empty() ? "" : "; ";
    text += problem.path.empty() ? problem.what : "setting '" + problem.path + "' " + problem.what;
  }
  return Status(Code::kInvalidArgument, std::move(text));
}

std::vector<std::string> SettingsSchema::secrets() const {
  std::vector<std::string> out;
  collect_secrets(properties_, "", out);
  return out;
}

std::vector<std::string> SettingsSchema::urls(const json& settings) const {
  std::vector<std::string> out;
  collect_urls(properties_, settings, out);
  return out;
}

}  // namespace patchbay::adapters
