// The inside of FakeHost. The test's thread runs all of it; only the functions of pbay_host may be
// called from other threads, and take the lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"
#include "patchbay/ext/clock.h"
#include "patchbay/ext/http.h"
#include "patchbay/ext/kv.h"
#include "patchbay/ext/listener.h"
#include "patchbay/ext/staging.h"
#include "patchbay/ext/timer.h"
#include "patchbay/ext/webhook.h"
#include "patchbay/testkit/fake_host.hpp"
#include "patchbay/testkit/lent_memory.hpp"
#include "patchbay/testkit/peers.hpp"
#include "process_state.hpp"

namespace patchbay::testkit {

class FakeHost::Impl {
 public:
  // Builds the struct behind pbay_completion.detail.
  using MakeDetail = std::function<const void*(LentMemory&)>;

  struct Completion {
    std::int32_t code = PBAY_OK;
    std::uint64_t value = 0;
    std::string text;
    MakeDetail detail;
    std::function<void()> first;  // done before the adapter hears of it

    Completion() = default;
    explicit Completion(std::int32_t result_code, std::uint64_t result_value = 0,
                        std::string words = {})
        : code(result_code), value(result_value), text(std::move(words)) {}
  };

  struct Operation {  // of the host
    std::string what;
    bool is_delivery = false;
    bool done = false;
    sdk::Result result;
    std::uint32_t next_part = 0;
    pbay_op part_op = 0;  // pending op_part
    std::uint64_t deadline_timer = 0;
    std::vector<int> descriptors;
    std::uint64_t staging = 0;  // of a fetch
  };

  explicit Impl(FakeHostOptions wanted);

  // ---- contract (contract.cpp) ----
  void breach(Rule rule, std::string what);
  // A call of the adapter to the host named `function`: not after stopped(), and within create()
  // only what is no work.
  enum class InCreate : std::uint8_t { kAllowed, kForbidden };
  void called(std::string_view function, InCreate in_create = InCreate::kForbidden);
  // An operation that the adapter begins.
  void begin(pbay_op op, std::string_view what);
  enum class Secrets : std::uint8_t { kMayBeIn, kMustNotBeIn };
  // It is UTF-8, and shows no secret.
  void check_text(std::string_view where, std::string_view text,
                  Secrets secrets = Secrets::kMustNotBeIn);
  void check_result(pbay_op op, const Operation& operation);
  void check_object(std::string_view where, std::string_view json);
  // False, and a breach, unless pointer, count and stride go together, and each element says its
  // own size. A count that is over every limit may be over the end of the memory, too.
  static constexpr std::uint32_t kMostChecked = 1000;
  template <class T>
  bool check_array(std::string_view where, const T* first, std::uint32_t count,
                   std::uint32_t stride) {
    if (count == 0) {
      return true;
    }
    const bool is_array = first != nullptr && stride >= sizeof(T);
    bool has_sizes = is_array;
    for (std::uint32_t i = 0; has_sizes && i < std::min(count, kMostChecked); ++i) {
      const auto* bytes = reinterpret_cast<const std::byte*>(first) + std::size_t{stride} * i;
      const std::uint32_t size = reinterpret_cast<const T*>(bytes)->struct_size;
      has_sizes = size >= sizeof(T) && size <= stride;
    }
    check_array_shape(where, is_array, has_sizes);
    return has_sizes;
  }
  void check_array_shape(std::string_view where, bool is_array, bool has_sizes);
  // False, and a breach: it is NULL, or does not say its size.
  template <class T>
  bool check_struct(std::string_view where, const T* given) {
    return check_struct_shape(where, given != nullptr && given->struct_size >= sizeof(T));
  }
  bool check_struct_shape(std::string_view where, bool is_whole);

  // ---- events (check_event.cpp) ----
  void check_size(Rule rule, std::string_view where, std::size_t size, std::size_t most);
  // What a host keeps as it is, or refuses.
  void check_id(std::string_view where, const std::string& id, std::size_t most);
  void check_chat(std::string_view where, const sdk::Chat& chat);
  void check_event(const sdk::Event& event);
  void check_event_ids(const sdk::Event& event);
  void check_event_texts(const sdk::Event& event);
  void check_file(const sdk::InboundFile& file);

  // ---- requests (check_request.cpp) ----
  // Without those that are none, each of which is a breach. Nothing: a breach, and no list at all.
  std::optional<std::vector<sdk::Header>> headers_of(std::string_view where,
                                                     const pbay_header* first, std::uint32_t count,
                                                     std::uint32_t stride, std::uint32_t most);
  // What a host refuses with that finds what was found since there were so many breaches; PBAY_OK:
  // nothing was.
  [[nodiscard]] std::int32_t refusal_since(std::size_t breaches) const;
  void check_request(const RecordedRequest& request);
  void check_upgrade(const PeerOpening& opening);  // of a WebSocket
  void check_stream(std::string_view endpoint);
  // address: of the URL; nothing is a breach, with what it should have been.
  void check_address(std::string_view where, std::string_view url,
                     const std::optional<Address>& address, std::string_view should_be, Rule rule);
  // It is one of options_.allowed_hosts.
  void check_host(std::string_view where, const std::string& host);

  // ---- executor and time (executor.cpp) ----
  void post(std::function<void()> work);
  std::uint64_t at(std::int64_t due_ms, std::function<void()> work);  // an id for forget()
  bool forget(std::uint64_t id);
  void run_ready();
  void run_until(std::int64_t end_ms);
  bool run_next_timer(std::int64_t end_ms);
  // One call of the adapter.
  void call(std::string_view entry, const std::function<void()>& body);
  // Since the last call: an adapter's own thread may change what belongs to the process.
  void check_between_calls();
  // Files and sockets that create() has left open.
  void check_quiet_create();
  void check_descriptors(std::string_view entry, const std::set<int>& before);
  // Files that a delivery lent; those that the adapter closed are a breach.
  void close_lent(const std::vector<int>& descriptors);
  // Completes an operation of the adapter: posted.
  void complete(pbay_op op, Completion completion);
  void event(pbay_op op, MakeDetail detail);

  void release(std::vector<std::function<void()>>& held, bool& hold);

  // ---- what pbay_host does (host_calls.cpp) ----
  static Impl& of(const pbay_host* host) { return *static_cast<Impl*>(host->data); }
  void fill_host_table();
  void submit(pbay_op op, const pbay_event* event);
  void op_part(pbay_op op, SentPart part);
  void op_complete(pbay_op op, const pbay_result* given);
  void set_stopped();
  // Fills in when the host will miss its completion; 0: never.
  pbay_op ask(std::string what, std::int64_t allowed_ms);

  // ---- extensions (extensions.cpp) ----
  [[nodiscard]] const void* host_extension(std::string_view id);
  void connect_peers();  // peer_host.cpp
  [[nodiscard]] static const void* peer_extension(std::string_view id);
  // A breach, and how the call ends.
  std::optional<Completion> kv_key_refused(std::string_view key);
  Completion kv_put(std::string key, std::string value);
  void kv_write(pbay_op op, const std::string& key, const std::function<Completion()>& write);

  // ---- requests (http.cpp) ----
  void http_request(pbay_op op, const pbay_http_request* given);
  void http_cancel(pbay_op op);
  // What is whole of it, with a breach for what is not.
  RecordedRequest copy_request(const pbay_http_request& request);
  std::string copy_file(int descriptor, std::int64_t size, const std::string& problem);
  // PBAY_OK: it is one that a host makes.
  [[nodiscard]] std::int32_t request_refused(const RecordedRequest& request, std::size_t breaches);
  // To the platform, which has until due_ms.
  void http_start(pbay_op op, RecordedRequest request, std::int64_t due_ms);
  void http_wait(pbay_op op, RecordedRequest request);
  void http_start_waiting();
  void http_answer(pbay_op op, const RecordedRequest& request, HttpReply reply);

  // ---- who comes to the adapter (incoming.cpp) ----
  [[nodiscard]] static const void* incoming_extension(std::string_view id);
  // With the code PBAY_OK: it may listen there.
  Completion listener_refused(const std::string& name);
  void listen(pbay_op op, const std::string& name);
  // What the platform gets.
  WebhookAnswer webhook_answer(const pbay_webhook_answer* given);
  void listener_event(pbay_op listener, std::uint32_t kind, std::uint64_t connection,
                      std::string bytes);

  struct WaitingRequest {  // for its turn
    RecordedRequest request;
    std::int64_t due_ms = 0;
    std::uint64_t timer = 0;  // then
  };
  struct Timer {
    std::uint64_t id;
    std::function<void()> work;
  };
  struct Staged {
    std::string bytes;
    bool committed = false;
  };
  struct Connection {
    pbay_op listener = 0;
    std::string received;
    bool open = true;
    bool reading = true;
    bool busy_told = false;
  };

  std::recursive_mutex mutex_;
  FakeHostOptions options_;
  std::string instance_;  // its name, if the settings say it
  pbay_host host_{};
  pbay_adapter adapter_{};

  bool creating_ = false;
  bool created_ = false;
  bool started_ = false;
  bool stop_asked_ = false;
  bool stopped_ = false;
  bool in_call_ = false;

  std::int64_t now_ms_ = 1000;
  std::deque<std::function<void()>> ready_;
  std::multimap<std::int64_t, Timer> timers_;
  std::uint64_t last_timer_ = 0;
  std::uint64_t random_ = 0x9E3779B97F4A7C15ULL;

  pbay_op last_op_ = 0;
  std::map<pbay_op, Operation> operations_;   // of the host
  std::map<pbay_op, std::string> pending_;    // of the adapter
  std::map<pbay_op, std::uint64_t> waiting_;  // timers: what may be cancelled
  std::set<int> descriptors_;                 // made by file(), not yet part of a delivery
  std::map<int, std::string> opened_;         // by the adapter, and in which call
  std::optional<ProcessState> last_state_;    // of the process, after the last call
  std::uint64_t deliveries_ = 0;

  std::function<SubmitAnswer(const sdk::Event&)> on_submit_;
  bool hold_submits_ = false;
  bool hold_parts_ = false;
  std::vector<std::function<void()>> held_submits_;
  std::vector<std::function<void()>> held_parts_;
  // Chats of events that were not stored, until the adapter hears of it: order holds.
  std::multiset<std::string> held_back_;

  HttpScript http_;
  std::map<pbay_op, std::uint64_t> at_work_;  // requests, and the timers of their answers
  std::map<pbay_op, WaitingRequest> waiting_requests_;
  std::deque<pbay_op> turns_;  // of those
  Peers websockets_;
  Peers streams_;
  Peers processes_;
  std::map<std::string, std::string> kv_;
  int failing_kv_writes_ = 0;
  std::int32_t kv_failure_ = PBAY_OK;
  int failing_kv_reads_ = 0;
  std::int32_t kv_read_failure_ = PBAY_OK;
  std::uint64_t last_handle_ = 0;
  std::map<std::uint64_t, Staged> staged_;
  std::map<std::uint64_t, std::string> taken_;  // by events and fetches
  std::map<std::string, pbay_op, std::less<>> listeners_;
  std::map<std::uint64_t, Connection> connections_;
  pbay_op webhook_ = 0;
  std::map<std::uint64_t, WebhookAnswer> webhook_answers_;
  std::set<std::uint64_t> open_webhook_requests_;
  std::set<std::uint64_t> late_webhook_requests_;  // open when the route was closed

  std::vector<sdk::Event> events_;
  std::vector<SentPart> parts_;
  std::vector<sdk::State> states_;
  std::vector<LogLine> log_;
  std::vector<Report> reports_;
  std::vector<std::string> facts_;
  std::vector<sdk::Chat> reachable_;
  std::vector<Breach> breaches_;
};

}  // namespace patchbay::testkit
