#include "host/config_table.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.hpp"
#include "host/units.hpp"

namespace patchbay::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kDay = 24LL * 60 * 60 * 1000;

constexpr Key object(std::string_view path, std::string_view sentence) {
  return {path, KeyType::kObject, "{}", 0, 0, "", false, sentence};
}
constexpr Key list(std::string_view path, std::string_view sentence) {
  return {path, KeyType::kList, "[]", 0, 0, "", false, sentence};
}
constexpr Key text(std::string_view path, std::string_view default_json,
                   std::string_view sentence) {
  return {path, KeyType::kString, default_json, 0, 0, "", false, sentence};
}
constexpr Key required_text(std::string_view path, std::string_view sentence) {
  return {path, KeyType::kString, "", 0, 0, "", true, sentence};
}
constexpr Key path_key(std::string_view path, std::string_view sentence) {
  return {path, KeyType::kPath, "", 0, 0, "", false, sentence};
}
constexpr Key choice(std::string_view path, std::string_view default_json, std::string_view choices,
                     std::string_view sentence) {
  return {path, KeyType::kChoice, default_json, 0, 0, choices, false, sentence};
}
constexpr Key number(std::string_view path, std::string_view default_json, std::int64_t minimum,
                     std::int64_t maximum, std::string_view sentence) {
  return {path, KeyType::kInteger, default_json, minimum, maximum, "", false, sentence};
}
constexpr Key duration(std::string_view path, std::string_view default_json, std::int64_t minimum,
                       std::int64_t maximum, std::string_view sentence) {
  return {path, KeyType::kDuration, default_json, minimum, maximum, "", false, sentence};
}
constexpr Key size(std::string_view path, std::string_view default_json, std::int64_t minimum,
                   std::int64_t maximum, std::string_view sentence) {
  return {path, KeyType::kSize, default_json, minimum, maximum, "", false, sentence};
}
constexpr Key plain(std::string_view path, KeyType type, std::string_view default_json,
                    bool required, std::string_view sentence) {
  return {path, type, default_json, 0, 0, "", required, sentence};
}

constexpr auto kKeys = std::to_array<Key>({
    path_key("data_dir",
             "Where everything durable lies; also --data. Default: $STATE_DIRECTORY, else "
             "$XDG_DATA_HOME/patchbay, else ~/.local/share/patchbay."),
    plain("plugins_dir", KeyType::kStringList, "", false,
          "Folders with adapters, searched in order; also --plugins. Default: the folder that was "
          "installed with this binary."),

    object("instances", "One entry for each account on a channel, by the instance's name."),
    object("instances.*",
           "One account: [a-z0-9][a-z0-9-]{0,31}, not agent, gateway, global, unknown."),
    required_text("instances.*.channel", "The channel that it speaks: the adapter's name."),
    plain("instances.*.allowed_hosts", KeyType::kStringList, "", false,
          "Hosts that the adapter may connect to, besides those of its manifest."),
    plain("instances.*.settings", KeyType::kSettings, "{}", false,
          "The adapter's own settings. A secret is {\"env\":\"NAME\"}, {\"file\":\"path\"}, "
          "{\"credential\":\"name\"}, or a string if only you can read this file (mode 0600)."),
    choice("instances.*.uncertain", "", "reconcile|at_most_once|at_least_once",
           "What to do with a message of unknown outcome on this instance. Default: "
           "delivery.uncertain."),

    object("agents", "One entry for each agent group, by its id."),
    object("agents.*", "An agent group: [a-z0-9][a-z0-9_-]{0,63}."),
    plain("agents.*.default", KeyType::kBoolean, "false", false,
          "Whether aliases without an agent mean this one. Default: the first is."),
    text("agents.*.name", "", "The agent's name as people know it. Default: the id."),
    plain(
        "agents.*.command", KeyType::kStringList, "", true,
        "Program and arguments that run the agent of one session. A name without a slash is looked "
        "up beside patchbay, then in PATH."),
    path_key(
        "agents.*.workspace",
        "The group's own folder and working directory. Default: agents/<id> in the data folder."),
    number("agents.*.max_messages_per_prompt", "10", 1, 1000,
           "How many unfinished messages an agent is shown at a time."),
    duration("agents.*.idle_timeout", "\"10m\"", 0, 30 * kDay,
             "An agent with nothing to do is stopped after this."),
    duration("agents.*.stuck_after", "\"30m\"", 1000, 30 * kDay,
             "An agent at work whose heartbeats stopped is ended after this."),
    duration("agents.*.claim_stuck_after", "\"60s\"", 1000, 30 * kDay,
             "An agent that took a message and gave no heartbeat since is ended after this."),
    text("agents.*.timezone", "\"\"", "TZ of the agent, an IANA name. Default: the host's."),
    plain("agents.*.env", KeyType::kStringMap, "{}", false,
          "Further environment variables of the agent; values may be secrets."),

    list("wirings", "Which agents a chat reaches. The first match of each agent counts."),
    required_text("wirings[].chats", "Chat keys; * and ? match within: \"telegram:group:*\"."),
    required_text("wirings[].agent", "The agent group."),
    choice(
        "wirings[].engage", "\"mention\"", "always|mention|mention-sticky|pattern",
        "When a message is for the agent: always; when it is addressed; also every later one in a "
        "chat or thread where it was; when its text matches. Direct chats always address it."),
    text("wirings[].pattern", "\"\"", "The regular expression (PCRE2) for engage \"pattern\"."),
    choice("wirings[].ignored", "\"drop\"", "drop|accumulate",
           "What becomes of other messages: nothing, or context for the next one that engages."),
    choice("wirings[].session", "\"shared\"", "shared|per-thread|agent-shared",
           "One session for the chat, for each of its threads, or for all chats of the agent."),
    plain("wirings[].ignore_case", KeyType::kBoolean, "false", false,
          "Whether the pattern matches in either case."),
    choice("wirings[].senders", "\"all\"", "all|known",
           "Whose messages reach the agent: everybody's, or those of people.owners only."),
    number("wirings[].priority", "0", -1000, 1000, "Higher ones are looked at first."),

    object("people", "Who may reach agents."),
    choice(
        "people.unknown_chats", "\"intake\"", "drop|intake|default_agent",
        "A chat that no wiring names: nothing, keep its messages in the intake, or give it to the "
        "default agent when it is addressed."),
    choice("people.bots", "\"refuse\"", "refuse|like_people",
           "What other bots write: nothing of it, or what people could."),
    plain("people.owners", KeyType::kStringList, "", false,
          "The people that agents know, as <instance>:<the platform's id>: \"telegram:42\"."),

    object("sessions", "How sessions are named."),
    choice("sessions.dm_scope", "\"main\"",
           "main|per-peer|per-channel-peer|per-account-channel-peer",
           "Which direct chats share a session."),
    text("sessions.main_key", "\"main\"", "The name of an agent's main session."),

    object("delivery", "How answers are delivered."),
    choice("delivery.uncertain", "\"reconcile\"", "reconcile|at_most_once|at_least_once",
           "What to do with a message of unknown outcome: find out, leave it, or send it again."),
    duration("delivery.max_age", "\"24h\"", 1000, 365 * kDay,
             "A message that could not be delivered for so long has failed."),
    number("delivery.max_attempts", "30", 1, 10'000, "So many attempts, then it has failed."),
    duration("delivery.max_paused", "\"7d\"", 1000, 365 * kDay,
             "How long a message may wait for a channel that is offline or needs a login."),

    object("limits", "Limits that an operator may move."),
    size("limits.file", "\"100MiB\"", 1024, kAny, "The largest file that is taken in."),
    size("limits.message_files", "\"500MiB\"", 1024, kAny, "The files of one message together."),
    number("limits.running_agents", "8", 1, 100'000, "So many agents run at a time; others queue."),

    object("net", "Outgoing connections."),
    text("net.proxy", "\"\"",
         "A proxy for HTTP(S) requests: http://host:port or socks5h://host:port."),
    path_key("net.ca_file", "Certificates to trust instead of the system's."),

    object("webhooks", "The listener for platforms that call us."),
    text("webhooks.listen", "\"\"", "Address and port, 127.0.0.1:8087. Empty: no listener."),
    text("webhooks.public_url", "\"\"",
         "What the platforms call; /webhook/<instance> is appended."),

    object("log", "The log, on standard error."),
    choice("log.level", "\"info\"", "debug|info|warning|error", "The least that is written."),
    choice("log.format", "\"text\"", "text|json", "One line an event in either."),
});

std::string joined(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "." + std::string(name);
}

const Key* find_key(std::string_view pattern) {
  const auto* const found =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.path == pattern; });
  return found == kKeys.end() ? nullptr : found;
}

// The names directly below `pattern`.
std::vector<std::string_view> names_below(std::string_view pattern) {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys) {
    std::string_view rest = key.path;
    if (!pattern.empty()) {
      if (rest.size() <= pattern.size() + 1 || !rest.starts_with(pattern) ||
          rest[pattern.size()] != '.') {
        continue;
      }
      rest.remove_prefix(pattern.size() + 1);
    }
    if (rest.find('.') == std::string_view::npos && rest.find('[') == std::string_view::npos) {
      names.push_back(rest);
    }
  }
  return names;
}

class TableWalk {
 public:
  explicit TableWalk(std::vector<ConfigProblem>& problems) : problems_(problems) {}

  void walk_object(Json& value, std::string_view pattern, const std::string& path) {
    if (!value.is_object()) {
      fail(path, "must be an object { … }");
      return;
    }
    const bool named_by_operator = find_key(joined(pattern, "*")) != nullptr;
    for (auto& [name, member] : value.items()) {
      const std::string member_path = joined(path, name);
      const Key* key = find_key(joined(pattern, named_by_operator ? "*" : name));
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
    const auto nearest = base::nearest(name, names_below(pattern));
    fail(path, nearest ? "unknown key; did you mean \"" + std::string(*nearest) + "\"?"
                       : "unknown key; `patchbay config reference` lists all keys");
  }

  void fill_in(Json& value, std::string_view pattern, const std::string& path) {
    for (const std::string_view name : names_below(pattern)) {
      const Key& key = *find_key(joined(pattern, name));
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
          key.maximum == kAny ? "" : " and at most " + std::to_string(key.maximum);
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
      case KeyType::kPath:
        if (!value.is_string()) {
          fail(path, "must be a string");
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

std::span<const Key> config_keys() { return kKeys; }

std::vector<ConfigProblem> apply_table(nlohmann::ordered_json& config) {
  std::vector<ConfigProblem> problems;
  TableWalk(problems).walk_object(config, "", "");
  return problems;
}

std::string config_reference() {
  std::string result = "| key | type | default | |\n|---|---|---|---|\n";
  for (const Key& key : kKeys) {
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
