#include "adapters/adapters.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include <patchbay/sdk/group_key.hpp>

#include "adapters/host_gate.hpp"
#include "adapters/instance.hpp"
#include "adapters/loader.hpp"
#include "adapters/loader_thread.hpp"
#include "adapters/webhook_server.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Result;
using base::Status;
using delivery::InstanceState;

std::string_view state_name(InstanceState state) {
  switch (state) {
    case InstanceState::kConnecting:
      return "connecting";
    case InstanceState::kOnline:
      return "online";
    case InstanceState::kDegraded:
      return "degraded";
    case InstanceState::kLoginRequired:
      return "login_required";
    case InstanceState::kRateLimited:
      return "rate_limited";
    case InstanceState::kFailed:
      return "failed";
    case InstanceState::kStopped:
      return "stopped";
  }
  return "stopped";
}

namespace {

// What is needed to create an instance, from a configuration that is in order.
struct CheckedConfig {
  std::shared_ptr<Module> module;
  std::string config_json;
  std::shared_ptr<const HostRules> hosts;  // see InstanceSetup
};

// Also those that stand in the configuration in clear: no log shows them.
void register_secrets(const std::vector<std::string>& names, const nlohmann::json& settings) {
  for (std::string name : names) {
    std::replace(name.begin(), name.end(), '.', '/');
    const nlohmann::json::json_pointer place("/" + name);
    if (settings.contains(place) && settings[place].is_string()) {
      base::register_secret(settings[place].get<std::string>());
    }
  }
}

InstanceCounters with_earlier(InstanceCounters counters, const InstanceCounters& earlier) {
  counters.submitted += earlier.submitted;
  counters.stored += earlier.stored;
  counters.duplicates += earlier.duplicates;
  counters.refused += earlier.refused;
  counters.busy += earlier.busy;
  counters.malformed += earlier.malformed;
  counters.delivered += earlier.delivered;
  counters.failed += earlier.failed;
  counters.unknown += earlier.unknown;
  counters.requests += earlier.requests;
  counters.slow_calls += earlier.slow_calls;
  counters.violations += earlier.violations;
  return counters;
}

}  // namespace

struct AdapterHost::State {
  struct Entry {
    InstanceConfig config;
    Status problem;  // not ok: it cannot be created
    base::WallTime since;
    // Of an isolated one: a create() that hangs there holds up nobody else.
    std::unique_ptr<LoaderThread> loader;
    std::unique_ptr<Instance> instance;
    // Of an isolated one, which may have to be started again.
    CheckedConfig started_with;
    Restarts losses;
    std::uint64_t restarts = 0;
    InstanceCounters counted_before;  // by the instances that were lost
    std::unique_ptr<base::Timer> restart;
  };

  State(AdapterHostOptions host_options, AdapterHostServices host_services)
      : options(std::move(host_options)),
        services(std::move(host_services)),
        gate(std::make_shared<HostGate>(services)),
        loader(services.loop, gate, [this] { return executor("pb-loader"); }, loader_patience()) {}

  [[nodiscard]] std::unique_ptr<LoaderThread> make_loader(const std::string& name) {
    return std::make_unique<LoaderThread>(
        services.loop, gate, [this, name] { return executor(name); }, loader_patience());
  }
  // Longer than the gate of a module waits for calls under way, and a call may take.
  [[nodiscard]] base::Milliseconds loader_patience() const {
    return 2 * options.hung_call + std::chrono::seconds(2);
  }

  [[nodiscard]] std::unique_ptr<base::Executor> executor(const std::string& name) const {
    return services.make_executor ? services.make_executor(name)
                                  : std::make_unique<base::SingleThread>(name);
  }

  [[nodiscard]] Result<std::shared_ptr<Module>> module_of(const base::ChannelName& channel) const;
  [[nodiscard]] Result<CheckedConfig> checked(const InstanceConfig& config) const;
  void create(Entry& entry, CheckedConfig checked);
  void start(Entry& entry, CheckedConfig checked);
  RestartPlan plan_restart(Entry& entry);
  void restart(Entry& entry);
  [[nodiscard]] Instance* find(const base::InstanceName& name) const {
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : found->second.instance.get();
  }

  AdapterHostOptions options;
  AdapterHostServices services;
  std::shared_ptr<HostGate> gate;  // shared with everything that may outlive the host
  std::vector<PluginStatus> plugins;
  std::map<base::ChannelName, std::shared_ptr<Module>> modules;
  std::unique_ptr<WebhookServer> webhooks;
  std::function<void(const base::InstanceName&, const std::string&)> metadata;
  LoaderThread loader;
  std::map<base::InstanceName, Entry> entries;
  routing::InboundPort* inbound = nullptr;
  delivery::ChannelEvents* events = nullptr;
};

Result<std::shared_ptr<Module>> AdapterHost::State::module_of(
    const base::ChannelName& channel) const {
  if (const auto found = modules.find(channel); found != modules.end()) {
    return found->second;
  }
  for (const PluginStatus& plugin : plugins) {
    if (plugin.channel == channel.str() && !plugin.problem.ok()) {
      return plugin.problem.with_context("its adapter could not be loaded");
    }
  }
  std::vector<std::string_view> known;
  known.reserve(modules.size());
  for (const auto& [name, module] : modules) {
    known.push_back(name.str());
  }
  const auto nearest = base::nearest(channel.str(), known);
  return Status(Code::kNotFound,
                "there is no adapter for channel '" + channel.str() + "'" +
                    (nearest ? "; did you mean '" + std::string(*nearest) + "'?"
                             : "; put its .so and its sidecar into a plugin folder"));
}

Result<CheckedConfig> AdapterHost::State::checked(const InstanceConfig& config) const {
  if (!base::is_instance_name(config.name.str()) || !sdk::is_instance_name(config.name.str())) {
    return Status(Code::kInvalidArgument,
                  "its name is not [a-z0-9][a-z0-9-]{0,31}, or a reserved word: rename it");
  }
  CheckedConfig out;
  PATCHBAY_ASSIGN(out.module, module_of(config.channel));
  const Sidecar& sidecar = out.module->sidecar();
  auto settings = base::parse_json(config.settings_json.empty() ? "{}" : config.settings_json);
  if (!settings.ok()) {
    // Without the parser's text, which could quote a secret.
    return Status(Code::kInvalidArgument, "its settings are no JSON object");
  }
  PATCHBAY_ASSIGN(nlohmann::json applied, sidecar.settings.apply(*settings));
  register_secrets(sidecar.settings.secrets(), applied);
  auto hosts = std::make_shared<HostRules>();
  for (const std::string& host : sidecar.allowed_hosts) {
    hosts->add(host, RuleOf::kAuthor);
  }
  for (const std::string& host : config.allowed_hosts) {
    hosts->add(host, RuleOf::kOperator);
  }
  for (const std::string& url : sidecar.settings.urls(*settings)) {
    hosts->add_url(url, RuleOf::kOperator);
  }
  // Those that the operator left out are defaults, and so the author's.
  for (const std::string& url : sidecar.settings.urls(applied)) {
    hosts->add_url(url, RuleOf::kAuthor);
  }
  out.hosts = std::move(hosts);
  applied["instance"] = config.name.str();
  out.config_json = applied.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return out;
}

void AdapterHost::State::create(Entry& entry, CheckedConfig checked) {
  // The settings, secrets among them, are in one place only from now on.
  entry.config.settings_json.clear();
  if (webhooks) {
    webhooks->expect(entry.config.name);
  }
  if (entry.config.isolation == Isolation::kProcess) {
    entry.started_with = checked;
    entry.restart = std::make_unique<base::Timer>(services.loop);
    entry.loader = make_loader("pb-load-" + entry.config.name.str());
  } else if (Status opened = checked.module->open(); !opened.ok()) {
    entry.problem = opened.with_context("instance '" + entry.config.name.str() + "'");
    base::log_error("adapters.instance_refused", {{"reason", entry.problem.message()}});
    return;
  }
  start(entry, std::move(checked));
}

void AdapterHost::State::start(Entry& entry, CheckedConfig checked) {
  InstanceSetup setup{
      .name = entry.config.name,
      .channel = entry.config.channel,
      .config_json = std::move(checked.config_json),
      .hosts = std::move(checked.hosts),
      .module = checked.module,
      .options = options,
      .services = services,
      .gate = gate,
      .loader = entry.loader ? *entry.loader : loader,
      .webhooks = webhooks.get(),
      .inbound = *inbound,
      .events = *events,
      .metadata = metadata,
      .is_instance =
          [this](const std::string& name) { return entries.contains(base::InstanceName(name)); },
  };
  if (entry.config.isolation == Isolation::kProcess) {
    setup.isolated = RunnerOptions{.program = options.runner,
                                   .library = checked.module->path(),
                                   .channel = entry.config.channel.str(),
                                   .instance = entry.config.name.str(),
                                   .memory_bytes = entry.config.memory_bytes,
                                   .hung_call = options.hung_call};
    setup.lost = [this, &entry] { return plan_restart(entry); };
    // Calls of other instances of the adapter need not be kept apart from those of this one.
    setup.module = std::make_shared<Module>(checked.module->path(), checked.module->sidecar());
  }
  entry.instance = std::make_unique<Instance>(std::move(setup));
  entry.instance->start();
}

RestartPlan AdapterHost::State::plan_restart(Entry& entry) {
  const RestartPlan plan = entry.losses.lost(services.loop.now());
  entry.restart->arm(plan.delay, [this, &entry] { restart(entry); });
  return plan;
}

void AdapterHost::State::restart(Entry& entry) {
  if (!entry.instance->is_over()) {
    // A request that was cut is still to say whether anything had left.
    entry.restart->arm(limits::kRunnerRestart, [this, &entry] { restart(entry); });
    return;
  }
  ++entry.restarts;
  entry.counted_before = with_earlier(entry.instance->status().counters, entry.counted_before);
  entry.instance.reset();
  start(entry, entry.started_with);
}

AdapterHost::AdapterHost(AdapterHostOptions options, AdapterHostServices services)
    : state_(std::make_unique<State>(std::move(options), std::move(services))) {}

AdapterHost::~AdapterHost() {
  state_->entries.clear();
  state_->gate->shut();
}

const std::vector<PluginStatus>& AdapterHost::load_plugins() {
  const LoaderOptions options{
      .plugin_dirs = state_->options.plugin_dirs,
      .runner = state_->options.runner,
      .probe_cache = state_->options.data_dir.empty()
                         ? std::string()
                         : state_->options.data_dir + "/probed-adapters.json",
      .probe_timeout = state_->options.probe_timeout,
  };
  for (LoadOutcome& outcome : load_adapters(options)) {
    PluginStatus& plugin = state_->plugins.emplace_back();
    plugin.path = std::move(outcome.path);
    plugin.channel = std::move(outcome.channel);
    plugin.problem = std::move(outcome.problem);
    plugin.hidden_by = std::move(outcome.hidden_by);
    if (outcome.module) {
      plugin.version = outcome.module->sidecar().version;
      state_->modules[base::ChannelName(plugin.channel)] = std::move(outcome.module);
      base::log_info(
          "adapters.loaded",
          {{"channel", plugin.channel}, {"version", plugin.version}, {"path", plugin.path}});
    } else if (!plugin.problem.ok()) {
      base::log_error("adapters.not_loaded", {{"reason", plugin.problem.message()}});
    }
  }
  return state_->plugins;
}

const std::vector<PluginStatus>& AdapterHost::plugins() const { return state_->plugins; }

Status AdapterHost::check(const InstanceConfig& config) const {
  const auto checked = state_->checked(config);
  return checked.ok() ? Status()
                      : checked.status().with_context("instance '" + config.name.str() + "'");
}

Status AdapterHost::add_instance(InstanceConfig config) {
  Status problem = check(config);
  const base::InstanceName name = config.name;
  if (state_->entries.contains(name)) {
    return {Code::kAlreadyExists, "instance '" + name.str() + "' is there already"};
  }
  State::Entry& entry = state_->entries[name];
  entry.config = std::move(config);
  entry.problem = problem;
  entry.since = state_->services.loop.wall_now();
  if (!problem.ok()) {
    base::log_error("adapters.instance_refused", {{"reason", problem.message()}});
  } else if (state_->inbound != nullptr) {
    state_->create(entry, state_->checked(entry.config).value());
  }
  return entry.problem;
}

std::vector<std::string> AdapterHost::secret_settings(const base::ChannelName& channel) const {
  const auto module = state_->module_of(channel);
  return module.ok() ? (*module)->sidecar().settings.secrets() : std::vector<std::string>();
}

Status AdapterHost::start(routing::InboundPort& inbound, delivery::ChannelEvents& events) {
  state_->inbound = &inbound;
  state_->events = &events;
  Status problem;
  if (state_->options.webhooks && state_->services.sockets != nullptr) {
    auto server = WebhookServer::listen(*state_->services.sockets, *state_->options.webhooks);
    if (server.ok()) {
      state_->webhooks = std::move(*server);
    } else {
      problem = server.status();
      base::log_error("adapters.no_webhooks", {{"reason", problem.message()}});
    }
  }
  for (auto& [name, entry] : state_->entries) {
    if (entry.problem.ok() && !entry.instance) {
      state_->create(entry, state_->checked(entry.config).value());
    }
  }
  return problem;
}

void AdapterHost::stop(base::UniqueFunction<void()> stopped) {
  // Shared by the instances' completions; the last one calls it.
  struct Waiting {
    std::size_t instances = 1;  // and this function itself
    base::UniqueFunction<void()> stopped;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->stopped = std::move(stopped);
  const auto one_less = [waiting] {
    if (--waiting->instances == 0) {
      waiting->stopped();
    }
  };
  for (auto& [name, entry] : state_->entries) {
    if (entry.restart) {
      entry.restart->cancel();
    }
    if (entry.instance) {
      ++waiting->instances;
      entry.instance->stop(one_less);
    }
  }
  state_->services.loop.post(one_less);
}

std::vector<InstanceStatus> AdapterHost::status() const {
  std::vector<InstanceStatus> out;
  for (const auto& [name, entry] : state_->entries) {
    if (entry.instance) {
      InstanceStatus& status = out.emplace_back(entry.instance->status());
      status.isolation = entry.config.isolation;
      status.counters = with_earlier(status.counters, entry.counted_before);
      status.counters.restarts = entry.restarts;
      continue;
    }
    InstanceStatus& status = out.emplace_back();
    status.isolation = entry.config.isolation;
    status.name = name;
    status.channel = entry.config.channel;
    status.since = entry.since;
    if (!entry.problem.ok()) {
      status.state = InstanceState::kFailed;
      status.reason = entry.problem.message();
      status.user_action = "correct the configuration and restart Patchbay";
    }
  }
  return out;
}

std::uint16_t AdapterHost::webhook_port() const {
  return state_->webhooks ? state_->webhooks->port() : 0;
}

void AdapterHost::on_metadata(
    std::function<void(const base::InstanceName&, const std::string& fact)> listener) {
  state_->metadata = std::move(listener);
}

void AdapterHost::deliver(delivery::DeliveryRequest request,
                          base::UniqueFunction<void(delivery::AttemptOutcome)> done) {
  if (Instance* instance = state_->find(request.instance)) {
    instance->deliver(std::move(request), std::move(done));
    return;
  }
  delivery::AttemptOutcome outcome;
  outcome.outcome = delivery::OutcomeClass::kRetryable;
  outcome.code = PBAY_E_RETRY;
  outcome.sent_state = delivery::SentState::kNotSent;
  outcome.text = "there is no running instance '" + request.instance.str() + "'";
  state_->services.loop.post(
      [done = std::move(done), outcome = std::move(outcome)] { done(outcome); });
}

bool AdapterHost::is_connected(const base::InstanceName& instance) const {
  const InstanceState now = state(instance);
  return now == InstanceState::kOnline || now == InstanceState::kDegraded;
}

bool AdapterHost::is_paused(const base::InstanceName& instance) const {
  return state_->entries.contains(instance) && state(instance) != InstanceState::kOnline;
}

InstanceState AdapterHost::state(const base::InstanceName& instance) const {
  const auto found = state_->entries.find(instance);
  if (found == state_->entries.end()) {
    return InstanceState::kStopped;
  }
  if (found->second.instance) {
    return found->second.instance->state();
  }
  // One that is yet to be started is to come: what waits for it waits, and is not judged without
  // it.
  return found->second.problem.ok() ? InstanceState::kConnecting : InstanceState::kFailed;
}

void AdapterHost::limits(const base::InstanceName& instance, store::ChatKind kind,
                         const std::string& chat_id,
                         base::UniqueFunction<void(delivery::ChannelLimits)> done) {
  if (Instance* found = state_->find(instance)) {
    found->limits(kind, chat_id, std::move(done));
  } else {
    state_->services.loop.post([done = std::move(done)] { done({}); });
  }
}

void AdapterHost::show_typing(const base::InstanceName& instance, store::ChatKind kind,
                              const std::string& chat_id, const base::ThreadId& thread) {
  if (Instance* found = state_->find(instance)) {
    found->show_typing(kind, chat_id, thread);
  }
}

void AdapterHost::fetch(const base::InstanceName& instance, const std::string& reference,
                        base::UniqueFunction<void(Result<std::string>)> done) {
  if (Instance* found = state_->find(instance)) {
    found->fetch(reference, std::move(done));
    return;
  }
  state_->services.loop.post(
      [done = std::move(done),
       why = Status(Code::kUnavailable, "there is no running instance '" + instance.str() + "'")] {
        done(why);
      });
}

}  // namespace patchbay::adapters
