#include "host/config_keys.hpp"

#include <algorithm>
#include <array>

namespace patchbay::host {
namespace {

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
           "One account: [a-z0-9][a-z0-9-]{0,31}, not agent, gateway, global, unknown, "
           "group, channel, dm or direct."),
    required_text("instances.*.channel", "The channel that it speaks: the adapter's name."),
    plain("instances.*.allowed_hosts", KeyType::kStringList, "", false,
          "Where the adapter may connect, besides the hosts of its manifest: a name or an address, "
          "wherever it leads; *.example.org, to public addresses; unix:/path, a socket."),
    plain("instances.*.settings", KeyType::kSettings, "{}", false,
          "The adapter's own settings. A secret is {\"env\":\"NAME\"}, {\"file\":\"path\"}, "
          "{\"credential\":\"name\"}, or a string if only you can read this file (mode 0600)."),
    choice("instances.*.isolation", "\"daemon\"", "daemon|process",
           "Where the adapter's code runs: in Patchbay itself, or in a process of its own that can "
           "reach neither network nor files; see docs/security.md."),
    size("instances.*.memory", "\"256MiB\"", 64LL * 1024 * 1024, 64LL * 1024 * 1024 * 1024,
         "What an adapter in a process of its own may have of memory."),
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
    text(
        "agents.*.model", "\"\"",
        "The model that the agent is to use, for container.json. Default: the agent's own choice."),
    text("agents.*.effort", "\"\"",
         "How hard its model is to think, for container.json. Default: the agent's own choice."),
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
    choice("people.unknown_chats", "\"intake\"", "drop|intake|default_agent",
           "A chat that no wiring names: nothing, keep its messages until one does (100 of each "
           "chat), or give it to the default agent when it is addressed."),
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
    choice(
        "delivery.uncertain", "\"reconcile\"", "reconcile|at_most_once|at_least_once",
        "What to do with a message of unknown outcome: leave it unknown until there is evidence (a "
        "report of the platform, an operator), leave it for good, or send it again."),
    duration("delivery.max_age", "\"24h\"", 1000, 365 * kDay,
             "A message that could not be delivered for so long has failed."),
    number("delivery.max_attempts", "30", 1, 10'000, "So many attempts, then it has failed."),
    duration("delivery.max_paused", "\"7d\"", 1000, 365 * kDay,
             "How long a message may wait for a channel that is offline or needs a login."),

    object("limits", "Limits that an operator may move."),
    size("limits.file", "\"100MiB\"", 1024, kNoMaximum, "The largest file that is taken in."),
    size("limits.message_files", "\"500MiB\"", 1024, kNoMaximum,
         "The files of one message together."),
    number("limits.running_agents", "8", 1, 100'000, "So many agents run at a time; others queue."),

    object("net", "Outgoing connections."),
    text("net.proxy", "\"\"",
         "A proxy for HTTP(S) requests, not for WebSockets and streams: http://host:port or "
         "socks5h://host:port."),
    path_key("net.ca_file", "Certificates to trust instead of the system's."),

    object("webhooks", "The listener for platforms that call us."),
    text("webhooks.listen", "\"\"", "Address and port, 127.0.0.1:8087. Empty: no listener."),
    text("webhooks.public_url", "\"\"",
         "What the platforms call; /webhook/<instance> is appended."),

    object("log", "The log, on standard error."),
    choice("log.level", "\"info\"", "debug|info|warning|error", "The least that is written."),
    choice("log.format", "\"text\"", "text|json", "One line an event in either."),
});

}  // namespace

std::span<const Key> config_keys() { return kKeys; }

const Key* find_config_key(std::string_view path) {
  const auto* const found =
      std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.path == path; });
  return found == kKeys.end() ? nullptr : found;
}

std::vector<std::string_view> config_keys_below(std::string_view path) {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys) {
    std::string_view rest = key.path;
    if (!path.empty()) {
      if (rest.size() <= path.size() + 1 || !rest.starts_with(path) || rest[path.size()] != '.') {
        continue;
      }
      rest.remove_prefix(path.size() + 1);
    }
    if (rest.find('.') == std::string_view::npos && rest.find('[') == std::string_view::npos) {
      names.push_back(rest);
    }
  }
  return names;
}

}  // namespace patchbay::host
