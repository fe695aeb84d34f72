// FakeHost: a host for the tests of one adapter instance. Time is virtual and moves when the test
// says so; the platform is a script (http_script.hpp); everything else is in memory.
//
//   FakeHost host(patchbay_adapter_v1, R"({"bot_token":"1:a"})");
//   host.http().expect("GET", "https://api.example.org/updates*").answer(200, "...");
//   host.start();                              // runs all that is ready
//   EXPECT_EQ(host.events().at(0).text, "hello");
//   host.advance(std::chrono::seconds(5));     // timers fire, delayed answers come
//   pbay_op op = host.deliver(delivery);
//   EXPECT_TRUE(host.result(op)->ok());
//
// Every call of the adapter is checked against adapter.h (rules.hpp); a breach fails the running
// test, and so does what a host would refuse (limits, texts, grammar). It is answered as a host
// answers it: what is refused is completed with that code and does not come to the script, what is
// too much at once waits, or is PBAY_E_BUSY, which is no breach. What the adapter is lent becomes
// unreadable when the call returns; signal handlers, locale, umask, working directory and
// environment have to be as before. At the end of its life the host stops the instance, destroys
// it, and fails the test if the instance does not stop, leaves an operation without its completion
// or a descriptor open, or if the script has expectations that were not met.
//
// The test's thread is the instance's thread: nothing happens but inside the functions below.
#ifndef PATCHBAY_TESTKIT_FAKE_HOST_HPP
#define PATCHBAY_TESTKIT_FAKE_HOST_HPP

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http_script.hpp"
#include "patchbay/adapter.h"
#include "patchbay/sdk/chat.hpp"
#include "patchbay/sdk/delivery.hpp"
#include "patchbay/sdk/event.hpp"
#include "patchbay/sdk/result.hpp"
#include "patchbay/sdk/state.hpp"
#include "rules.hpp"

namespace patchbay::testkit {

class Peers;

struct LogLine {
  std::uint32_t level = 0;
  std::string text;
};

// A part of a delivery that the adapter says is on the platform.
struct SentPart {
  pbay_op delivery = 0;
  std::uint32_t part = 0;
  std::string remote_id;
  std::string cursor;
};

struct Report {
  std::uint32_t state = 0;
  std::string remote_id;
  std::string idempotency_key;
  std::string reason;
};

// How submissions end. value: PBAY_STORED ...
struct SubmitAnswer {
  std::int32_t code = PBAY_OK;
  std::uint64_t value = PBAY_STORED;
};

struct FakeHostOptions {
  std::int64_t wall_ms = 1'767'225'600'000;  // 2026-01-01 00:00:00 UTC
  std::int64_t max_staged_bytes = 100 * 1024 * 1024;
  std::vector<std::string> without;    // extensions that this host does not offer
  std::vector<std::string> secrets;    // what must never stand in a log, state, result or report
  bool breaches_fail_the_test = true;  // false: they are only collected
  // A call that takes more than twice the 50 ms of adapter.h is a breach. Time that the thread
  // waits for a processor does not count.
  bool measures_calls = false;
  // Where it may connect: host names, in lower case, with `*` for anything. Not set: anywhere.
  std::optional<std::vector<std::string>> allowed_hosts;
  // Nobody but the adapter runs in this process, so that what belongs to the process may not change
  // between two calls either (a thread of the adapter's own).
  bool owns_the_process = false;
  // Told of each breach at once, for a program whose process may not live to ask for breaches().
  std::function<void(const Breach&)> on_breach;
  // Told of each call of the adapter before it begins, and with "" when it returned.
  std::function<void(std::string_view entry)> on_call;
};

class FakeHost {
 public:
  // Calls create(). The entry is that of a linked adapter (patchbay_adapter_v1) or of load(). If
  // settings_json says "instance", as every host's does, listeners have to bear that name.
  FakeHost(pbay_entry_v1 entry, std::string_view settings_json, FakeHostOptions options = {});
  ~FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  // The entry of an adapter's library; NULL fails the test. The library stays loaded.
  [[nodiscard]] static pbay_entry_v1 load(const std::string& path);

  // ---- life ----
  [[nodiscard]] bool created() const noexcept;  // false: create() refused; see log()
  void start();
  // Asks it to stop, and lets up to `deadline` of virtual time pass.
  void stop(std::chrono::milliseconds deadline = std::chrono::seconds(10));
  [[nodiscard]] bool stopped() const noexcept;

  // ---- time ----
  void run_ready();  // everything that is due now; each function below does it, too
  void advance(std::chrono::milliseconds time);
  [[nodiscard]] std::int64_t monotonic_ms() const noexcept;
  [[nodiscard]] std::int64_t wall_ms() const noexcept;

  // ---- what the host asks ----
  // Its `op` is assigned here and returned; deadline and idempotency key, too, where they are
  // empty.
  pbay_op deliver(sdk::Delivery delivery);
  // The same without running what becomes ready.
  pbay_op deliver_only(sdk::Delivery delivery);
  // A file in memory, for a delivery. The host closes it when the delivery is completed.
  [[nodiscard]] sdk::OutboundFile file(std::string_view bytes, std::string name, std::string mime,
                                       sdk::FileKind kind = sdk::FileKind::kDocument);
  // How an operation of the host ended; NULL: it has not.
  [[nodiscard]] const sdk::Result* result(pbay_op op) const;
  void cancel(pbay_op op);
  struct Fetched {
    pbay_op op = 0;
    std::uint64_t staging = 0;
  };
  Fetched fetch(std::string_view reference);
  [[nodiscard]] pbay_caps capabilities(const sdk::Chat& chat);
  [[nodiscard]] bool translates() const noexcept;  // it has a translate()
  // PBAY_OK or PBAY_E_INVALID; the events are in events().
  std::int32_t translate(std::string_view kind, std::string_view payload);
  void typing(const sdk::Chat& chat);
  pbay_op lookup_sent(const sdk::Chat& chat, std::string_view part_key, std::int64_t sent_after_ms);
  // An extension of the adapter, or NULL; call it within call(), with an op of new_op().
  template <class Extension>
  [[nodiscard]] const Extension* extension(const char* id) {
    return static_cast<const Extension*>(adapter_extension(id));
  }
  // `allowed`: how long until a missing completion is a breach; 0: for ever.
  [[nodiscard]] pbay_op new_op(std::string what = "operation",
                               std::chrono::milliseconds allowed = std::chrono::milliseconds(0));
  void call(const std::function<void(void* self)>& body);

  // ---- what the adapter did ----
  [[nodiscard]] const std::vector<sdk::Event>& events() const noexcept;
  [[nodiscard]] const std::vector<SentPart>& parts() const noexcept;
  [[nodiscard]] const std::vector<sdk::State>& states() const noexcept;
  [[nodiscard]] const std::vector<LogLine>& log() const noexcept;
  [[nodiscard]] const std::vector<Report>& reports() const noexcept;
  [[nodiscard]] const std::vector<std::string>& facts() const noexcept;
  [[nodiscard]] const std::vector<sdk::Chat>& reachable() const noexcept;
  [[nodiscard]] const std::vector<Breach>& breaches() const noexcept;

  // ---- how the host behaves ----
  HttpScript& http() noexcept;
  Peers& websockets() noexcept;  // peers.hpp
  Peers& streams() noexcept;
  Peers& processes() noexcept;
  // Asked for each event, but for those that were submitted after one of their chat that is not
  // stored and before the adapter hears of that: they are not stored either, as adapter.h says. Not
  // set: everything is stored.
  void on_submit(std::function<SubmitAnswer(const sdk::Event&)> decide);
  // Completions of submit() and op_part() wait until they are released.
  void hold_submits();
  void release_submits();
  void hold_parts();
  void release_parts();
  [[nodiscard]] std::map<std::string, std::string>& kv() noexcept;
  // The next so many writes, or reads, of the map fail with this code.
  void fail_kv_writes(int count, std::int32_t code);
  void fail_kv_reads(int count, std::int32_t code);
  // The bytes of a staging handle, open or committed; NULL: there is no such handle.
  [[nodiscard]] const std::string* staged(std::uint64_t handle) const;
  [[nodiscard]] std::size_t open_staging() const;  // handles that nobody took or aborted

  // ---- listener: the test is who connects ----
  [[nodiscard]] std::vector<std::string> listeners() const;  // that are open, by name
  [[nodiscard]] std::uint64_t connect(std::string_view listener);
  void send(std::uint64_t connection, std::string_view bytes);
  void hang_up(std::uint64_t connection);
  // What the adapter wrote so far.
  [[nodiscard]] std::string received(std::uint64_t connection) const;
  [[nodiscard]] bool open(std::uint64_t connection) const;
  // A peer that does not read: send() answers PBAY_E_BUSY. The end of it is told as WRITABLE.
  void stop_reading(std::uint64_t connection);
  void resume_reading(std::uint64_t connection);

  // ---- webhook: the test is who calls ----
  [[nodiscard]] bool has_webhook() const noexcept;  // a route is open
  struct WebhookAnswer {
    std::uint32_t status = 0;
    std::vector<sdk::Header> headers;
    std::string body;
  };
  // The header names in lower case, as the host gives them.
  std::uint64_t webhook(const std::string& method, const std::string& target,
                        const std::vector<sdk::Header>& headers, const std::string& body);
  // What the platform got; NULL: nothing yet.
  [[nodiscard]] const WebhookAnswer* webhook_answer(std::uint64_t request) const;

  class Impl;

 private:
  [[nodiscard]] const void* adapter_extension(const char* id);

  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::testkit

#endif  // PATCHBAY_TESTKIT_FAKE_HOST_HPP
