// relay: the smallest adapter with the SDK that keeps every promise. It speaks to an HTTP service:
//   GET  {base_url}/updates?after=N  {"updates":[{"id":8,"chat":"c1","from":"ann","text":"hi"}]}
//        Oldest first; held open while there is nothing. N says that all up to N is kept.
//   POST {base_url}/messages         {"chat":"c1","text":"hello"}
//        Its Idempotency-Key is its id: the same key is the same message.
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
      if (!online_) set_state(StateKind::kOnline);
      online_ = true;
      const std::vector<Event>& batch = *events;  // empty: the service held the request long enough
      const std::vector<Submitted> stored = co_await submit_all(batch);
      // What the host could not keep now is not acknowledged: it comes again.
      std::size_t count = 0;
      while (count < stored.size() && settled(batch[count], stored[count])) {
        after = batch[count++].event_id;
      }
      const Completion durable = co_await kv.put("after", after);
      if (count < stored.size() || batch.empty() || !durable.ok()) {
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
      Result refused = Result::not_sent(PBAY_E_REJECTED, "the service refused: ");
      refused.text += std::to_string(response.status);
      refused.code = response.status == 401 ? PBAY_E_UNAUTHORIZED : refused.code;
      refused.code = response.status == 429 ? PBAY_E_RATE_LIMITED : refused.code;
      refused.retry_after_ms = response.retry_after_ms();
      co_return refused;
    }
    co_return Result::sent({delivery.part_key(0)});
  }

  Capabilities capabilities(const Chat&) override {
    Capabilities out;
    out.bits = PBAY_CAN_TEXT | PBAY_CAN_IDEMPOTENT_SEND;
    return out;
  }

  // The live path's own function, which tests and fuzzers call with recorded answers.
  std::optional<std::vector<Event>> translate(std::string_view, std::string_view payload) override {
    std::vector<Event> events;
    try {
      const json answer = json::parse(payload);
      for (const json& update : answer.at("updates")) {
        if (update.at("chat") == "") return std::nullopt;  // whose would it be?
        Event& event = events.emplace_back();
        event.event_id = event.message_id = std::to_string(update.at("id").get<std::int64_t>());
        event.chat = Chat(ChatKind::kDirect, update.at("chat"));
        event.sender = Sender(update.at("from"), update.at("from"));
        event.text = update.at("text");
        event.timestamp_ms = clock.wall_ms();
      }
      return events;
    } catch (const json::exception&) {
      return std::nullopt;
    }
  }

 private:
  // Returns how long to wait before the next try.
  std::chrono::milliseconds show_problem(const HttpResponse& response) {
    const bool token = response.status == 401;
    set_state(token ? StateKind::kFailed : StateKind::kDegraded,
              response.answered() ? "status " + std::to_string(response.status) : response.error,
              token ? "give the instance a valid token" : "");
    online_ = false;
    return std::max(std::chrono::milliseconds(response.retry_after_ms()),
                    clock.jitter(std::chrono::seconds(10)));
  }

  std::string base_url_;
  std::string token_;
  bool online_ = false;
};

PATCHBAY_ADAPTER(RelayAdapter, "relay", PATCHBAY_ADAPTER_VERSION, PATCHBAY_ADAPTER_VENDOR)
