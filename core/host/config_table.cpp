#include "host/config_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"
#include "host/config_keys.hpp"
#include "host/units.hpp"

namespace patchbay::host {
namespace {

using Json = nlohmann::ordered_json;

std::string joined(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "." + std::string(name);
}

// "people.owners", as messages and --set have it, is no name in a file: {"people": {"owners": …}}
// is.
bool is_path(std::string_view name) { return name.find_first_of(".*[") != std::string_view::npos; }

std::string nested(std::string_view path) {
  std::string result = "{ \"";
  std::size_t depth = 1;
  for (const char c : path) {
    if (c == '.') {
      result += "\": { \"";
      ++depth;
    } else {
      result += c;
    }
  }
  result += "\": …";
  while (depth-- > 0) {
    result += " }";
  }
  return result;
}

class TableWalk {
 public:
  explicit TableWalk(std::vector<ConfigProblem>& problems) : problems_(problems) {}

  void walk_object(Json& value, std::string_view pattern, const std::string& path) {
    if (!value.is_object()) {
      fail(path, "must be an object { … }");
      return;
    }
    const bool named_by_operator = find_config_key(joined(pattern, "*")) != nullptr;
    for (auto& [name, member] : value.items()) {
      const std::string member_path = joined(path, name);
      const Key* key = named_by_operator ? find_config_key(joined(pattern, "*"))
                       : is_path(name)   ? nullptr
                                         : find_config_key(joined(pattern, name));
      if (key == nullptr) {
        report_unknown(pattern, member_path, name);
        continue;
      }
      check(member, *key, member_path);
    }
    if (!named_by_operator) {
      fill_in(value, pattern, path);
    }
  }

 private:
  void fail(const std::string& path, std::string message) {
    problems_.push_back({path, std::move(message)});
  }

  void report_unknown(std::string_view pattern, const std::string& path, std::string_view name) {
    if (is_path(name) && find_config_key(joined(pattern, name)) != nullptr) {
      fail(path, "unknown key; in a file write " + nested(name));
      return;
    }
    const auto nearest = base::nearest(name, config_keys_below(pattern));
    fail(path, nearest ? "unknown key; did you mean \"" + std::string(*nearest) + "\"?"
                       : "unknown key; `patchbay config reference` lists all keys");
  }

  void fill_in(Json& value, std::string_view pattern, const std::string& path) {
    for (const std::string_view name : config_keys_below(pattern)) {
      const Key& key = *find_config_key(joined(pattern, name));
      const std::string member(name);
      if (value.contains(member)) {
        continue;
      }
      if (key.required) {
        fail(joined(path, name), "is missing: " + std::string(key.sentence));
      } else if (!key.default_json.empty()) {
        value[member] = Json::parse(key.default_json);
        check(value[member], key, joined(path, name));
      }
    }
  }

  void check_range(std::int64_t number, const Key& key, const std::string& path,
                   std::string_view unit) {
    if (number < key.minimum || number > key.maximum) {
      const std::string most =
          key.maximum == kNoMaximum ? "" : " and at most " + std::to_string(key.maximum);
      fail(path, "must be at least " + std::to_string(key.minimum) + most + std::string(unit));
    }
  }

  void check_string_list(Json& value, const std::string& path) {
    if (value.is_string()) {
      value = Json::array({value});
    }
    const bool strings =
        value.is_array() &&
        std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
    if (!strings || value.empty()) {
      fail(path, "must be a list of strings, at least one");
    }
  }

  void check_choice(const Json& value, const Key& key, const std::string& path) {
    std::vector<std::string_view> choices;
    std::string_view rest = key.choices;
    while (!rest.empty()) {
      choices.push_back(rest.substr(0, rest.find('|')));
      rest.remove_prefix(std::min(rest.size(), choices.back().size() + 1));
    }
    const std::string given = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_string() && std::find(choices.begin(), choices.end(), given) != choices.end()) {
      return;
    }
    std::string message = "must be one of";
    for (const std::string_view item : choices) {
      message += (item == choices.front() ? " " : ", ") + std::string(item);
    }
    const auto nearest = base::nearest(given, choices);
    fail(path, message + (nearest ? "; did you mean \"" + std::string(*nearest) + "\"?" : ""));
  }

  void check(Json& value, const Key& key, const std::string& path) {
    switch (key.type) {
      case KeyType::kObject:
        walk_object(value, key.path, path);
        return;
      case KeyType::kList:
        check_list(value, key, path);
        return;
      case KeyType::kString:
        if (!value.is_string()) {
          fail(path, "must be a string");
        }
        return;
      case KeyType::kPath:
        // An empty one would mean the folder that it is relative to.
        if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
          fail(path, "must be a path, not empty");
        }
        return;
      case KeyType::kBoolean:
        if (!value.is_boolean()) {
          fail(path, "must be true or false");
        }
        return;
      case KeyType::kInteger:
        if (!value.is_number_integer()) {
          fail(path, "must be a whole number");
          return;
        }
        check_range(value.get<std::int64_t>(), key, path, "");
        return;
      case KeyType::kDuration:
        check_quantity(value, key, path, parse_duration_ms,
                       "a duration like \"250ms\", \"10s\", \"5m\", \"24h\" or \"7d\"", " ms");
        return;
      case KeyType::kSize:
        check_quantity(value, key, path, parse_size_bytes,
                       "a size like \"512KiB\", \"100MiB\" or \"2GiB\"", " bytes");
        return;
      case KeyType::kChoice:
        check_choice(value, key, path);
        return;
      case KeyType::kStringList:
        check_string_list(value, path);
        return;
      case KeyType::kStringMap:
      case KeyType::kSettings:
        if (!value.is_object()) {
          fail(path, "must be an object { … }");
        }
        return;
    }
  }

  void check_quantity(Json& value, const Key& key, const std::string& path,
                      std::optional<std::int64_t> (*parse)(std::string_view), std::string_view what,
                      std::string_view unit) {
    const auto quantity = value.is_string() ? parse(value.get<std::string>()) : std::nullopt;
    if (!quantity) {
      fail(path, "must be " + std::string(what));
      return;
    }
    value = *quantity;
    check_range(*quantity, key, path, unit);
  }

  void check_list(Json& value, const Key& key, const std::string& path) {
    if (!value.is_array()) {
      fail(path, "must be a list [ … ]");
      return;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      walk_object(value[i], std::string(key.path) + "[]", path + "[" + std::to_string(i) + "]");
    }
  }

  std::vector<ConfigProblem>& problems_;
};

}  // namespace

std::vector<ConfigProblem> apply_table(nlohmann::ordered_json& config) {
  std::vector<ConfigProblem> problems;
  TableWalk(problems).walk_object(config, "", "");
  return problems;
}

}  // namespace patchbay::host
