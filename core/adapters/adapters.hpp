// AdapterHost: every adapter and every instance of the daemon, behind the two ports that routing
// and delivery know. An instance that fails, hangs or breaks a rule never stops another.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/isolation.hpp"
#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "delivery/channel_port.hpp"
#include "routing/ports.hpp"

namespace patchbay::base {
class EventLoop;
class Random;
}  // namespace patchbay::base
namespace patchbay::attachments {
class StagingArea;
}
namespace patchbay::net {
class Connector;
class HttpClient;
}  // namespace patchbay::net
namespace patchbay::store {
class CentralDatabase;
}

namespace patchbay::adapters {

struct WebhookListen {
  std::string address = "127.0.0.1";  // numeric
  std::uint16_t port = 0;             // 0: any that is free
  std::string public_url;             // "https://bot.example.org", or empty
};

struct AdapterHostOptions {
  std::vector<std::string> plugin_dirs;  // in order; the first that has a channel wins
  std::string runner;                    // path of patchbay-adapter-runner
  std::string data_dir;                  // <data>/run takes sockets, <data>/probed-adapters.json
  std::optional<WebhookListen> webhooks;
  // Of one call into an adapter: longer is logged; longer still, and the instance is given up.
  base::Milliseconds slow_call = limits::kAdapterSlowCall;
  base::Milliseconds hung_call = limits::kAdapterHungCall;
  base::Milliseconds stop_deadline = limits::kAdapterStop;
  base::Milliseconds probe_timeout = limits::kProbe;
};

// What the host lends. Everything outlives the AdapterHost.
struct AdapterHostServices {
  base::Loop& loop;
  base::Executor& storage;  // blocking storage work
  base::Random& random;
  attachments::StagingArea& staging;
  net::HttpClient* http = nullptr;             // null: adapters get no http
  store::CentralDatabase* database = nullptr;  // null: adapters get no kv
  base::EventLoop* sockets = nullptr;          // null: adapters get no listener and no webhook
  net::Connector* connector = nullptr;         // null: adapters get no websocket and no stream
  // The thread of an instance; by default a base::SingleThread. A simulation gives the loop.
  std::function<std::unique_ptr<base::Executor>(const std::string& name)> make_executor = {};
};

struct InstanceConfig {
  base::InstanceName name;
  base::ChannelName channel;
  std::string settings_json;               // an object, secrets resolved (and registered, log.hpp)
  std::vector<std::string> allowed_hosts;  // besides those of the sidecar
  Isolation isolation = Isolation::kNone;
  std::uint64_t memory_bytes = limits::kRunnerMemoryBytes;  // of an isolated one
};

struct InstanceCounters {
  std::uint64_t submitted = 0;  // events given to routing
  std::uint64_t stored = 0;     // … of which these were kept: stored or intake
  std::uint64_t duplicates = 0;
  std::uint64_t refused = 0;
  std::uint64_t busy = 0;
  std::uint64_t malformed = 0;  // events that were not passed on
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;   // deliveries that will not be tried again
  std::uint64_t unknown = 0;  // deliveries whose outcome nobody knows
  std::uint64_t requests = 0;
  std::uint64_t slow_calls = 0;
  std::uint64_t violations = 0;  // of the contract in adapter.h
  std::uint64_t restarts = 0;    // of an isolated one, after its process was lost
};

struct InstanceStatus {
  base::InstanceName name;
  base::ChannelName channel;
  std::string version;  // of the adapter; empty if there is none
  Isolation isolation = Isolation::kNone;
  delivery::InstanceState state = delivery::InstanceState::kStopped;
  base::WallTime since;
  std::string reason;
  std::string user_action;  // what a person must do; empty: nothing
  std::string
      login_code;  // a pairing code, or the payload of a QR code: show it to the operator only
  bool login_code_is_qr = false;
  std::string last_error;  // the adapter's last error line
  InstanceCounters counters;
};

// "connecting", "online", "degraded", "login_required", "rate_limited", "failed", "stopped".
[[nodiscard]] std::string_view state_name(delivery::InstanceState state);

struct PluginStatus {
  std::string path;
  std::string channel;
  std::string version;
  base::Status problem;   // not ok: one line with the remedy
  std::string hidden_by;  // path of the library that was taken instead
};

// [core thread] all of it.
class AdapterHost final : public delivery::ChannelPort, public routing::FilePort {
 public:
  AdapterHost(AdapterHostOptions options, AdapterHostServices services);
  // Without stop(): what runs is abandoned, its operations are not completed.
  ~AdapterHost() override;
  AdapterHost(const AdapterHost&) = delete;
  AdapterHost& operator=(const AdapterHost&) = delete;

  // Blocks; see loader.hpp. What cannot be loaded is in the list, and logged; the rest works.
  const std::vector<PluginStatus>& load_plugins();
  [[nodiscard]] const std::vector<PluginStatus>& plugins() const;

  // Whether the instance could be created: name, channel, settings. Runs no code of the adapter.
  [[nodiscard]] base::Status check(const InstanceConfig& config) const;
  // An instance that fails check() is in the list all the same, as failed, with that reason.
  base::Status add_instance(InstanceConfig config);

  // Names of the settings of a channel that are secret, nested ones as "a.b".
  [[nodiscard]] std::vector<std::string> secret_settings(const base::ChannelName& channel) const;

  // Opens the webhook listener if one is configured (its failure is returned, the instances start
  // all the same), then creates and starts all instances, side by side. Events go to the ports from
  // now on; both outlive the last call of the loop that this object set off.
  base::Status start(routing::InboundPort& inbound, delivery::ChannelEvents& events);
  // Stops all instances, side by side; `stopped` comes once, at the latest soon after the deadline.
  void stop(base::UniqueFunction<void()> stopped);

  [[nodiscard]] std::vector<InstanceStatus> status() const;
  // The port that the webhook listener has; 0: none is open.
  [[nodiscard]] std::uint16_t webhook_port() const;
  // Facts that adapters tell about accounts and chats, JSON objects.
  void on_metadata(
      std::function<void(const base::InstanceName&, const std::string& fact)> listener);

  // ChannelPort
  void deliver(delivery::DeliveryRequest request,
               base::UniqueFunction<void(delivery::AttemptOutcome)> done) override;
  [[nodiscard]] delivery::InstanceState state(const base::InstanceName& instance) const override;
  void limits(const base::InstanceName& instance, store::ChatKind kind, const std::string& chat_id,
              base::UniqueFunction<void(delivery::ChannelLimits)> done) override;
  void show_typing(const base::InstanceName& instance, store::ChatKind kind,
                   const std::string& chat_id, const base::ThreadId& thread) override;

  // FilePort
  [[nodiscard]] bool is_connected(const base::InstanceName& instance) const override;
  [[nodiscard]] bool is_paused(const base::InstanceName& instance) const override;
  void fetch(const base::InstanceName& instance, const std::string& reference,
             base::UniqueFunction<void(base::Result<std::string>)> done) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::adapters
