#include "adapters/adapter_thread.hpp"

#include <atomic>
#include <optional>
#include <utility>

#include "adapters/for_ever.hpp"
#include "base/log.hpp"

namespace patchbay::adapters {
namespace {

// A watch that comes this late says that the process was stopped, or the machine overloaded.
constexpr std::chrono::seconds kWatchLate{1};

}  // namespace

struct AdapterThread::Shared {
  std::shared_ptr<Bridge> bridge;
  std::shared_ptr<Module> module;  // shared by its instances
  base::Milliseconds slow;
  pbay_adapter adapter{};
  std::atomic<bool> abandoned{false};
  std::atomic<bool> in_module{false};   // counted in the module's call gate
  std::atomic<std::size_t> waiting{0};  // calls asked for and not yet over
  std::atomic<std::int64_t> began{0};   // of the call under way, steady nanoseconds; 0: none
  std::atomic<const char*> what{""};
  std::atomic<std::uint64_t> slow_calls{0};

  [[nodiscard]] std::optional<base::MonotonicTime> now() const {
    std::optional<base::MonotonicTime> out;
    bridge->gate().with([&out](const AdapterHostServices& services) { out = services.loop.now(); });
    return out;
  }

  bool enter() {
    if (abandoned) {
      return false;
    }
    module->calls().enter();
    in_module = true;
    if (!abandoned) {
      return true;
    }
    leave();
    return false;
  }
  // By whoever is first: the call that comes back, or the core thread that gives it up.
  void leave() {
    if (in_module.exchange(false)) {
      module->calls().leave();
    }
  }

  void run(const char* call_name, const base::UniqueFunction<void(const pbay_adapter&)>& body) {
    if (!enter()) {
      return;
    }
    const auto start = now();
    what = call_name;
    began = start ? start->time_since_epoch().count() : 0;
    body(adapter);
    began = 0;
    leave();
    const auto end = now();
    if (start && end && *end - *start > slow && !abandoned) {
      ++slow_calls;
      bridge->log_within_share(
          base::LogLevel::kWarning, "adapter.slow_call",
          {{"instance", bridge->name().str()},
           {"call", call_name},
           {"ms", std::chrono::duration_cast<base::Milliseconds>(*end - *start).count()},
           {"limit_ms", slow.count()}});
    }
  }
};

AdapterThread::AdapterThread(base::Loop& loop, std::shared_ptr<Bridge> bridge,
                             std::shared_ptr<Module> module,
                             std::unique_ptr<base::Executor> executor, CallLimits limits,
                             base::UniqueFunction<void(const std::string& call)> hung)
    : loop_(loop),
      shared_(std::make_shared<Shared>()),
      executor_(std::move(executor)),
      hung_(std::move(hung)),
      hung_after_(limits.hung) {
  shared_->bridge = std::move(bridge);
  shared_->module = std::move(module);
  shared_->slow = limits.slow;
}

AdapterThread::~AdapterThread() {
  if (watch_ != 0) {
    loop_.cancel(watch_);
  }
  shared_->abandoned = true;  // what is still queued is not called
}

void AdapterThread::set_adapter(const pbay_adapter& adapter) { shared_->adapter = adapter; }

void AdapterThread::call(const char* name, base::UniqueFunction<void(const pbay_adapter&)> body) {
  if (abandoned_) {
    return;
  }
  ++shared_->waiting;
  executor_->post([shared = shared_, name, body = std::move(body)] {
    shared->run(name, body);
    --shared->waiting;
  });
  watch();
}

void AdapterThread::after_calls(base::UniqueFunction<void()> done) {
  if (abandoned_) {
    return;
  }
  executor_->post([bridge = shared_->bridge, done = std::move(done)]() mutable {
    bridge->gate().post(std::move(done));
  });
}

void AdapterThread::abandon() {
  if (abandoned_) {
    return;
  }
  abandoned_ = true;
  shared_->abandoned = true;
  shared_->leave();
  keep_for_ever(shared_);
  keep_for_ever(executor_);
}

std::shared_ptr<base::Executor> AdapterThread::retire() {
  if (abandoned_) {
    return nullptr;
  }
  abandoned_ = true;
  shared_->abandoned = true;
  if (watch_ != 0) {
    loop_.cancel(std::exchange(watch_, 0));
  }
  return std::move(executor_);
}

std::size_t AdapterThread::waiting() const { return shared_->waiting; }

std::uint64_t AdapterThread::slow_calls() const { return shared_->slow_calls; }

// A timer only while something is called: an idle instance costs nothing.
void AdapterThread::watch() {
  if (watch_ == 0) {
    watch_until(loop_.now() + hung_after_);
  }
}

void AdapterThread::watch_until(base::MonotonicTime when) {
  watch_due_ = when;
  watch_ = loop_.run_at(when, [this] { on_watch(); });
}

void AdapterThread::on_watch() {
  watch_ = 0;
  if (abandoned_ || shared_->waiting == 0) {
    return;
  }
  const base::MonotonicTime now = loop_.now();
  if (now - watch_due_ > kWatchLate) {
    watch();  // the whole process stood still, not the adapter
    return;
  }
  const std::int64_t began = shared_->began;
  const char* what = shared_->what;
  const base::MonotonicTime start{base::MonotonicTime::duration(began)};
  if (began != 0 && now - start >= hung_after_) {
    hung_(what);
    return;
  }
  watch_until((began != 0 ? start : now) + hung_after_);
}

}  // namespace patchbay::adapters
