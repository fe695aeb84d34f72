// The WebSocket pattern of docs/adapters.md: events come over a connection that can be resumed.
//
//   to us    {"seq":7,"chat":"c1","from":"ann","text":"hi"}    all that is newer than ?after=N
//   from us  {"ack":7}                                         everything up to it is kept
//
// What goes out is posted to its HTTP side, as in ../cpp/relay.cpp.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include <patchbay/sdk/adapter.hpp>
#include <patchbay/sdk/websocket.hpp>

using namespace patchbay::sdk;
using nlohmann::json;

class GatewayAdapter final : public Adapter {
 public:
  using Adapter::Adapter;

  Result configure(std::string_view settings_json) override {
    const json settings = json::parse(settings_json);
    gateway_url_ = settings.at("gateway_url");
    api_base_ = settings.at("api_base");
    token_ = settings.at("token");
    return {};
  }

  // [region websocket]
  Task<> run() override {
    const KvValue kept = co_await kv.get("seq");
    seq_ = kept.found() ? kept.value : "0";
    std::chrono::milliseconds pause = kFirstPause;
    while (true) {
      WebSocketOptions options(gateway_url_ + "?after=" + seq_);
      options.headers.emplace_back("Authorization", "Bearer " + token_);
      const Completion opened = co_await socket_.open(options);
      if (opened.ok()) {
        set_state(StateKind::kOnline);
        const std::int64_t opened_at = clock.monotonic_ms();
        co_await read_until_closed();
        const bool lasted = clock.monotonic_ms() - opened_at > kLasting.count();
        pause = lasted ? kFirstPause : pause;  // one that is closed at once is a failure, too
      } else if (opened.value == 401) {
        set_state(StateKind::kFailed, "the token was refused", "give the instance a valid token");
        co_return;
      }
      set_state(StateKind::kConnecting, "the connection is gone: " + opened.text);
      co_await timer.sleep(clock.jitter(pause));  // many clients come back at the same moment
      pause = std::min<std::chrono::milliseconds>(pause * 2, std::chrono::minutes(1));
    }
  }

  Task<> read_until_closed() {
    while (true) {
      const WebSocketEvent frame = co_await socket_.next();
      if (frame.kind == WebSocketEventKind::kClosed) {
        co_return;
      }
      const auto events = translate("frame", frame.data);
      if (frame.kind != WebSocketEventKind::kText || !events || events->empty()) {
        continue;
      }
      const Event& event = events->front();
      const Submitted stored = co_await submit(event);
      if (!settled(event, stored)) {
        socket_.drop();  // what was not kept comes again, and what is behind it in its order
        co_return;
      }
      seq_ = event.event_id;
      const Completion durable = co_await kv.put("seq", seq_);
      if (durable.ok()) {
        socket_.try_send_text(R"({"ack":)" + seq_ + "}");  // a later one says the same
      }
    }
  }
  // [/region]

  Task<Result> deliver(Delivery delivery) override {
    if (delivery.kind != DeliveryKind::kMessage || !delivery.files.empty()) {
      co_return Result::not_sent(PBAY_E_UNSUPPORTED, "this channel takes plain texts only");
    }
    const json body = {{"chat", delivery.chat.id}, {"text", delivery.text}};
    HttpRequest request = HttpRequest::post_json(api_base_ + "/messages", body.dump());
    request.bearer(token_).header("Idempotency-Key", delivery.part_key(0)).delivery(delivery.op);
    const HttpResponse response = co_await http.send(request);
    if (!response.answered() || response.status >= 500) {
      co_return response.unanswered("the service failed");
    }
    if (!response.success()) {
      co_return Result::not_sent(PBAY_E_REJECTED, "status " + std::to_string(response.status));
    }
    co_return Result::sent({delivery.part_key(0)});
  }

  Capabilities capabilities(const Chat&) override {
    Capabilities out;
    out.bits = PBAY_CAN_TEXT | PBAY_CAN_IDEMPOTENT_SEND;
    return out;
  }

  // [region translate]
  std::optional<std::vector<Event>> translate(std::string_view kind,
                                              std::string_view payload) override {
    try {
      const json frame = json::parse(payload);
      std::vector<Event> events;
      if (kind != "frame" || !frame.contains("seq")) {
        return events;  // nothing that anybody said
      }
      Event& event = events.emplace_back();
      event.event_id = std::to_string(frame.at("seq").get<std::int64_t>());
      event.message_id = event.event_id;
      event.chat = Chat(ChatKind::kGroup, frame.at("chat"));
      if (event.chat.id.empty()) {
        return std::nullopt;
      }
      event.sender = Sender(frame.at("from"), frame.at("from"));
      event.text = frame.at("text");
      event.timestamp_ms = clock.wall_ms();
      return events;
    } catch (const json::exception&) {
      return std::nullopt;  // malformed
    }
  }
  // [/region]

 private:
  static constexpr std::chrono::milliseconds kFirstPause = std::chrono::seconds(1);
  static constexpr std::chrono::milliseconds kLasting = std::chrono::minutes(1);

  std::string gateway_url_;
  std::string api_base_;
  std::string token_;
  std::string seq_;
  WebSocket socket_{runtime()};
};

PATCHBAY_ADAPTER(GatewayAdapter, "livechat", PATCHBAY_ADAPTER_VERSION, PATCHBAY_ADAPTER_VENDOR)
