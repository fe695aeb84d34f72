// One configured account: its adapter's instance, from create() to destroy(), and everything that
// is under way between the two.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <patchbay/adapter.h>

#include "adapters/adapter_thread.hpp"
#include "adapters/adapters.hpp"
#include "adapters/bridge.hpp"
#include "adapters/capability_cache.hpp"
#include "adapters/delivery_table.hpp"
#include "adapters/extension_owner.hpp"
#include "adapters/fetch_table.hpp"
#include "adapters/host_rules.hpp"
#include "adapters/http_extension.hpp"
#include "adapters/isolation/runner.hpp"
#include "adapters/kv_extension.hpp"
#include "adapters/listener_extension.hpp"
#include "adapters/loader_thread.hpp"
#include "adapters/restarts.hpp"
#include "adapters/staging_extension.hpp"
#include "adapters/stream_extension.hpp"
#include "adapters/submit_queue.hpp"
#include "adapters/timer_extension.hpp"
#include "adapters/webhook_extension.hpp"
#include "adapters/websocket_extension.hpp"
#include "base/timer.hpp"

namespace patchbay::adapters {

// What an instance is made of. Everything that is referred to outlives it.
struct InstanceSetup {
  base::InstanceName name;
  base::ChannelName channel;
  std::string config_json;                 // checked, with defaults and the instance's name
  std::shared_ptr<const HostRules> hosts;  // shared with requests, which may outlive the instance
  std::shared_ptr<Module> module;          // shared by the instances of a channel
  const AdapterHostOptions& options;
  const AdapterHostServices& services;
  std::shared_ptr<HostGate> gate;  // shared by all that may outlive the host
  LoaderThread& loader;
  WebhookServer* webhooks;  // null: none
  routing::InboundPort& inbound;
  delivery::ChannelEvents& events;
  const std::function<void(const base::InstanceName&, const std::string&)>& metadata;
  std::function<bool(const std::string& name)> is_instance;  // whether there is one of that name
  std::optional<RunnerOptions> isolated = {};                // it runs in a process of its own
  // That process was lost: what happens next. The object goes soon after, when it is_over().
  std::function<RestartPlan()> lost = {};
};

struct ReportedState {
  std::uint32_t state = PBAY_STATE_CONNECTING;
  std::string reason;
  std::string user_action;
  std::string login_code;
  bool login_code_is_qr = false;
};

struct PartReport {
  pbay_op delivery_op = 0;
  std::uint32_t part = 0;
  std::string remote_id;
  std::string cursor;
  bool too_large = false;
};

[[nodiscard]] std::int64_t monotonic_milliseconds(base::MonotonicTime time);

// [core thread] all of it.
class Instance final : public ExtensionOwner {
 public:
  explicit Instance(InstanceSetup setup);
  // An instance that has not ended is abandoned.
  ~Instance() override;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  void start();
  // `ended` comes once, soon after the deadline at the latest.
  void stop(base::UniqueFunction<void()> ended);

  // Nothing of it is under way any more, and nothing will be.
  [[nodiscard]] bool is_over() const;

  [[nodiscard]] InstanceStatus status() const;
  [[nodiscard]] delivery::InstanceState state() const { return status_.state; }

  void deliver(delivery::DeliveryRequest request,
               base::UniqueFunction<void(delivery::AttemptOutcome)> done);
  void limits(store::ChatKind kind, const std::string& chat_id,
              base::UniqueFunction<void(delivery::ChannelLimits)> done);
  void show_typing(store::ChatKind kind, const std::string& chat_id, const base::ThreadId& thread);
  void fetch(const std::string& reference,
             base::UniqueFunction<void(base::Result<std::string>)> done);

  // What the adapter says (host_table.cpp).
  void report_state(const ReportedState& state);
  void report_part(pbay_op op, const PartReport& report);
  void part_recorded(pbay_op op, pbay_op delivery_op, std::uint32_t part, bool stored);
  void complete_for_host(pbay_op op, delivery::AttemptOutcome outcome);
  void report_late(const std::string& remote_id, const std::string& key, bool failed,
                   const std::string& reason);
  void report_fact(const std::string& fact_json);
  void report_reachable(const base::ChatKey& chat);
  void adapter_stopped();

  [[nodiscard]] TimerExtension& timers() { return timers_; }
  [[nodiscard]] KvExtension& kv() { return kv_; }
  [[nodiscard]] StagingExtension& staging() { return staging_; }
  [[nodiscard]] HttpExtension& http() { return http_; }
  [[nodiscard]] ListenerExtension& listeners() { return listeners_; }
  [[nodiscard]] WebSocketExtension& websockets() { return websockets_; }
  [[nodiscard]] StreamExtension& streams() { return streams_; }
  [[nodiscard]] WebhookExtension& webhooks() { return webhooks_; }
  [[nodiscard]] SubmitQueue& submits() { return submits_; }

  // ExtensionOwner
  base::Status try_begin(pbay_op op, const char* what) override;
  void turn_away(pbay_op op, Completion why, base::UniqueFunction<void()> taken) override {
    call_on_complete(op, std::move(why), std::move(taken));
  }
  void complete(pbay_op op, Completion completion) override;
  void complete_then(pbay_op op, Completion completion,
                     base::UniqueFunction<void()> taken) override;
  void complete_open(pbay_op op, Completion completion) override;
  void emit(pbay_op op, std::unique_ptr<Detail> detail,
            base::UniqueFunction<void()> taken) override;
  void end(pbay_op op) override { operations_.erase(op); }
  void host_refused(const base::Status& why) override;
  void violation(std::string_view what) override;
  Bridge& bridge() override { return *bridge_; }
  const AdapterHostServices& services() const override { return setup_.services; }

 private:
  enum class Phase {
    kIdle,
    kCreating,
    kRunning,
    kStopping,    // stop() was called, stopped() is awaited
    kDestroying,  // stopped() has come
    kEnded,
    kFailed,     // it could not be created
    kAbandoned,  // never called again, or its process was lost
  };
  struct Created {
    std::int32_t code = PBAY_E_BUG;
    pbay_adapter adapter{};
  };

  void create();
  void on_created(bool finished, const Created& created);
  void begin_stopping();
  void destroy_adapter(const pbay_adapter& adapter);
  void on_destroyed(bool finished);
  void fail(const std::string& reason, const std::string& user_action);
  void abandon(const std::string& why);
  void lose(const std::string& why);
  void watch_process();
  [[nodiscard]] std::string excess();
  void bury();
  void lose_later(const std::string& why);
  void end_everything(const std::string& why);
  void finish_stops();
  enum class SaidBy { kHost, kAdapter };
  void set_state(delivery::InstanceState state, const std::string& reason,
                 const std::string& user_action, SaidBy said_by = SaidBy::kHost);
  [[nodiscard]] bool answers() const {
    return phase_ == Phase::kRunning || phase_ == Phase::kStopping;
  }
  [[nodiscard]] base::Milliseconds patience() const;
  void call_on_complete(pbay_op op, Completion completion, base::UniqueFunction<void()> taken);
  [[nodiscard]] bool may_queue_calls();
  void fail_as_too_large(pbay_op op, FrameKind kind);
  void cancel_host_operation(pbay_op op);

  InstanceSetup setup_;
  std::shared_ptr<Bridge> bridge_;  // shared with what is under way, which may outlive the instance
  Phase phase_ = Phase::kIdle;
  InstanceStatus status_;
  pbay_adapter adapter_{};
  std::unique_ptr<AdapterThread> thread_;
  // Of an isolated instance; shared with create(), which may be under way when the instance goes.
  std::shared_ptr<Runner> runner_;
  base::Timer process_watch_;
  int looks_ = 0;                               // of the watch, within a window of processor time
  std::chrono::nanoseconds processor_time_{0};  // at the beginning of that
  // Details that wait for an isolated adapter's thread; shared with its calls, which may outlive
  // this object.
  std::shared_ptr<std::atomic<std::size_t>> waiting_bytes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  // The adapter's, under way, each with the charge of the frame that began it, which its task
  // shares; null in the daemon.
  std::unordered_map<pbay_op, std::shared_ptr<RunnerCharge>> operations_;
  pbay_op last_host_op_ = 0;
  bool stop_requested_ = false;
  base::TimerId stop_timer_ = 0;
  std::vector<base::UniqueFunction<void()>> on_ended_;
  std::uint64_t violations_ = 0;
  std::uint64_t refusals_ = 0;  // of hosts

  TimerExtension timers_;
  KvExtension kv_;
  StagingExtension staging_;
  DeliveryTable deliveries_;
  HttpExtension http_;
  ListenerExtension listeners_;
  WebSocketExtension websockets_;
  StreamExtension streams_;
  WebhookExtension webhooks_;
  SubmitQueue submits_;
  FetchTable fetches_;
  CapabilityCache capabilities_;
};

}  // namespace patchbay::adapters
