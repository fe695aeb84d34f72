// Runtime: the bookkeeping under an adapter. Which coroutine waits for which operation, which tasks
// run, and how all of them come to an end. Adapter authors meet only `Stopped`.
//
// Everything here belongs to the instance's thread. There are no locks.
#ifndef PATCHBAY_SDK_RUNTIME_HPP
#define PATCHBAY_SDK_RUNTIME_HPP

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "abi.hpp"
#include "result.hpp"
#include "task.hpp"
#include "utf8.hpp"

namespace patchbay::sdk {

// Thrown out of a co_await when the instance stops and what was awaited will not come: a timer, a
// request outside a delivery, an event. It only unwinds the coroutine; the SDK catches it. A loop
// therefore needs no check for the end. Do not swallow it in a catch (...).
struct Stopped {};

// How far the end has come. Deliveries may finish while the instance is draining.
enum class Phase { kRunning, kDraining, kEnding };

// One operation of ours that the host has not completed yet.
class Pending {
 public:
  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  // Called once. May resume a coroutine, and so destroy this object.
  virtual void completed(const pbay_completion& completion) = 0;
  // Whether it has to go when the instance has come to this phase.
  [[nodiscard]] virtual bool ends_in(Phase phase) const noexcept = 0;
  // Asks the host to cancel it; completed() still comes.
  virtual void cancel(const pbay_host* host, pbay_op op) noexcept = 0;
  // The delivery that it serves; 0: none.
  [[nodiscard]] virtual pbay_op delivery_op() const noexcept { return 0; }

 protected:
  ~Pending() = default;
};

// What gets the events of a long-lived operation, and hears of the end.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;

  // detail: the struct of the extension, valid during the call.
  virtual void event(const void* detail) = 0;
  // The instance stops: close what is open, wake up who waits.
  virtual void stop() = 0;

 protected:
  ~EventSink() = default;
};

class Runtime {
 public:
  explicit Runtime(const pbay_host* host) noexcept : host_(host) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime() { drop_tasks(); }

  [[nodiscard]] const pbay_host* host() const noexcept { return host_; }
  [[nodiscard]] Phase phase() const noexcept { return phase_; }

  // An extension of the host, or NULL when it has none of that name. A host older than these
  // headers may lack what was appended to the table: such a function is NULL. Valid as long as the
  // runtime.
  template <class Extension>
  [[nodiscard]] const Extension* extension(const char* id) {
    const auto* found = static_cast<const Extension*>(host_->get_extension(host_, id));
    if (found == nullptr || found->struct_size < kFirstSize<Extension>) {
      return nullptr;
    }
    if (found->struct_size >= sizeof(Extension)) {
      return found;
    }
    std::shared_ptr<const void>& whole = shorter_tables_[found];
    if (whole == nullptr) {
      whole = std::make_shared<const Extension>(*Known<Extension>(*found));
    }
    return static_cast<const Extension*>(whole.get());
  }

  // A newline within becomes a space: a log line is one line.
  void log(std::uint32_t level, std::string_view message) const noexcept {
    if (message.find('\n') == std::string_view::npos) {
      host_->log(host_, level, to_abi(message));
      return;
    }
    try {
      std::string line(message);
      std::replace(line.begin(), line.end(), '\n', ' ');
      host_->log(host_, level, to_abi(line));
    } catch (...) {
      host_->log(host_, level, to_abi("a line was lost: no memory"));
    }
  }

  // ---- operations of ours ----

  [[nodiscard]] pbay_op begin(Pending* pending) {
    const pbay_op op = ++last_op_;
    pending_.emplace(op, pending);
    return op;
  }
  // Nobody waits any more; the completion is awaited, and dropped.
  void abandon(pbay_op op) noexcept {
    const auto found = pending_.find(op);
    if (found != pending_.end() && found->second != nullptr) {
      found->second->cancel(host_, op);
      found->second = nullptr;
    }
  }
  void complete(pbay_op op, const pbay_completion& completion) {
    const auto found = pending_.find(op);
    if (found == pending_.end()) {
      log(PBAY_LOG_WARNING,
          "the host completed operation " + std::to_string(op) + ", which is not pending; ignored");
      return;
    }
    Pending* pending = found->second;
    pending_.erase(found);
    if (pending != nullptr) {
      pending->completed(completion);
    }
  }
  void cancel_requests_of(pbay_op delivery) {
    cancel_if([delivery](const Pending& pending) { return pending.delivery_op() == delivery; });
  }

  // ---- long-lived operations ----

  void add_sink(EventSink* sink) { sinks_.insert(sink); }
  void remove_sink(EventSink* sink) noexcept {
    sinks_.erase(sink);
    std::erase_if(routes_, [sink](const auto& route) { return route.second == sink; });
  }
  void route(pbay_op op, EventSink* sink) { routes_[op] = sink; }
  void unroute(pbay_op op) noexcept { routes_.erase(op); }
  void event(pbay_op op, const void* detail) {
    const auto found = routes_.find(op);
    if (found != routes_.end()) {  // else: closed in the meantime
      found->second->event(detail);
    }
  }

  // ---- tasks ----

  // Runs a task until it ends. What it throws is logged as a bug and, if `failed` is given, told.
  using Failed = void (*)(void* context, std::string_view name, std::string_view what);
  void spawn(std::string name, Task<> task, Failed failed = nullptr, void* context = nullptr) {
    detail::run(root(*this, std::move(name), std::move(task), failed, context).handle);
  }
  [[nodiscard]] bool has_tasks() const noexcept { return !roots_.empty(); }

  // Destroys the tasks that have not ended, and with them what they wait for.
  void drop_tasks() noexcept {
    while (!roots_.empty()) {
      std::coroutine_handle<>::from_address(*roots_.begin()).destroy();
    }
  }

  // ---- the end ----

  void advance(Phase phase) {
    phase_ = phase;
    const std::vector<EventSink*> sinks(sinks_.begin(), sinks_.end());
    for (EventSink* sink : sinks) {
      if (sinks_.contains(sink)) {
        sink->stop();
      }
    }
    cancel_if([phase](const Pending& pending) { return pending.ends_in(phase); });
  }
  // No task runs, and the host owes us nothing.
  [[nodiscard]] bool idle() const noexcept { return roots_.empty() && pending_.empty(); }

  // ---- what is known about a delivery that gets no proper result ----

  void delivery_begins(pbay_op op) { may_have_left_[op] = false; }
  void delivery_ends(pbay_op op) noexcept { may_have_left_.erase(op); }
  // Returns what was known before.
  bool set_may_have_left(pbay_op op, bool may_have_left) noexcept {
    const auto found = may_have_left_.find(op);
    return found != may_have_left_.end() && std::exchange(found->second, may_have_left);
  }
  [[nodiscard]] bool may_have_left(pbay_op op) const noexcept {
    const auto found = may_have_left_.find(op);
    return found != may_have_left_.end() && found->second;
  }

 private:
  struct Root {
    struct promise_type {
      Runtime& runtime;

      promise_type(Runtime& owner, const std::string&, const Task<>&, Failed, void*)
          : runtime(owner) {
        runtime.roots_.insert(address());
      }
      ~promise_type() { runtime.roots_.erase(address()); }
      promise_type(const promise_type&) = delete;
      promise_type& operator=(const promise_type&) = delete;

      [[nodiscard]] void* address() noexcept {
        return std::coroutine_handle<promise_type>::from_promise(*this).address();
      }
      Root get_return_object() noexcept {
        return Root{std::coroutine_handle<promise_type>::from_promise(*this)};
      }
      [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
      [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() const noexcept {}  // root() catches everything
    };
    std::coroutine_handle<> handle;
  };

  static Root root(Runtime& runtime, std::string name, Task<> task, Failed failed, void* context) {
    std::string what;
    try {
      co_await std::move(task);
    } catch (const Stopped&) {  // NOLINT(bugprone-empty-catch): it was told to stop, and does
    } catch (const std::exception& error) {
      what = words_of(error);
      what = what.empty() ? "an exception without words" : what;
    } catch (...) {
      what = "an unknown exception";
    }
    if (!what.empty()) {
      runtime.log(PBAY_LOG_ERROR, "bug in the adapter: task '" + name + "' ended by: " + what);
      if (failed != nullptr) {
        failed(context, name, what);
      }
    }
  }

  template <class Chosen>
  void cancel_if(Chosen chosen) {
    std::vector<pbay_op> ops;
    for (const auto& [op, pending] : pending_) {
      if (pending != nullptr && chosen(*pending)) {
        ops.push_back(op);
      }
    }
    for (const pbay_op op : ops) {
      const auto found = pending_.find(op);
      if (found != pending_.end() && found->second != nullptr) {
        found->second->cancel(host_, op);
      }
    }
  }

  const pbay_host* host_;
  // By the host's table: a copy in today's length. Shared, since that forgets the type.
  std::unordered_map<const void*, std::shared_ptr<const void>> shorter_tables_;
  Phase phase_ = Phase::kRunning;
  pbay_op last_op_ = 0;
  std::unordered_map<pbay_op, Pending*> pending_;  // NULL: abandoned
  std::unordered_map<pbay_op, EventSink*> routes_;
  std::unordered_set<EventSink*> sinks_;
  std::unordered_set<void*> roots_;
  std::unordered_map<pbay_op, bool> may_have_left_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_RUNTIME_HPP
