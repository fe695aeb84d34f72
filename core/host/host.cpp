#include "host/host.hpp"

#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "adapters/adapters.hpp"
#include "agents/process_runtime.hpp"
#include "agents/supervisor.hpp"
#include "attachments/mime_detector.hpp"
#include "attachments/spool.hpp"
#include "attachments/staging.hpp"
#include "base/event_loop.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/open_files.hpp"
#include "base/random.hpp"
#include "delivery/delivery.hpp"
#include "delivery/session_watcher.hpp"
#include "host/background_scan.hpp"
#include "host/client_commands.hpp"
#include "host/config_checks.hpp"
#include "host/control_methods.hpp"
#include "host/control_server.hpp"
#include "host/data_folder.hpp"
#include "host/first_steps.hpp"
#include "host/instance_lock.hpp"
#include "host/prompt_sizes.hpp"
#include "host/refusing_ports.hpp"
#include "host/session_runs.hpp"
#include "host/version.hpp"
#include "net/connector.hpp"
#include "net/http_client.hpp"
#include "net/service_notifier.hpp"
#include "routing/kept_files.hpp"
#include "routing/router.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr std::size_t kStorageThreads = 8;  // measured best on two cores: they wait for the disk
constexpr base::Milliseconds kHousekeeping{60'000};

std::filesystem::path programs_folder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

// Beside this program in a build tree, in libexec when installed.
std::string adapter_runner() {
  static constexpr const char* kName = "patchbay-adapter-runner";
  std::error_code error;
  const auto beside = programs_folder() / kName;
  if (std::filesystem::exists(beside, error)) {
    return beside.string();
  }
  return (programs_folder().parent_path() / "libexec" / "patchbay" / kName).string();
}

std::map<base::AgentGroupId, agents::AgentGroup> by_id(
    const std::vector<agents::AgentGroup>& groups) {
  std::map<base::AgentGroupId, agents::AgentGroup> result;
  for (const agents::AgentGroup& group : groups) {
    result.emplace(group.id, group);
  }
  return result;
}

delivery::DeliveryOptions delivery_options(const Config& config) {
  delivery::DeliveryOptions options;
  options.policy = config.delivery;
  for (const InstanceSettings& instance : config.instances) {
    if (instance.uncertain) {
      delivery::RetryPolicy policy = config.delivery;
      policy.uncertain = *instance.uncertain;
      options.policy_of_instance.emplace(instance.name, policy);
    }
  }
  return options;
}

// What may be meant so, and is rarely.
void log_doubts(const Config& config) {
  for (const std::string& missing : missing_programs(config)) {
    base::log_error("config.no_program", {{"reason", missing}});
  }
  for (const std::string& doubt : doubts_about(config)) {
    base::log_warning("config.doubtful", {{"reason", doubt}});
  }
}

adapters::AdapterHostOptions adapter_options(const Config& config) {
  adapters::AdapterHostOptions options;
  options.plugin_dirs = config.plugin_dirs;
  options.runner = adapter_runner();
  options.data_dir = config.data_dir;
  if (config.webhooks) {
    options.webhooks = adapters::WebhookListen{config.webhooks->address, config.webhooks->port,
                                               config.webhooks->public_url};
  }
  return options;
}

}  // namespace

class Host::Parts {
 public:
  Parts(Config configuration, ConfigOverrides given)
      : config(std::move(configuration)), overrides(std::move(given)), folder{config.data_dir} {}

  // What runs on the storage threads uses the parts: it ends before they go.
  ~Parts() { storage_threads.drain(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Status open();
  int run();

 private:
  Status open_storage();
  Status open_adapters();
  void start();
  void serve();
  // For the service manager.
  [[nodiscard]] std::string serving() const;
  void wait_for_signal();
  void on_signal(int signal);
  void reload();
  void shut_down();
  void keep_house();
  void beat();
  void give_up(const Status& why);

  // In the order of construction; each uses only what stands above it.
  Config config;
  ConfigOverrides overrides;
  DataFolder folder;
  std::optional<InstanceLock> lock;
  base::EventLoop loop;
  base::Random random{base::system_seed()};
  base::ThreadPool storage_threads{kStorageThreads, "pb-storage"};
  PromptSizes prompt_sizes;
  std::unique_ptr<store::CentralDatabase> database;
  std::unique_ptr<session::SessionStorage> sessions;
  std::unique_ptr<attachments::StagingArea> staging;
  // Shared with work on the storage threads.
  std::shared_ptr<const attachments::Spool> spool;
  std::shared_ptr<attachments::MimeDetector> mime =
      std::make_shared<attachments::MimeDetector>(loop);
  std::unique_ptr<net::HttpClient> http;
  std::unique_ptr<net::Connector> connector;
  std::unique_ptr<delivery::SessionWatcher> watcher;
  NoSystemActions system_actions;
  NoAgentMessages agent_messages;
  std::unique_ptr<adapters::AdapterHost> channels;
  std::unique_ptr<delivery::DeliveryService> deliveries;
  std::unique_ptr<routing::Router> router;
  std::unique_ptr<SessionRuns> runs;
  std::unique_ptr<agents::ProcessRuntime> runtime;
  std::unique_ptr<agents::Supervisor> supervisor;
  std::unique_ptr<BackgroundScan> scan;
  std::unique_ptr<ControlServer> control;
  std::optional<boost::asio::signal_set> signals;
  net::ServiceNotifier notifier = net::ServiceNotifier::from_environment();
  base::MonotonicTime started = loop.now();
  int exit_code = kExitDone;
  bool is_serving = false;
  bool reload_is_wanted = false;  // it was asked for before the host served
  bool stopping = false;
};

Host::Host(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Host::~Host() = default;

Result<std::unique_ptr<Host>> Host::open(Config config, ConfigOverrides overrides) {
  auto parts = std::make_unique<Parts>(std::move(config), std::move(overrides));
  PATCHBAY_TRY(parts->open());
  return std::unique_ptr<Host>(new Host(std::move(parts)));
}

int Host::run() { return parts_->run(); }

Status Host::Parts::open() {
  for (const std::string& secret : config.secrets) {
    base::register_secret(secret);
  }
  PATCHBAY_TRY(folder.create());
  PATCHBAY_ASSIGN(lock, InstanceLock::take(folder.root));
  std::optional<rlim_t> open_files;
  if (const auto before = base::raise_open_files(); before.ok()) {
    open_files = *before;
  } else {
    base::log_warning("host.few_open_files", {{"reason", before.status().message()}});
  }
  for (const agents::AgentGroup& group : config.agents) {
    PATCHBAY_TRY(agents::prepare_workspace(group));
  }
  PATCHBAY_TRY(open_storage());
  PATCHBAY_TRY(open_adapters());

  PATCHBAY_ASSIGN(auto compiled, routing::CompiledRouting::compile(config.routing));
  router = std::make_unique<routing::Router>(
      routing::RouterParts{loop,
                           storage_threads,
                           *database,
                           {sessions.get(), staging.get(), mime.get(), config.message_file_bytes},
                           random},
      std::move(compiled));
  router->set_files(*channels);
  channels->on_metadata([this](const base::InstanceName& instance, const std::string& fact) {
    router->take_fact(instance, fact);
  });
  runs = std::make_unique<SessionRuns>(loop, *database, *sessions, *router, *deliveries);

  runtime = std::make_unique<agents::ProcessRuntime>(loop, folder.agent_records(), open_files);
  PATCHBAY_ASSIGN(const int left_over, runtime->kill_leftovers());
  if (left_over > 0) {
    base::log_warning("agents.leftovers_ended", {{"agents", left_over}});
  }
  agents::Supervisor::Options options;
  options.running_agents = config.running_agents;
  options.logs_folder = folder.logs();
  options.session_folder = [root = folder.sessions()](const session::SessionAddress& session) {
    return root + "/" + session_name(session);
  };
  options.groups = by_id(config.agents);
  supervisor =
      std::make_unique<agents::Supervisor>(std::move(options), loop, *sessions, *runtime, *runs);
  sessions->on_work(
      [this](const session::SessionAddress& session, const session::SessionWork& work) {
        if (!work.damaged) {
          router->session_is_writable(session);
        }
        supervisor->on_work(session, work);
        if (!work.damaged && supervisor->state(session) == agents::RunState::kRunning) {
          runs->set_working(session, work.due > 0);
        }
      });
  deliveries->on_delivery([this](const store::DeliveryRecord& delivery) {
    supervisor->on_activity({delivery.agent, delivery.session});
  });
  scan = std::make_unique<BackgroundScan>(loop, *database, *sessions, *supervisor, *router);
  return {};
}

Status Host::Parts::open_storage() {
  store::set_up_sqlite();
  PATCHBAY_ASSIGN(database, store::CentralDatabase::open(folder.database(), loop));
  PATCHBAY_TRY(database->run([](store::Repositories& stored) -> Status {
    return stored.sessions.reconcile_stopped().status();
  }));
  session::SessionStorage::Options options;
  options.sessions_folder = folder.sessions();
  prompt_sizes.set(config.agents);
  options.messages_per_prompt_of = [this](const base::AgentGroupId& agent) {
    return prompt_sizes.of(agent);
  };
  PATCHBAY_ASSIGN(sessions,
                  session::SessionStorage::open(std::move(options), storage_threads, loop, loop));
  attachments::StagingOptions staging_options;
  staging_options.file_bytes = config.file_bytes;
  PATCHBAY_ASSIGN(staging, attachments::StagingArea::open(folder.staging(), staging_options));
  std::unordered_set<std::string> kept;
  PATCHBAY_TRY(database->run([&kept](store::Repositories& stored) -> Status {
    PATCHBAY_ASSIGN(kept, routing::kept_staging_names(stored));
    return {};
  }));
  PATCHBAY_TRY(staging->sweep(kept));
  PATCHBAY_ASSIGN(
      attachments::Spool opened,
      attachments::Spool::open(folder.spool(), {config.file_bytes, config.message_file_bytes}));
  spool = std::make_shared<const attachments::Spool>(std::move(opened));
  return {};
}

Status Host::Parts::open_adapters() {
  net::HttpClientOptions options;
  options.ca_file = config.ca_file;
  options.proxy = config.proxy;
  options.user_agent = std::string("patchbay/") + kVersion;
  PATCHBAY_ASSIGN(connector, net::Connector::make(loop, {options.ca_file, options.user_agent}));
  PATCHBAY_ASSIGN(http, net::make_http_client(loop, std::move(options)));
  PATCHBAY_ASSIGN(watcher,
                  delivery::make_inotify_watcher(loop, storage_threads, random, *sessions));
  channels = std::make_unique<adapters::AdapterHost>(
      adapter_options(config),
      adapters::AdapterHostServices{loop, storage_threads, random, *staging, http.get(),
                                    database.get(), &loop, connector.get()});
  channels->load_plugins();
  PATCHBAY_TRY(check_clear_secrets(config, *channels));
  log_doubts(config);
  for (const InstanceSettings& instance : config.instances) {
    // One that is refused is logged there and stays in the list as failed; the others start.
    static_cast<void>(channels->add_instance({instance.name, instance.channel,
                                              instance.settings_json, instance.allowed_hosts,
                                              instance.isolation, instance.memory_bytes}));
  }
  deliveries = std::make_unique<delivery::DeliveryService>(
      delivery::Dependencies{loop, storage_threads, random, *database, *sessions, *channels,
                             system_actions, agent_messages, *watcher, spool, mime},
      delivery_options(config));
  return {};
}

int Host::Parts::run() {
  wait_for_signal();
  loop.post([this] { start(); });
  loop.run();
  return exit_code;
}

// Deliveries first (they say what is still owed), then what waits in the intake, then the world.
void Host::Parts::start() {
  deliveries->start([this](const Status& delivering) {
    if (stopping) {
      return;
    }
    if (!delivering.ok()) {
      give_up(delivering);
      return;
    }
    const Status routing = router->start();
    if (!routing.ok()) {
      give_up(routing);
      return;
    }
    serve();
  });
}

void Host::Parts::serve() {
  // A listener that cannot be opened is logged there; the instances start all the same.
  static_cast<void>(channels->start(*router, deliveries->channel_events()));
  control = std::make_unique<ControlServer>();
  add_control_methods(
      *control, {loop, *database, *sessions, *channels, *supervisor, *runs, *deliveries, *router,
                 folder.root, config.running_agents, started});
  const Status listening = control->listen(loop, control_socket_path(folder.root));
  if (!listening.ok()) {
    give_up(listening);
    return;
  }
  scan->start();
  keep_house();
  beat();
  static_cast<void>(notifier.ready(serving()));
  const auto took = std::chrono::duration_cast<base::Milliseconds>(loop.now() - started);
  base::log_info("host.ready",
                 {{"data", folder.root}, {"config", config.source}, {"ms", took.count()}});
  if (overrides.file.empty()) {
    const std::string steps = first_steps((programs_folder() / "patchbay").string(), folder.root,
                                          overrides, config.agents.front(), *channels);
    std::fputs(steps.c_str(), stdout);
    std::fflush(stdout);
  }
  is_serving = true;
  if (reload_is_wanted) {
    reload();
  }
}

std::string Host::Parts::serving() const {
  return "serving " + std::to_string(config.instances.size()) + " instances";
}

void Host::Parts::wait_for_signal() {
  if (!signals) {
    signals.emplace(loop.context(), SIGTERM, SIGINT, SIGHUP);
  }
  signals->async_wait([this](boost::system::error_code error, int signal) {
    if (!error) {
      on_signal(signal);
      wait_for_signal();
    }
  });
}

void Host::Parts::on_signal(int signal) {
  if (signal == SIGHUP) {
    // What ends a reload tells the service manager that the host is ready.
    reload_is_wanted = !is_serving;
    if (is_serving && !stopping) {
      reload();
    }
  } else if (!stopping) {
    shut_down();
  } else {
    base::log_warning("host.stopped_at_once", {{"why", "a second signal"}});
    loop.stop();
  }
}

void Host::Parts::reload() {
  static_cast<void>(notifier.reloading());
  auto fresh = load_config(overrides);
  const Status usable = fresh.ok() ? check_clear_secrets(*fresh, *channels) : fresh.status();
  if (!usable.ok()) {
    base::log_error("config.not_reloaded", {{"error", usable.message()}});
  } else {
    for (const std::string& secret : fresh->secrets) {
      base::register_secret(secret);
    }
    log_doubts(*fresh);
    for (const std::string& fixed : keys_needing_restart(config, *fresh)) {
      base::log_warning("config.needs_restart", {{"key", fixed}});
    }
    for (const agents::AgentGroup& group : fresh->agents) {
      if (const Status prepared = agents::prepare_workspace(group); !prepared.ok()) {
        base::log_error("agent.workspace", {{"error", prepared.message()}});
      }
    }
    // load_config() has compiled it before.
    if (auto compiled = routing::CompiledRouting::compile(fresh->routing); compiled.ok()) {
      router->reconfigure(*std::move(compiled));
      runs->rewrite_routing();
    }
    config.agents = fresh->agents;
    config.log_level = fresh->log_level;
    supervisor->set_groups(by_id(config.agents));
    prompt_sizes.set(config.agents);
    base::set_log_level(config.log_level);
    base::log_info("config.reloaded", {{"config", config.source}});
  }
  static_cast<void>(notifier.ready(
      serving() + (usable.ok() ? "" : "; the changed configuration was refused, see the log")));
}

// Agents finish or are stopped, what they wrote is accepted and on its way, then the channels
// close.
void Host::Parts::shut_down() {
  stopping = true;
  base::log_info("host.stopping");
  static_cast<void>(notifier.stopping());
  scan->stop();
  supervisor->stop_all([this] {
    deliveries->stop(loop.now() + limits::kDeliveryDrain, [this] {
      channels->stop([this] {
        base::log_info("host.stopped");
        loop.stop();
      });
    });
  });
}

void Host::Parts::give_up(const Status& why) {
  base::log_error("host.not_started", {{"error", why.message()}});
  exit_code = kExitFailed;
  loop.stop();
}

void Host::Parts::keep_house() {
  mime->close_if_idle();
  loop.run_after(kHousekeeping, [this] { keep_house(); });
}

void Host::Parts::beat() {
  if (const auto interval = notifier.watchdog_interval()) {
    static_cast<void>(notifier.watchdog());
    loop.run_after(*interval, [this] { beat(); });
  }
}

}  // namespace patchbay::host
