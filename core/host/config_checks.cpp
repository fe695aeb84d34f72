#include "host/config_checks.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "adapters/sidecar.hpp"
#include "agents/process_runtime.hpp"
#include "base/json.hpp"
#include "base/text_file.hpp"
#include "host/config_problems.hpp"

namespace patchbay::host {
namespace {

namespace fs = std::filesystem;
using base::Status;

ConfigProblems problems_of(const Config& config) { return {config.source, config.lines}; }

std::string settings_path(const InstanceSettings& instance) {
  return "instances." + instance.name.str() + ".settings";
}

void check_clear(const Config& config, const InstanceSettings& instance,
                 const std::vector<std::string>& secret_settings, ConfigProblems& problems) {
  for (const std::string& setting : instance.readable_by_others) {
    if (std::find(secret_settings.begin(), secret_settings.end(), setting) !=
        secret_settings.end()) {
      problems.add(settings_path(instance) + "." + setting,
                   "is a secret in a file that others can read; run chmod 600 " + config.source +
                       ", or name the secret with {\"env\":…} or {\"file\":…}");
    }
  }
}

void check_settings(const InstanceSettings& instance, const adapters::SettingsSchema& schema,
                    ConfigProblems& problems) {
  const auto settings = base::parse_json(instance.settings_json);
  if (!settings.ok()) {
    problems.add(settings_path(instance), settings.status().message());
    return;
  }
  for (const adapters::SettingProblem& problem : schema.problems(*settings)) {
    problems.add(settings_path(instance) + (problem.path.empty() ? "" : "." + problem.path),
                 problem.what);
  }
}

// What is wrong with the agent's program; empty: nothing.
std::string problem_with_program(const agents::AgentGroup& group) {
  const std::string& program = group.command.front();
  const auto found = agents::find_program(program);
  if (found.ok()) {
    return "";
  }
  const bool one_word = group.command.size() == 1 && program.find(' ') != std::string::npos;
  return found.status().message() +
         (one_word ? "; write each word on its own: [\"program\", \"argument\"]" : "");
}

std::string command_path(const agents::AgentGroup& group) {
  return "agents." + group.id.str() + ".command";
}

bool has_instance(const Config& config, const std::string& name) {
  return std::any_of(config.instances.begin(), config.instances.end(),
                     [&name](const InstanceSettings& one) { return one.name.str() == name; });
}

std::string no_instance_text(const Config& config, const std::string& name) {
  std::string names;
  for (const InstanceSettings& instance : config.instances) {
    names += (names.empty() ? "" : ", ") + instance.name.str();
  }
  return "no instance is called \"" + name + "\"; there are: " + (names.empty() ? "none" : names);
}

// Whether a chat of some instance can match: the part before the first colon is the instance's
// name, and old forms without one begin with the kind.
bool can_match(const Config& config, const std::string& chats) {
  const std::string instance = chats.substr(0, chats.find(':'));
  const bool is_open = instance.find_first_of("*?[") != std::string::npos;
  const bool is_old_form = instance == "group" || instance == "dm" || instance == "channel" ||
                           chats.find(':') == std::string::npos;
  return is_open || is_old_form || has_instance(config, instance);
}

std::map<std::string, adapters::Sidecar> read_sidecars(const Config& config,
                                                       ConfigProblems& problems) {
  std::map<std::string, adapters::Sidecar> found;
  for (const std::string& folder : config.plugin_dirs) {
    std::error_code error;
    fs::directory_iterator entries(folder, error);
    if (error) {
      problems.add("plugins_dir", "cannot read the plugin folder " + folder + ": " +
                                      error.message() +
                                      "; give the folder with adapters by --plugins");
      continue;
    }
    for (const auto& entry : entries) {
      const std::string path = entry.path();
      if (!path.ends_with(adapters::kSidecarSuffix)) {
        continue;
      }
      const auto text = base::read_text_file(path);
      auto sidecar = text.ok() ? adapters::parse_sidecar(*text, path)
                               : base::Result<adapters::Sidecar>(text.status());
      if (!sidecar.ok()) {
        problems.add("plugins_dir", sidecar.status().message());
      } else {
        std::string id = sidecar->id;
        found.emplace(std::move(id), *std::move(sidecar));
      }
    }
  }
  return found;
}

std::string channels_text(const std::map<std::string, adapters::Sidecar>& sidecars) {
  std::string text;
  for (const auto& [channel, sidecar] : sidecars) {
    text += (text.empty() ? "" : ", ") + channel;
  }
  return text.empty() ? "none" : text;
}

}  // namespace

Status check_clear_secrets(const Config& config, const adapters::AdapterHost& channels) {
  ConfigProblems problems = problems_of(config);
  for (const InstanceSettings& instance : config.instances) {
    check_clear(config, instance, channels.secret_settings(instance.channel), problems);
  }
  return problems.status();
}

Status check_surroundings(const Config& config) {
  ConfigProblems problems = problems_of(config);
  for (const agents::AgentGroup& group : config.agents) {
    if (const std::string problem = problem_with_program(group); !problem.empty()) {
      problems.add(command_path(group), problem);
    }
  }
  const auto sidecars = read_sidecars(config, problems);
  for (const InstanceSettings& instance : config.instances) {
    const auto sidecar = sidecars.find(instance.channel.str());
    if (sidecar == sidecars.end()) {
      problems.add("instances." + instance.name.str() + ".channel",
                   "no adapter speaks \"" + instance.channel.str() +
                       "\"; there are: " + channels_text(sidecars));
      continue;
    }
    check_clear(config, instance, sidecar->second.settings.secrets(), problems);
    check_settings(instance, sidecar->second.settings, problems);
  }
  return problems.status();
}

std::vector<std::string> doubts_about(const Config& config) {
  std::vector<std::string> doubts;
  if (config.source == kEmbeddedDefaults) {
    return doubts;  // they wire Telegram, whether it is there or not
  }
  if (config.routing.wirings.empty() &&
      config.routing.unknown_chats != routing::UnknownChats::kDefaultAgent) {
    doubts.emplace_back(
        "wirings: there is none, so no message reaches an agent; add one like "
        "{\"chats\": \"console:*\", \"agent\": \"main\"}");
  }
  for (std::size_t i = 0; i < config.routing.wirings.size(); ++i) {
    const std::string& chats = config.routing.wirings[i].chats;
    if (!can_match(config, chats)) {
      doubts.push_back(
          "wirings[" + std::to_string(i) + "].chats: \"" + chats +
          "\" can match no chat: " + no_instance_text(config, chats.substr(0, chats.find(':'))));
    }
  }
  for (std::size_t i = 0; i < config.routing.owners.size(); ++i) {
    const std::string& owner = config.routing.owners[i];
    if (const std::string instance = owner.substr(0, owner.find(':'));
        !has_instance(config, instance)) {
      doubts.push_back("people.owners[" + std::to_string(i) + "]: \"" + owner +
                       "\" can be nobody: " + no_instance_text(config, instance));
    }
  }
  return doubts;
}

std::vector<std::string> missing_programs(const Config& config) {
  std::vector<std::string> missing;
  for (const agents::AgentGroup& group : config.agents) {
    if (const std::string problem = problem_with_program(group); !problem.empty()) {
      missing.push_back(command_path(group) + ": " + problem);
    }
  }
  return missing;
}

std::vector<std::string> keys_needing_restart(const Config& running, const Config& fresh) {
  std::vector<std::string> keys;
  const auto compare = [&](const char* key, bool same) {
    if (!same) {
      keys.emplace_back(key);
    }
  };
  const auto same_instance = [](const InstanceSettings& a, const InstanceSettings& b) {
    return a.name == b.name && a.channel == b.channel && a.settings_json == b.settings_json &&
           a.allowed_hosts == b.allowed_hosts && a.uncertain == b.uncertain &&
           a.isolation == b.isolation && a.memory_bytes == b.memory_bytes;
  };
  compare("data_dir", running.data_dir == fresh.data_dir);
  compare("plugins_dir", running.plugin_dirs == fresh.plugin_dirs);
  compare("instances", std::equal(running.instances.begin(), running.instances.end(),
                                  fresh.instances.begin(), fresh.instances.end(), same_instance));
  compare("delivery", running.delivery.uncertain == fresh.delivery.uncertain &&
                          running.delivery.max_age == fresh.delivery.max_age &&
                          running.delivery.max_attempts == fresh.delivery.max_attempts &&
                          running.delivery.max_paused == fresh.delivery.max_paused);
  compare("limits", running.file_bytes == fresh.file_bytes &&
                        running.message_file_bytes == fresh.message_file_bytes &&
                        running.running_agents == fresh.running_agents);
  compare("net", running.proxy == fresh.proxy && running.ca_file == fresh.ca_file);
  compare("webhooks",
          running.webhooks.has_value() == fresh.webhooks.has_value() &&
              (!running.webhooks || (running.webhooks->address == fresh.webhooks->address &&
                                     running.webhooks->port == fresh.webhooks->port &&
                                     running.webhooks->public_url == fresh.webhooks->public_url)));
  compare("log.format", running.log_format == fresh.log_format);
  return keys;
}

}  // namespace patchbay::host
