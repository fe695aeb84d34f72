#include "adapters/instance.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "adapters/abi_text.hpp"
#include "adapters/for_ever.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Status;
using delivery::InstanceState;

std::int64_t monotonic_milliseconds(base::MonotonicTime time) {
  return std::chrono::duration_cast<base::Milliseconds>(time.time_since_epoch()).count();
}

namespace {

constexpr std::uint64_t kRefusalsLogged = 100;  // an adapter that tries for ever fills no log

// [any thread]
void report_taken(Bridge& bridge, base::UniqueFunction<void()> taken) {
  if (taken) {
    bridge.post_from_host([taken = std::move(taken)](Instance& /*instance*/) { taken(); });
  }
}

base::UniqueFunction<void()> reporter(std::shared_ptr<Bridge> bridge,
                                      base::UniqueFunction<void()> taken) {
  if (!taken) {
    return nullptr;
  }
  return [bridge = std::move(bridge), taken = std::move(taken)]() mutable {
    report_taken(*bridge, std::move(taken));
  };
}

DetailKind kind_of(const Completion& completion) {
  return completion.detail ? completion.detail->kind() : DetailKind::kNone;
}

// A detail's, as long as the call with it waits or runs. Goes in any thread.
class WaitingBytes {
 public:
  WaitingBytes(std::shared_ptr<std::atomic<std::size_t>> sum, const Detail* detail)
      : sum_(std::move(sum)), bytes_(detail == nullptr ? 0 : detail->bytes()) {
    *sum_ += bytes_;
  }
  ~WaitingBytes() {
    if (sum_) {
      *sum_ -= bytes_;
    }
  }
  WaitingBytes(WaitingBytes&&) noexcept = default;
  WaitingBytes& operator=(WaitingBytes&&) = delete;

 private:
  std::shared_ptr<std::atomic<std::size_t>> sum_;
  std::size_t bytes_;
};

// A runner that was ended and the thread that called its adapter. Goes in any thread, and waits for
// the kernel no longer than limits::kRunnerEnd: what is not over then is left to itself.
class Remains {
 public:
  Remains(std::shared_ptr<base::Executor> thread, std::shared_ptr<Runner> runner)
      : thread_(std::move(thread)), runner_(std::move(runner)) {}
  ~Remains() {
    if (runner_ && !runner_->await_end(limits::kRunnerEnd)) {
      keep_for_ever(std::move(thread_));
      keep_for_ever(std::move(runner_));
    }
    release();
  }
  Remains(const Remains&) = delete;
  Remains& operator=(const Remains&) = delete;

  // However long it takes. The call under way comes back; what it calls goes after it.
  void release() {
    thread_ = nullptr;
    runner_ = nullptr;
  }

 private:
  // Shared with nobody but, for a while, the create() that made the process.
  std::shared_ptr<base::Executor> thread_;
  std::shared_ptr<Runner> runner_;
};

}  // namespace

Instance::Instance(InstanceSetup setup)
    : setup_(std::move(setup)),
      bridge_(std::make_shared<Bridge>(setup_.gate, setup_.name, setup_.channel)),
      process_watch_(setup_.services.loop),
      timers_(*this),
      kv_(*this),
      staging_(*this),
      deliveries_(
          setup_.services.loop, setup_.name.str(),
          [this](pbay_op op) { cancel_host_operation(op); }, [this] { return bridge_->sends(); },
          [this]() -> bool { return setup_.isolated || bridge_->uses_network; }),
      http_(*this, deliveries_, setup_.hosts),
      listeners_(*this, setup_.options.data_dir + "/run",
                 [this](const std::string& name) { return setup_.is_instance(name); }),
      websockets_(*this, setup_.hosts),
      streams_(*this, setup_.hosts),
      webhooks_(*this, setup_.webhooks),
      submits_(*this, staging_, setup_.inbound),
      fetches_(*this, staging_, [this](pbay_op op) { cancel_host_operation(op); }) {
  status_.name = setup_.name;
  status_.channel = setup_.channel;
  status_.version = setup_.module->sidecar().version;
  status_.since = setup_.services.loop.wall_now();
  bridge_->connect(this);
}

Instance::~Instance() {
  const bool may_be_called = phase_ == Phase::kCreating || phase_ == Phase::kRunning ||
                             phase_ == Phase::kStopping || phase_ == Phase::kDestroying;
  bridge_->ignore();
  bridge_->connect(nullptr);
  if (stop_timer_ != 0) {
    setup_.services.loop.cancel(stop_timer_);
  }
  if (runner_) {
    runner_->end();
    const Remains remains(thread_ ? thread_->retire() : nullptr, std::move(runner_));
  } else if (may_be_called) {
    if (thread_) {
      thread_->abandon();
    }
    keep_for_ever(bridge_);
  }
  timers_.shut_down();
  http_.shut_down();
  webhooks_.shut_down();
}

// ---- life -------------------------------------------------------------------------------------

base::Milliseconds Instance::patience() const {
  // Calls of other instances that a create() waits for are given up before it is.
  return setup_.options.hung_call + std::chrono::seconds(1);
}

void Instance::start() {
  if (phase_ != Phase::kIdle) {
    return;
  }
  phase_ = Phase::kCreating;
  set_state(InstanceState::kConnecting, "starting", "");
  std::unique_ptr<base::Executor> executor;
  try {
    executor = setup_.services.make_executor
                   ? setup_.services.make_executor(setup_.name.str())
                   : std::make_unique<base::SingleThread>("pb-" + setup_.name.str());
  } catch (const std::system_error& error) {
    const std::string why = std::string("the system gives no thread for it: ") + error.what();
    if (setup_.isolated) {
      lose(why);
    } else {
      fail(why,
           "see what uses up the threads of Patchbay's user, or allow it more; then restart "
           "Patchbay");
    }
    return;
  }
  thread_ = std::make_unique<AdapterThread>(
      setup_.services.loop, bridge_, setup_.module, std::move(executor),
      CallLimits{setup_.options.slow_call, setup_.options.hung_call},
      [bridge = bridge_, patience = setup_.options.hung_call](const std::string& call) {
        if (bridge->instance() != nullptr) {
          bridge->instance()->abandon("a call of the adapter's " + call +
                                      " did not come back within " +
                                      std::to_string(patience.count()) + " ms");
        }
      });
  create();
}

void Instance::create() {
  // Shared with the loader thread, which may hang in it.
  auto created = std::make_shared<Created>();
  created->adapter.struct_size = sizeof(pbay_adapter);
  if (setup_.isolated) {
    runner_ = std::make_shared<Runner>(
        *setup_.isolated, RunnerEvents{.charge =
                                           [bridge = bridge_](std::shared_ptr<RunnerCharge> frame) {
                                             bridge->charge(std::move(frame));
                                           },
                                       .too_large =
                                           [bridge = bridge_](pbay_op op, FrameKind kind) {
                                             bridge->post([op, kind](Instance& instance) {
                                               instance.fail_as_too_large(op, kind);
                                             });
                                           },
                                       .lost =
                                           [bridge = bridge_](const std::string& why) {
                                             bridge->post_from_host(
                                                 [why](Instance& instance) { instance.lose(why); });
                                           }});
  }
  setup_.loader.run(
      [created, bridge = bridge_, module = setup_.module, runner = runner_,
       config = setup_.config_json, patience = patience()] {
        if (module->given_up()) {
          return;
        }
        module->calls().close(patience);
        created->code = runner
                            ? runner->create(bridge->host(), abi(config), &created->adapter)
                            : module->abi().create(&bridge->host(), abi(config), &created->adapter);
        module->calls().open();
      },
      [created, bridge = bridge_](bool finished) {
        if (bridge->instance() != nullptr) {
          bridge->instance()->on_created(finished, finished ? *created : Created{});
        }
      });
}

void Instance::on_created(bool finished, const Created& created) {
  if (phase_ != Phase::kCreating) {
    return;
  }
  if (!finished) {
    setup_.module->give_up();
    abandon("the adapter's create() did not come back");
    return;
  }
  if (setup_.module->given_up()) {
    fail("the adapter hung before, when an instance was created or destroyed", "restart Patchbay");
    return;
  }
  const pbay_adapter& made = created.adapter;
  const std::string said = bridge_->last_error();
  if (runner_ && created.code == PBAY_E_BUG) {
    // A process that ended by itself is told of on its own, with how it ended.
    if (!runner_->was_lost()) {
      lose(said.empty() ? "it could not be created" : said);
    }
    return;
  }
  if (created.code != PBAY_OK) {
    fail(said.empty() ? "the adapter refused its settings (code " + std::to_string(created.code) +
                            ") and did not say why"
                      : said,
         "correct the settings of instance " + setup_.name.str());
    return;
  }
  if (made.start == nullptr || made.stop == nullptr || made.destroy == nullptr ||
      made.deliver == nullptr || made.on_complete == nullptr || made.cancel == nullptr ||
      made.capabilities == nullptr) {
    const std::string why = "the adapter leaves out a function that it must have";
    if (made.destroy == nullptr) {
      fail(why, "get a working build of it");
      return;
    }
    set_state(InstanceState::kFailed, why, "get a working build of it");
    phase_ = Phase::kDestroying;
    destroy_adapter(made);
    return;
  }
  adapter_ = made;
  thread_->set_adapter(made);
  if (stop_requested_) {
    phase_ = Phase::kDestroying;
    destroy_adapter(adapter_);
    return;
  }
  phase_ = Phase::kRunning;
  if (runner_) {
    watch_process();
  }
  thread_->call("start", [](const pbay_adapter& adapter) { adapter.start(adapter.self); });
}

void Instance::stop(base::UniqueFunction<void()> ended) {
  on_ended_.push_back(std::move(ended));
  stop_requested_ = true;
  switch (phase_) {
    case Phase::kRunning:
      begin_stopping();
      break;
    case Phase::kCreating:
    case Phase::kStopping:
    case Phase::kDestroying:
      break;  // it ends by itself
    case Phase::kIdle:
    case Phase::kEnded:
    case Phase::kFailed:
    case Phase::kAbandoned:
      finish_stops();
      break;
  }
}

void Instance::begin_stopping() {
  phase_ = Phase::kStopping;
  const std::int64_t deadline = setup_.options.stop_deadline.count();
  thread_->call("stop",
                [deadline](const pbay_adapter& adapter) { adapter.stop(adapter.self, deadline); });
  stop_timer_ = setup_.services.loop.run_after(setup_.options.stop_deadline, [this] {
    stop_timer_ = 0;
    abandon("the adapter did not stop within " +
            std::to_string(setup_.options.stop_deadline.count()) + " ms");
  });
}

void Instance::adapter_stopped() {
  if (!answers()) {
    return;
  }
  const bool asked = phase_ == Phase::kStopping;
  if (stop_timer_ != 0) {
    setup_.services.loop.cancel(std::exchange(stop_timer_, 0));
  }
  phase_ = Phase::kDestroying;
  if (!asked) {
    set_state(InstanceState::kFailed, "the adapter stopped by itself",
              "see the log for the reason, then restart Patchbay");
  }
  end_everything("the instance has stopped");
  thread_->after_calls([bridge = bridge_] {
    if (Instance* self = bridge->instance();
        self != nullptr && self->phase_ == Phase::kDestroying) {
      self->destroy_adapter(self->adapter_);
    }
  });
}

void Instance::destroy_adapter(const pbay_adapter& adapter) {
  setup_.loader.run(
      [adapter, module = setup_.module, patience = patience()] {
        module->calls().close(patience);
        adapter.destroy(adapter.self);
        module->calls().open();
      },
      // The bridge, and so the host that the adapter knows, outlives destroy().
      [bridge = bridge_](bool finished) {
        if (bridge->instance() != nullptr) {
          bridge->instance()->on_destroyed(finished);
        }
      });
}

void Instance::on_destroyed(bool finished) {
  if (phase_ != Phase::kDestroying) {
    return;
  }
  if (!finished) {
    setup_.module->give_up();
    abandon("the adapter's destroy() did not come back");
    return;
  }
  bridge_->ignore();
  phase_ = Phase::kEnded;
  process_watch_.cancel();
  thread_.reset();
  if (status_.state != InstanceState::kFailed) {
    set_state(InstanceState::kStopped, "", "");
  }
  finish_stops();
}

void Instance::fail(const std::string& reason, const std::string& user_action) {
  phase_ = Phase::kFailed;
  bridge_->ignore();
  if (runner_) {
    runner_->end();
  }
  thread_.reset();
  set_state(InstanceState::kFailed, reason, user_action);
  finish_stops();
}

void Instance::abandon(const std::string& why) {
  if (phase_ == Phase::kEnded || phase_ == Phase::kFailed || phase_ == Phase::kAbandoned) {
    return;
  }
  if (runner_) {
    lose(why);
    return;
  }
  phase_ = Phase::kAbandoned;
  bridge_->ignore();
  thread_->abandon();
  keep_for_ever(bridge_);
  if (stop_timer_ != 0) {
    setup_.services.loop.cancel(std::exchange(stop_timer_, 0));
  }
  set_state(InstanceState::kFailed, why + "; it is not called any more",
            "restart Patchbay, and report it to the author of the adapter");
  end_everything(why);
  finish_stops();
}

void Instance::lose(const std::string& why) {
  if (phase_ == Phase::kEnded || phase_ == Phase::kFailed || phase_ == Phase::kAbandoned) {
    return;
  }
  phase_ = Phase::kAbandoned;
  bridge_->ignore();
  process_watch_.cancel();
  if (stop_timer_ != 0) {
    setup_.services.loop.cancel(std::exchange(stop_timer_, 0));
  }
  bury();
  end_everything(why);
  if (stop_requested_) {
    set_state(InstanceState::kStopped, why, "");
    finish_stops();
    return;
  }
  const RestartPlan plan = setup_.lost();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(plan.delay).count();
  set_state(plan.breaker_open ? InstanceState::kFailed : InstanceState::kConnecting,
            "the adapter's process was lost: " + why + "; it is started again in " +
                std::to_string(seconds) + " s",
            plan.breaker_open ? "see the log, and report it to the author of the adapter" : "");
}

// The process may take its time to die, which nobody but the loader's thread waits for; and so the
// next one is started when this one has gone.
void Instance::bury() {
  if (!runner_) {
    return;  // its thread could not be made
  }
  runner_->end();
  auto remains = std::make_shared<Remains>(thread_->retire(), std::move(runner_));
  setup_.services.loop.post([thread = std::move(thread_)] {});  // this may be its own watch
  setup_.loader.run([remains = std::move(remains)]() mutable { remains->release(); },
                    [](bool /*finished*/) {});
}

void Instance::lose_later(const std::string& why) {
  bridge_->ignore();
  bridge_->post_from_host([why](Instance& instance) { instance.lose(why); });
}

// What the watch over calls does not see.
void Instance::watch_process() {
  process_watch_.arm(limits::kRunnerWatch, [this] {
    if (const std::string why = excess(); !why.empty()) {
      lose(why);
    } else {
      watch_process();
    }
  });
}

// What it uses too much of; empty: nothing. A thread of its own may spin, and threads that do
// nothing use up those that the user may have.
std::string Instance::excess() {
  if (runner_->threads() > limits::kRunnerThreads) {
    return "it ran more than " + std::to_string(limits::kRunnerThreads) + " threads";
  }
  if (++looks_ < limits::kRunnerProcessorWindow / limits::kRunnerWatch) {
    return {};
  }
  looks_ = 0;
  const std::chrono::nanoseconds used = runner_->processor_time().value_or(processor_time_);
  if (used - std::exchange(processor_time_, used) <= limits::kRunnerProcessorTime) {
    return {};
  }
  return "it used more than " + std::to_string(limits::kRunnerProcessorTime.count()) +
         " s of processor time in " + std::to_string(limits::kRunnerProcessorWindow.count()) + " s";
}

bool Instance::is_over() const {
  return (phase_ == Phase::kAbandoned || phase_ == Phase::kEnded || phase_ == Phase::kFailed) &&
         !deliveries_.is_any_under_way();
}

void Instance::end_everything(const std::string& why) {
  operations_.clear();
  timers_.shut_down();
  http_.shut_down();
  listeners_.shut_down();
  websockets_.shut_down();
  streams_.shut_down();
  webhooks_.shut_down();
  submits_.shut_down();
  fetches_.end_all(why);
  staging_.shut_down();
  capabilities_.end_all();
  deliveries_.end_all(why);
}

void Instance::finish_stops() {
  for (base::UniqueFunction<void()>& ended : std::exchange(on_ended_, {})) {
    setup_.services.loop.post(std::move(ended));
  }
}

void Instance::set_state(InstanceState state, const std::string& reason,
                         const std::string& user_action, SaidBy said_by) {
  status_.state = state;
  status_.since = setup_.services.loop.wall_now();
  status_.reason = reason;
  status_.user_action = user_action;
  status_.login_code.clear();
  status_.login_code_is_qr = false;
  capabilities_.forget();
  const auto level =
      state == InstanceState::kFailed ? base::LogLevel::kError : base::LogLevel::kInfo;
  const std::initializer_list<base::LogField> fields = {{"instance", setup_.name.str()},
                                                        {"state", state_name(state)},
                                                        {"reason", reason},
                                                        {"action", user_action}};
  if (said_by == SaidBy::kAdapter) {
    bridge_->log_within_share(level, "adapter.state", fields);
  } else {
    base::log(level, "adapter.state", fields);
  }
  setup_.events.on_instance_state(setup_.name, state, reason);
}

InstanceStatus Instance::status() const {
  InstanceStatus out = status_;
  out.last_error = bridge_->last_error();
  submits_.add_to(out.counters);
  out.counters.delivered = deliveries_.delivered();
  out.counters.failed = deliveries_.failed();
  out.counters.unknown = deliveries_.unknown();
  out.counters.requests = http_.requests();
  out.counters.slow_calls = thread_ ? thread_->slow_calls() : 0;
  out.counters.violations = violations_;
  return out;
}

// ---- operations of the adapter ------------------------------------------------------------------

Status Instance::try_begin(pbay_op op, const char* what) {
  std::string problem;
  if (!answers()) {
    problem = " was asked for outside start() … stopped()";
  } else if (op == 0) {
    problem = " was asked for with operation id 0";
  } else if (operations_.contains(op)) {
    problem = " was asked for with the id of an operation under way";
  }
  if (!problem.empty()) {
    problem.insert(0, what);
    violation(problem);
    return {Code::kInvalidArgument, std::move(problem)};
  }
  if (operations_.size() >= limits::kAdapterOperations) {
    return {Code::kBusy, "too many operations are under way"};
  }
  const std::shared_ptr<RunnerCharge>& charge = bridge_->serving();
  if (charge != nullptr && !charge->hold()) {
    return {Code::kBusy, "the operations under way hold too many bytes or files"};
  }
  operations_.emplace(op, charge);
  return {};
}

void Instance::fail_as_too_large(pbay_op op, FrameKind kind) {
  const Status why = too_large_to_pass();
  Completion completion = kind == FrameKind::kHttpRequest ? http_refusal(why) : completion_of(why);
  completion.value = kind == FrameKind::kSubmit ? PBAY_NOT_STORED : 0;
  refuse(op, "what is too large to pass", std::move(completion));
}

void Instance::complete(pbay_op op, Completion completion) {
  complete_then(op, std::move(completion), nullptr);
}

void Instance::complete_then(pbay_op op, Completion completion,
                             base::UniqueFunction<void()> taken) {
  if (operations_.erase(op) != 0) {
    call_on_complete(op, std::move(completion), std::move(taken));
  }
}

void Instance::complete_open(pbay_op op, Completion completion) {
  if (operations_.contains(op)) {
    call_on_complete(op, std::move(completion), nullptr);
  }
}

// An isolated adapter can have calls made faster than it takes them.
bool Instance::may_queue_calls() {
  if (!answers() || bridge_->ignored()) {
    return false;
  }
  if (runner_ && thread_->waiting() >= limits::kRunnerQueuedCalls) {
    lose_later("more than " + std::to_string(limits::kRunnerQueuedCalls) +
               " calls waited for it, most of them answers to what it asked for");
    return false;
  }
  if (runner_ && *waiting_bytes_ > limits::kRunnerHeldBytes) {
    lose_later("more than " + std::to_string(limits::kRunnerHeldBytes >> 20U) +
               " MiB of answers to what it asked for waited for it");
    return false;
  }
  return true;
}

void Instance::call_on_complete(pbay_op op, Completion completion,
                                base::UniqueFunction<void()> taken) {
  if (!may_queue_calls()) {
    return;
  }
  WaitingBytes waiting(waiting_bytes_, completion.detail.get());
  // The runner outlives the thread.
  thread_->call("on_complete",
                [op, waiting = std::move(waiting), completion = std::move(completion),
                 taken = std::move(taken), runner = runner_.get(),
                 bridge = bridge_](const pbay_adapter& adapter) mutable {
                  pbay_completion abi_completion{};
                  abi_completion.struct_size = sizeof(pbay_completion);
                  abi_completion.code = completion.code;
                  abi_completion.value = completion.value;
                  abi_completion.text = abi(completion.text);
                  abi_completion.detail = completion.detail ? completion.detail->abi() : nullptr;
                  if (runner != nullptr) {
                    runner->on_complete(op, kind_of(completion), abi_completion,
                                        reporter(bridge, std::move(taken)));
                  } else {
                    // What the adapter asks for from inside the call comes after this.
                    report_taken(*bridge, std::move(taken));
                    adapter.on_complete(adapter.self, op, &abi_completion);
                  }
                });
}

void Instance::emit(pbay_op op, std::unique_ptr<Detail> detail,
                    base::UniqueFunction<void()> taken) {
  if (!operations_.contains(op) || !may_queue_calls()) {
    return;
  }
  WaitingBytes waiting(waiting_bytes_, detail.get());
  thread_->call("on_event", [op, waiting = std::move(waiting), detail = std::move(detail),
                             taken = std::move(taken), runner = runner_.get(),
                             bridge = bridge_](const pbay_adapter& adapter) mutable {
    if (adapter.on_event != nullptr && runner != nullptr) {
      runner->on_event(op, detail->kind(), detail->abi());
    } else if (adapter.on_event != nullptr) {
      adapter.on_event(adapter.self, op, detail->abi());
    }
    report_taken(*bridge, std::move(taken));
  });
}

void Instance::host_refused(const Status& why) {
  if (++refusals_ > kRefusalsLogged) {
    return;
  }
  base::log_warning("adapter.host_refused",
                    {{"instance", setup_.name.str()}, {"reason", why.message()}});
  if (refusals_ == kRefusalsLogged) {
    base::log_warning(
        "adapter.host_refused",
        {{"instance", setup_.name.str()}, {"reason", "so many that further ones are not logged"}});
  }
}

void Instance::violation(std::string_view what) {
  ++violations_;
  bridge_->log_within_share(base::LogLevel::kWarning, "adapter.contract_broken",
                            {{"instance", setup_.name.str()}, {"what", what}});
}

}  // namespace patchbay::adapters
