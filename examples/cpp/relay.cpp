// relay: the smallest adapter with the SDK that keeps every promise. It speaks to an HTTP service:
//   GET  {base_url}/updates?after=N  {"updates":[{"id":8,"chat":"c1","from":"ann","text":"hi"}]}
//        Oldest first; held open while there is nothing. N says that all up to N is kept.
//   POST {base_url}/messages  {"chat":"c1","text":"hello"}, with an Idempotency-Key as its id.
// Both carry "Authorization: Bearer {token}", else 401; 429 comes with Retry-After.
#include <nlohmann/json.hpp>

#include <patchbay/sdk/adapter.hpp>

using namespace patchbay::sdk;
using nlohmann::json;

class RelayAdapter final : public Adapter {
 public:
  using Adapter::Adapter;

  Result configure(std::string_view settings_json) override {
    const json settings = json::parse(settings_json);  // checked by the host against the schema
    base_url_ = settings.at("base_url");
    token_ = settings.at("token");
    return {};
  }

  Task<> run() override {
    const KvValue kept = co_await kv.get("after");
    std::string after = kept.found() ? kept.value : "0";
    while (true) {
      HttpRequest request = HttpRequest::get(base_url_ + "/updates?after=" + after);
      request.bearer(token_).idempotent().timeout(std::chrono::seconds(45));
      const HttpResponse response = co_await http.send(request);
      const auto events = translate("updates", response.body);
      if (!response.success() || !events) {
        co_await timer.sleep(show_problem(response));
        continue;
      }
      if (!std::exchange(online_, true)) set_state(StateKind::kOnline);
      const std::vector<Event>& batch = *events;  // empty: the service held the request long enough
      const std::string last = last_.empty() ? after : last_;
      const std::vector<Submitted> stored = co_await submit_all(batch);
      std::size_t count = 0;  // what could not be kept now is not acknowledged: it comes again
      while (count < batch.size() && settled(batch[count], stored[count])) ++count;
      after = count == batch.size() ? last : count > 0 ? batch[count - 1].event_id : after;
      const Completion durable = co_await kv.put("after", after);
      if (count < batch.size() || batch.empty() || !durable.ok()) {
        co_await timer.sleep(clock.jitter(std::chrono::seconds(1)));
      }
    }
  }

  Task<Result> deliver(Delivery delivery) override {
    if (delivery.kind != DeliveryKind::kMessage || !delivery.files.empty()) {
      co_return Result::not_sent(PBAY_E_UNSUPPORTED, "this channel takes plain texts only");
    }
    const json body = {{"chat", delivery.chat.id}, {"text", delivery.text}};
    HttpRequest request = HttpRequest::post_json(base_url_ + "/messages", body.dump());
    request.bearer(token_).header("Idempotency-Key", delivery.part_key(0));
    request.delivery(delivery.op);  // the host judges by it what has left
    const HttpResponse response = co_await http.send(request);
    if (!response.answered() || response.status >= 500) {
      co_return response.unanswered("the service failed");  // sent again under the same key
    }
    if (!response.success()) {
      Result out = Result::not_sent(PBAY_E_REJECTED, "status " + std::to_string(response.status));
      out.code = response.status == 401 ? PBAY_E_UNAUTHORIZED : out.code;
      out.code = response.status == 429 ? PBAY_E_RATE_LIMITED : out.code;
      out.retry_after_ms = response.retry_after_ms();
      co_return out;
    }
    co_return Result::sent({delivery.part_key(0)});
  }

  Capabilities capabilities(const Chat&) override {
    Capabilities out;
    out.bits = PBAY_CAN_TEXT | PBAY_CAN_IDEMPOTENT_SEND;
    return out;
  }

  // The live path's own function. An update that is no message holds up nothing behind it.
  std::optional<std::vector<Event>> translate(std::string_view, std::string_view payload) override {
    last_.clear();
    const json answer = json::parse(payload, nullptr, false);
    const auto updates = answer.find("updates");
    if (updates == answer.end() || !updates->is_array()) return std::nullopt;
    std::vector<Event> events;
    for (const json& update : *updates) {
      Event event;
      try {
        event.event_id = event.message_id = last_ =
            std::to_string(update.at("id").get<std::int64_t>());
        event.sender = Sender(update.at("from"), update.at("from"));
        event.text = update.at("text");
        event.chat = Chat(ChatKind::kDirect, update.at("chat"));
      } catch (const json::exception&) {  // then it has no chat
      }
      if (event.chat.id.empty()) log_warning("update " + event.event_id + " is no message");
      if (!event.chat.id.empty()) events.push_back(event);
    }
    return events;
  }

 private:
  // Returns how long to wait before the next try.
  std::chrono::milliseconds show_problem(const HttpResponse& response) {
    const char* const what = response.success() ? "no list of updates, status " : "status ";
    set_state(response.status == 401 ? StateKind::kFailed : StateKind::kDegraded,
              response.answered() ? what + std::to_string(response.status) : response.error,
              response.status == 401 ? "give the instance a valid token" : "");
    online_ = false;
    return std::max(std::chrono::milliseconds(response.retry_after_ms()),
                    clock.jitter(std::chrono::seconds(10)));
  }

  std::string base_url_;
  std::string token_;
  std::string last_;  // in the answer that was translated last; empty: none
  bool online_ = false;
};

PATCHBAY_ADAPTER(RelayAdapter, "relay", PATCHBAY_ADAPTER_VERSION, PATCHBAY_ADAPTER_VENDOR)
