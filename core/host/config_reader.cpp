#include "host/config_reader.hpp"

#include <nlohmann/json.hpp>

#include "host/config_values.hpp"
#include "host/secrets.hpp"
#include "routing/pattern.hpp"

namespace patchbay::host {
namespace {

using base::Status;
using Json = nlohmann::ordered_json;

template <class Value>
Value pick(const std::string& text, std::initializer_list<std::pair<const char*, Value>> choices) {
  for (const auto& [name, value] : choices) {
    if (text == name) {
      return value;
    }
  }
  return choices.begin()->second;  // the table has checked the text
}

delivery::Uncertain uncertain_of(const std::string& text) {
  return pick<delivery::Uncertain>(text, {{"reconcile", delivery::Uncertain::kReconcile},
                                          {"at_most_once", delivery::Uncertain::kAtMostOnce},
                                          {"at_least_once", delivery::Uncertain::kAtLeastOnce}});
}

std::vector<std::string> strings(const Json& list) { return list.get<std::vector<std::string>>(); }

base::Milliseconds milliseconds(const Json& number) {
  return base::Milliseconds(number.get<std::int64_t>());
}

class Reader {
 public:
  Reader(Json& json, const ConfigSource& source, ConfigProblems& problems)
      : json_(json), source_(source), problems_(problems) {}

  void read(Config& config) {
    read_instances(config);
    read_agents(config);
    read_routing(config);
    const Json& delivery = json_["delivery"];
    config.delivery.uncertain = uncertain_of(delivery["uncertain"]);
    config.delivery.max_age = milliseconds(delivery["max_age"]);
    config.delivery.max_attempts = delivery["max_attempts"].get<std::uint32_t>();
    config.delivery.max_paused = milliseconds(delivery["max_paused"]);
    const Json& limits = json_["limits"];
    config.file_bytes = limits["file"].get<std::uint64_t>();
    config.message_file_bytes = limits["message_files"].get<std::uint64_t>();
    config.running_agents = limits["running_agents"].get<std::size_t>();
    const Json& net = json_["net"];
    config.proxy = net["proxy"].get<std::string>();
    check(check_proxy(config.proxy), "net.proxy");
    if (net.contains("ca_file")) {
      config.ca_file = absolute_path(source_.base_dir, net["ca_file"].get<std::string>());
      check(check_readable(config.ca_file), "net.ca_file");
    }
    read_webhooks(config);
    const Json& log = json_["log"];
    config.log_level = pick<base::LogLevel>(log["level"], {{"info", base::LogLevel::kInfo},
                                                           {"debug", base::LogLevel::kDebug},
                                                           {"warning", base::LogLevel::kWarning},
                                                           {"error", base::LogLevel::kError}});
    config.log_format = pick<base::LogFormat>(
        log["format"], {{"text", base::LogFormat::kText}, {"json", base::LogFormat::kJson}});
  }

 private:
  void resolve(Json& value, const std::string& path, Config& config) {
    resolve_secrets(value, path, source_.base_dir, config.secrets, problems_);
  }

  void check(const Status& checked, const std::string& path) {
    if (!checked.ok()) {
      problems_.add(path, checked.message());
    }
  }

  void read_instances(Config& config) {
    for (auto& [name, instance] : json_["instances"].items()) {
      const std::string path = "instances." + name;
      if (!base::is_instance_name(name)) {
        problems_.add(path,
                      "is no instance name; use [a-z0-9][a-z0-9-]{0,31}, and not agent, gateway, "
                      "global, unknown, group, channel, dm or direct");
        continue;
      }
      InstanceSettings settings;
      settings.name = base::InstanceName(name);
      settings.channel = base::ChannelName(instance["channel"].get<std::string>());
      if (settings.name.str() != settings.channel.str() && is_channel_of_another(name)) {
        problems_.add(path, "is the name of another channel; call the instance differently");
      }
      if (instance.contains("allowed_hosts")) {
        settings.allowed_hosts = strings(instance["allowed_hosts"]);
      }
      settings.isolation = instance["isolation"] == "process" ? adapters::Isolation::kProcess
                                                              : adapters::Isolation::kNone;
      settings.memory_bytes = instance["memory"].get<std::uint64_t>();
      if (instance.contains("uncertain")) {
        settings.uncertain = uncertain_of(instance["uncertain"]);
      }
      if (!source_.private_file) {
        list_texts(instance["settings"], "", settings.readable_by_others);
      }
      resolve(instance["settings"], path + ".settings", config);
      settings.settings_json = instance["settings"].dump();
      config.instances.push_back(std::move(settings));
    }
  }

  // Before secrets are resolved: what is a string now is written out in the file.
  static void list_texts(const Json& value, const std::string& path,
                         std::vector<std::string>& found) {
    for (const auto& [name, member] : value.items()) {
      const std::string member_path = path.empty() ? name : path + "." + name;
      if (member.is_string()) {
        found.push_back(member_path);
      } else if (member.is_object()) {
        list_texts(member, member_path, found);
      }
    }
  }

  [[nodiscard]] bool is_channel_of_another(const std::string& name) const {
    for (const auto& [other, instance] : json_["instances"].items()) {
      if (other != name && instance.contains("channel") && instance["channel"] == name) {
        return true;
      }
    }
    return false;
  }

  void read_agents(Config& config) {
    for (auto& [id, agent] : json_["agents"].items()) {
      const std::string path = "agents." + id;
      if (!base::is_agent_group_id(id)) {
        problems_.add(path, "is no agent id; use [a-z0-9][a-z0-9_-]{0,63}");
        continue;
      }
      agents::AgentGroup group;
      group.id = base::AgentGroupId(id);
      group.name = agent.contains("name") ? agent["name"].get<std::string>() : id;
      group.command = strings(agent["command"]);
      if (group.command.front().empty()) {
        problems_.add(path + ".command", "begins with an empty word; name the program first");
      }
      group.workspace = absolute_path(config.data_dir, agent.contains("workspace")
                                                           ? agent["workspace"].get<std::string>()
                                                           : "agents/" + id);
      group.messages_per_prompt = agent["max_messages_per_prompt"].get<int>();
      group.idle_timeout = milliseconds(agent["idle_timeout"]);
      group.stuck_after = milliseconds(agent["stuck_after"]);
      group.claim_stuck_after = milliseconds(agent["claim_stuck_after"]);
      group.timezone = agent["timezone"].get<std::string>();
      check(check_timezone(group.timezone), path + ".timezone");
      group.model = agent["model"].get<std::string>();
      group.effort = agent["effort"].get<std::string>();
      resolve(agent["env"], path + ".env", config);
      for (const auto& [name, value] : agent["env"].items()) {
        if (value.is_string()) {
          group.env[name] = value.get<std::string>();
        } else {
          problems_.add(path + ".env." + name, "must be a string or a secret");
        }
      }
      if (agent["default"].get<bool>()) {
        if (!config.routing.default_agent.empty()) {
          problems_.add(path + ".default", "agent " + config.routing.default_agent.str() +
                                               " is the default already; only one can be");
        }
        config.routing.default_agent = group.id;
      }
      config.routing.agents.push_back(group.id);
      config.agents.push_back(std::move(group));
    }
    if (config.agents.empty()) {
      problems_.add("agents", "has no agent; add one with its command");
    } else if (config.routing.default_agent.empty()) {
      config.routing.default_agent = config.agents.front().id;
    }
  }

  void read_routing(Config& config) {
    for (std::size_t i = 0; i < json_["wirings"].size(); ++i) {
      const Json& entry = json_["wirings"][i];
      const std::string path = "wirings[" + std::to_string(i) + "]";
      routing::Wiring wiring;
      wiring.chats = entry["chats"].get<std::string>();
      if (wiring.chats.empty()) {
        problems_.add(path + ".chats",
                      "names no chats; \"telegram:dm:*\" would be all direct chats there");
      }
      wiring.agent = base::AgentGroupId(entry["agent"].get<std::string>());
      if (!json_["agents"].contains(wiring.agent.str())) {
        problems_.add(path + ".agent", "there is no agent \"" + wiring.agent.str() + "\"");
      }
      wiring.engage = pick<routing::Engage>(entry["engage"],
                                            {{"mention", routing::Engage::kMention},
                                             {"always", routing::Engage::kAlways},
                                             {"mention-sticky", routing::Engage::kMentionSticky},
                                             {"pattern", routing::Engage::kPattern}});
      wiring.pattern = entry["pattern"].get<std::string>();
      if ((wiring.engage == routing::Engage::kPattern) == wiring.pattern.empty()) {
        problems_.add(path + ".pattern", "goes with engage \"pattern\", and is needed there");
      }
      wiring.ignored = pick<routing::Ignored>(
          entry["ignored"],
          {{"drop", routing::Ignored::kDrop}, {"accumulate", routing::Ignored::kAccumulate}});
      wiring.session = pick<session::SessionMode>(
          entry["session"], {{"shared", session::SessionMode::kShared},
                             {"per-thread", session::SessionMode::kPerThread},
                             {"agent-shared", session::SessionMode::kAgentShared}});
      wiring.pattern_ignores_case = entry["ignore_case"].get<bool>();
      check(routing::Pattern::compile(wiring.pattern, wiring.pattern_ignores_case
                                                          ? routing::LetterCase::kIgnored
                                                          : routing::LetterCase::kMatters)
                .status(),
            path + ".pattern");
      wiring.senders = pick<routing::Senders>(
          entry["senders"], {{"all", routing::Senders::kAll}, {"known", routing::Senders::kKnown}});
      wiring.priority = entry["priority"].get<int>();
      config.routing.wirings.push_back(std::move(wiring));
    }
    config.routing.unknown_chats =
        pick<routing::UnknownChats>(json_["people"]["unknown_chats"],
                                    {{"intake", routing::UnknownChats::kIntake},
                                     {"drop", routing::UnknownChats::kDrop},
                                     {"default_agent", routing::UnknownChats::kDefaultAgent}});
    config.routing.bots = pick<routing::Bots>(
        json_["people"]["bots"],
        {{"refuse", routing::Bots::kRefuse}, {"like_people", routing::Bots::kLikePeople}});
    if (json_["people"].contains("owners")) {
      config.routing.owners = strings(json_["people"]["owners"]);
      check_owners(config.routing.owners);
    }
    const Json& sessions = json_["sessions"];
    config.routing.direct_scope = pick<session::DirectScope>(
        sessions["dm_scope"],
        {{"main", session::DirectScope::kMain},
         {"per-peer", session::DirectScope::kPerPeer},
         {"per-channel-peer", session::DirectScope::kPerChannelPeer},
         {"per-account-channel-peer", session::DirectScope::kPerAccountChannelPeer}});
    config.routing.main_key = sessions["main_key"].get<std::string>();
  }

  // A platform's id of a person is compared together with the name of the instance.
  void check_owners(const std::vector<std::string>& owners) {
    for (std::size_t i = 0; i < owners.size(); ++i) {
      const std::size_t colon = owners[i].find(':');
      if (colon == 0 || colon >= owners[i].size() - 1) {
        problems_.add("people.owners[" + std::to_string(i) + "]",
                      "\"" + owners[i] +
                          "\" is nobody; write <instance>:<the platform's id of the person>, like "
                          "\"telegram:42\"");
      }
    }
  }

  void read_webhooks(Config& config) {
    const std::string listen = json_["webhooks"]["listen"].get<std::string>();
    if (listen.empty()) {
      return;
    }
    auto webhooks = parse_listen(listen);
    if (!webhooks.ok()) {
      problems_.add("webhooks.listen", webhooks.status().message());
      return;
    }
    webhooks->public_url = json_["webhooks"]["public_url"].get<std::string>();
    config.webhooks = *std::move(webhooks);
  }

  Json& json_;
  const ConfigSource& source_;
  ConfigProblems& problems_;
};

}  // namespace

void read_config(Json& json, const ConfigSource& source, ConfigProblems& problems, Config& config) {
  Reader(json, source, problems).read(config);
}

}  // namespace patchbay::host
