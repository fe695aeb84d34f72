// Adapter: the base class of an adapter. One object is one instance, a configured account.
//
//   class EchoAdapter : public patchbay::sdk::Adapter {
//    public:
//     using Adapter::Adapter;
//     Task<> run() override;                                 // poll, translate, submit,
//     acknowledge Task<Result> deliver(Delivery delivery) override;      // send, part by part
//     Capabilities capabilities(const Chat& chat) override;
//   };
//   PATCHBAY_ADAPTER(EchoAdapter, "echo", "1.0.0", "Example Ltd")
//
// Everything runs on the instance's thread, one thing at a time: no locks. Data in events, results
// and deliveries is owned. What a coroutine throws ends that coroutine, is logged as a bug, and
// completes its operation with PBAY_E_BUG; `Stopped` is the ordinary end when the instance stops.
//
// Optional abilities are public member functions, found by their names; see module.hpp.
#ifndef PATCHBAY_SDK_ADAPTER_HPP
#define PATCHBAY_SDK_ADAPTER_HPP

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat.hpp"
#include "delivery.hpp"
#include "event.hpp"
#include "grace_period.hpp"
#include "http.hpp"
#include "operation.hpp"
#include "result.hpp"
#include "runtime.hpp"
#include "services.hpp"
#include "state.hpp"
#include "submit.hpp"
#include "task.hpp"
#include "utf8.hpp"

namespace patchbay::sdk {

class Adapter {
 public:
  // host: valid until the adapter is destroyed.
  explicit Adapter(const pbay_host* host)
      : runtime_(host),
        http(runtime_),
        timer(runtime_),
        clock(runtime_),
        kv(runtime_),
        staging(runtime_) {}
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;
  virtual ~Adapter() = default;

  // ---- what an adapter does ----

  // [loader] Reads the settings: a JSON object, secrets resolved, plus "instance". No I/O, no
  // co_await. A result that is not ok names the setting and the remedy.
  virtual Result configure(std::string_view settings_json) {
    static_cast<void>(settings_json);
    return {};
  }
  // The instance's life: connect, poll, listen. It may return when all is done by events.
  virtual Task<> run() { co_return; }
  // Makes it visible.
  virtual Task<Result> deliver(Delivery delivery) = 0;
  // Streams the file behind a reference into the open staging handle and commits it.
  virtual Task<Result> fetch(std::string reference, std::uint64_t staging_handle) {
    static_cast<void>(reference);
    static_cast<void>(staging_handle);
    co_return Result::not_sent(PBAY_E_UNSUPPORTED, "this adapter submits no references");
  }
  [[nodiscard]] virtual Capabilities capabilities(const Chat& chat) = 0;
  // The events of one recorded payload: the live path's own function. Nothing: it is malformed.
  [[nodiscard]] virtual std::optional<std::vector<Event>> translate(std::string_view kind,
                                                                    std::string_view payload) {
    static_cast<void>(kind);
    static_cast<void>(payload);
    return std::nullopt;
  }
  // The host no longer needs this delivery; its result is still owed.
  virtual void cancelled(pbay_op op) { runtime_.cancel_requests_of(op); }

  // ---- what an adapter says ----

  void log_debug(std::string_view line) const noexcept { runtime_.log(PBAY_LOG_DEBUG, line); }
  void log_info(std::string_view line) const noexcept { runtime_.log(PBAY_LOG_INFO, line); }
  void log_warning(std::string_view line) const noexcept { runtime_.log(PBAY_LOG_WARNING, line); }
  void log_error(std::string_view line) const noexcept { runtime_.log(PBAY_LOG_ERROR, line); }

  void set_state(const State& state) const noexcept {
    const pbay_state abi = state.abi();
    host()->set_state(host(), &abi);
  }
  void set_state(StateKind kind, std::string reason = {}, std::string user_action = {}) const {
    set_state(State(kind, std::move(reason), std::move(user_action)));
  }

  // `Submitted stored = co_await submit(event);` If it is settled(), acknowledge the platform.
  [[nodiscard]] auto submit(const Event& event) {
    auto issue = [&event](const pbay_host* host, pbay_op op) {
      const EventAbi abi(event);
      host->submit(host, op, abi.get());
    };
    return Operation<Submitted, decltype(issue)>(runtime_, GiveUp::kNever, true, nullptr, issue);
  }
  void submit(Event&&) = delete;  // name it: it must live until the answer
  // All at once, in order; one result each. One commit of the host may serve them all.
  [[nodiscard]] SubmitAll submit_all(const std::vector<Event>& events) {
    return SubmitAll(runtime_, events);
  }
  void submit_all(std::vector<Event>&&) = delete;
  // Whether the platform may forget this event: it is on the host's disk, or the host will never
  // take it, which is logged here. When false: it has to be submitted again, it and all that
  // follows in its chat; what it had in staging is gone.
  [[nodiscard]] bool settled(const Event& event, const Submitted& submitted) const {
    if (submitted.hopeless()) {
      constexpr std::size_t kShown = 100;  // the id may be what is too long, or no text
      const std::string& id = event.message_id.empty() ? event.event_id : event.message_id;
      log_error("message " + as_text(id.substr(0, kShown)) + " of chat " +
                as_text(event.chat.id.substr(0, kShown)) +
                " was left out, since the host cannot take it: " + submitted.text);
    }
    return submitted.acknowledge() || submitted.hopeless();
  }

  // `Completion durable = co_await part_sent(delivery.op, 0, id);` Part `part` (from 0) is on the
  // platform; send the next one after this. cursor: at most 1 KiB, back in Delivery::resume_cursor.
  [[nodiscard]] auto part_sent(pbay_op delivery, std::uint32_t part, std::string_view remote_id,
                               std::string_view cursor = {}) {
    auto issue = [this, delivery, part, id = std::string(remote_id), cursor = std::string(cursor)](
                     const pbay_host* host, pbay_op op) {
      // What left is accounted for: a later part has its own evidence.
      runtime_.set_may_have_left(delivery, false);
      host->op_part(host, op, delivery, part, to_abi(id), to_abi(cursor));
    };
    return Operation<Completion, decltype(issue)>(runtime_, GiveUp::kNever, true, nullptr, issue);
  }

  // A late status of a message that was delivered: PBAY_REPORT_*.
  void report(std::string_view remote_id, std::uint32_t state, std::string_view reason = {}) const {
    send_report(remote_id, {}, state, reason);
  }
  // Evidence about a part of unknown outcome, by its key; by the delivery's own, about all of it.
  void report_key(std::string_view part_key, std::uint32_t state,
                  std::string_view reason = {}) const {
    send_report({}, part_key, state, reason);
  }
  // A fact about the account or a chat, a JSON object.
  void metadata(std::string_view fact_json) const noexcept {
    host()->metadata(host(), to_abi(fact_json));
  }
  // A chat that answered PBAY_E_OFFLINE can be reached again.
  void chat_reachable(const Chat& chat) const noexcept {
    const pbay_chat abi = chat.abi();
    host()->chat_reachable(host(), &abi);
  }

  // Runs beside everything else until it ends or the instance does.
  void spawn(std::string name, Task<> task) { runtime_.spawn(std::move(name), std::move(task)); }

  [[nodiscard]] Runtime& runtime() noexcept { return runtime_; }
  [[nodiscard]] const pbay_host* host() const noexcept { return runtime_.host(); }

 private:
  Runtime runtime_;

 public:
  Http http;
  Timer timer;
  Clock clock;
  Kv kv;
  Staging staging;

 private:
  template <class>
  friend class Module;

  void send_report(std::string_view remote_id, std::string_view key, std::uint32_t state,
                   std::string_view reason) const noexcept {
    auto abi = make_abi<pbay_report>();
    abi.state = state;
    abi.remote_id = to_abi(remote_id);
    abi.idempotency_key = to_abi(key);
    abi.reason = to_abi(reason);
    host()->report(host(), &abi);
  }

  // ---- the entries of the ABI, called by Module ----

  void enter_start() {
    runtime_.spawn(
        "run", run(),
        [](void* self, std::string_view, std::string_view what) {
          static_cast<Adapter*>(self)->set_state(
              StateKind::kFailed, "the adapter failed: " + std::string(what),
              "restart the instance; if it happens again, report it to the adapter's author");
        },
        this);
  }

  // Deliveries get most of the time to finish; then everything is cancelled.
  void enter_stop(std::int64_t deadline_ms) {
    stopping_ = true;
    grace_.begin(deadline_ms - deadline_ms / 4);
    runtime_.advance(Phase::kDraining);
  }
  // At the end of every entry: nothing may be called after stopped().
  void leave() noexcept {
    if (!stopping_ || stopped_ || runtime_.has_tasks()) {
      return;
    }
    grace_.end();
    if (runtime_.idle()) {
      stopped_ = true;
      host()->stopped(host());
    }
  }

  // Completes an operation of the host by what `work` returns or throws.
  Task<> answer(pbay_op op, Task<Result> work) {
    Result result;
    try {
      result = co_await std::move(work);
    } catch (const Stopped&) {
      result = interrupted(op, PBAY_E_RETRY, "the instance was stopped");
    } catch (const std::exception& error) {
      result = bug(op, words_of(error));
    } catch (...) {
      result = bug(op, "an unknown exception");
    }
    complete(op, result);
  }
  void answer_later(std::string name, pbay_op op, Task<Result> work) {
    runtime_.spawn(std::move(name), answer(op, std::move(work)));
  }
  void enter_deliver(pbay_op op, const pbay_delivery& delivery) {
    runtime_.delivery_begins(op);
    if (stopping_) {
      complete(op, Result::not_sent(PBAY_E_RETRY, "the instance is stopping"));
      return;
    }
    answer_later("deliver", op, deliver(Delivery(op, delivery)));
  }
  Task<> submit_event(Event event) {
    const Submitted stored = co_await submit(event);
    if (!stored.acknowledge()) {
      log_warning("a translated event was not stored: " + stored.text);
    }
  }
  void submit_later(Event event) { runtime_.spawn("translate", submit_event(std::move(event))); }
  void complete(pbay_op op, const Result& result) {
    runtime_.delivery_ends(op);
    const ResultAbi abi(result);
    host()->op_complete(host(), op, abi.get());
  }

  // The result of a delivery that ended without one: unknown if anything of it may have left.
  [[nodiscard]] Result interrupted(pbay_op op, std::int32_t code, std::string text) const {
    if (runtime_.may_have_left(op)) {
      return Result::unknown(std::move(text));
    }
    return Result::not_sent(code, std::move(text));
  }
  [[nodiscard]] Result bug(pbay_op op, std::string_view what) const {
    std::string text = "bug in the adapter: " + std::string(what);
    log_error(text);
    Result result = interrupted(op, PBAY_E_BUG, std::move(text));
    result.code = PBAY_E_BUG;
    return result;
  }

  GracePeriod grace_{runtime_};
  bool stopping_ = false;
  bool stopped_ = false;
};

}  // namespace patchbay::sdk

#include "module.hpp"

#endif  // PATCHBAY_SDK_ADAPTER_HPP
