// The daemon's configuration as values, read from one JSON file with comments, from embedded
// defaults, and from the command line. docs/configuration.md is its reference.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/isolation.hpp"
#include "agents/agent_group.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/status.hpp"
#include "delivery/retry_policy.hpp"
#include "routing/wiring.hpp"

namespace patchbay::host {

struct InstanceSettings {
  base::InstanceName name;
  base::ChannelName channel;
  std::vector<std::string> allowed_hosts;
  std::string settings_json;  // secrets resolved
  // Settings ("a.b") whose text stands in a file that others can read: none of them may be secret.
  std::vector<std::string> readable_by_others;
  std::optional<delivery::Uncertain> uncertain;
  adapters::Isolation isolation = adapters::Isolation::kNone;
  std::uint64_t memory_bytes = 0;  // of an isolated one
};

struct WebhookSettings {
  std::string address;  // numeric
  std::uint16_t port = 0;
  std::string public_url;
};

inline constexpr const char* kEmbeddedDefaults = "embedded defaults";

struct Config {
  std::string source;                // the file, or kEmbeddedDefaults
  std::map<std::string, int> lines;  // where each key stands in it
  std::string data_dir;              // absolute
  std::vector<std::string> plugin_dirs;
  std::vector<InstanceSettings> instances;  // in the order of the file
  std::vector<agents::AgentGroup> agents;   // in the order of the file
  routing::RoutingConfig routing;
  delivery::RetryPolicy delivery;
  std::uint64_t file_bytes = 0;
  std::uint64_t message_file_bytes = 0;
  std::size_t running_agents = 0;
  std::string proxy;
  std::string ca_file;
  std::optional<WebhookSettings> webhooks;
  base::LogLevel log_level = base::LogLevel::kInfo;
  base::LogFormat log_format = base::LogFormat::kText;
  // Values that must never be shown, of all instances and agents.
  std::vector<std::string> secrets;
};

// What the command line adds to, or puts in the place of, the file.
struct ConfigOverrides {
  std::string file;  // empty: embedded defaults
  std::string data_dir;
  std::vector<std::string> plugin_dirs;
  std::vector<std::pair<std::string, std::string>> values;  // --set key=value, dots between keys
};

// Reads, checks and resolves. The failure holds one line for every problem, each naming file, line,
// key and remedy. Secrets are read here and nowhere else.
[[nodiscard]] base::Result<Config> load_config(const ConfigOverrides& overrides);

// Where data lies, for commands that ask a running host: of a file only data_dir is looked at, so
// that nobody needs the host's secrets for a question.
[[nodiscard]] base::Result<std::string> find_data_dir(const ConfigOverrides& overrides);

// Where data lies when nothing says so: $STATE_DIRECTORY, $XDG_DATA_HOME/patchbay,
// ~/.local/share/patchbay.
[[nodiscard]] base::Result<std::string> default_data_dir();

}  // namespace patchbay::host
