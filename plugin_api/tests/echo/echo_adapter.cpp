#include "echo_adapter.hpp"

#include <chrono>
#include <stdexcept>

#include "patchbay/sdk/utf8.hpp"

namespace patchbay::echo {

using namespace sdk;  // NOLINT(google-build-using-namespace)
using std::chrono::seconds;

namespace {

constexpr std::size_t kMostIdBytes = 512;  // of a part, that a host takes

}  // namespace

// "fail" in the settings stands for any setting that is wrong; "throw" for a bug.
Result EchoAdapter::configure(std::string_view settings_json) {
  if (settings_json.find("\"fail\"") != std::string_view::npos) {
    return Result::not_sent(PBAY_E_INVALID, "setting 'fail' must not be given: take it out");
  }
  if (settings_json.find("\"throw\"") != std::string_view::npos) {
    throw std::runtime_error("configure threw");
  }
  constexpr std::string_view kInstance = R"("instance":")";
  if (const auto found = settings_json.find(kInstance); found != std::string_view::npos) {
    const std::string_view rest = settings_json.substr(found + kInstance.size());
    instance_ = rest.substr(0, rest.find('"'));
  }
  return {};
}

Task<> EchoAdapter::run() {
  set_state(StateKind::kConnecting);
  spawn("console", serve_console());
  spawn("webhook", serve_webhook());
  Task<> polling = poll();
  co_await std::move(polling);
}

// The protocol: GET /updates?offset=N answers lines "<id> <chat> <text>".
Task<> EchoAdapter::poll() {
  const KvValue kept = co_await kv.get("offset");
  std::string offset = kept.found() ? kept.value : "0";
  for (;;) {
    HttpRequest request = HttpRequest::get(api_ + "/updates?offset=" + offset);
    request.idempotent().timeout(seconds(40));
    const HttpResponse response = co_await http.send(request);
    if (response.status == 429) {
      set_state(StateKind::kRateLimited, "the platform asks to wait");
      co_await timer.sleep(std::chrono::milliseconds(response.retry_after_ms()));
      continue;
    }
    if (!response.success()) {
      set_state(StateKind::kDegraded, response.error, "check the network");
      co_await timer.sleep(seconds(5));
      continue;
    }
    set_state(StateKind::kOnline);
    const auto events = translate("updates", response.body);
    if (!events || events->empty()) {
      co_await timer.sleep(seconds(1));
      continue;
    }
    const std::vector<Event>& batch = *events;
    const std::vector<Submitted> stored = co_await submit_all(batch);
    bool all_stored = true;
    for (std::size_t i = 0; i < stored.size() && all_stored; ++i) {
      all_stored = stored[i].acknowledge();
      offset = all_stored ? batch[i].event_id : offset;
    }
    const Completion kept_offset = co_await kv.put("offset", offset);
    if (!all_stored || !kept_offset.ok()) {
      co_await timer.sleep(seconds(2));
    }
  }
}

std::optional<std::vector<Event>> EchoAdapter::translate(std::string_view kind,
                                                         std::string_view payload) {
  if (kind == "throw") {
    throw std::runtime_error("translate threw");
  }
  std::vector<Event> events;
  while (!payload.empty()) {
    const std::string_view line = payload.substr(0, payload.find('\n'));
    payload.remove_prefix(std::min(payload.size(), line.size() + 1));
    const auto first = line.find(' ');
    const auto second = line.find(' ', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) {
      return std::nullopt;
    }
    Event& event = events.emplace_back();
    event.event_id = line.substr(0, first);
    event.message_id = event.event_id;
    event.chat = Chat(ChatKind::kGroup, std::string(line.substr(first + 1, second - first - 1)));
    event.sender = Sender("7", "Ada");
    event.text = line.substr(second + 1);
    event.timestamp_ms = clock.wall_ms();
    if (event.text == "file") {
      InboundFile& file = event.files.emplace_back();
      file.reference = "file-" + event.event_id;
      file.name = "a.txt";
    }
  }
  return events;
}

// One part a line of text, then one a file. "throw", "wait" and "patient" are what tests ask for.
Task<Result> EchoAdapter::deliver(Delivery delivery) {
  if (delivery.text == "throw") {
    throw std::runtime_error("deliver threw");
  }
  if (delivery.kind != DeliveryKind::kMessage) {
    co_return Result::not_sent(PBAY_E_UNSUPPORTED, "the echo platform has messages alone");
  }
  if (delivery.text == "wait") {
    co_await timer.sleep(seconds(3600));
  }
  std::vector<std::string> remote_ids = delivery.remote_ids;
  const auto parts = static_cast<std::uint32_t>(1 + delivery.files.size());
  for (std::uint32_t part = delivery.parts_done; part < parts; ++part) {
    HttpRequest request = HttpRequest::post(api_ + "/send");
    request.delivery(delivery.op).bearer("secret");
    if (part == 0) {
      request.body("application/json",
                   R"({"chat":")" + delivery.chat.id + R"(","text":")" + delivery.text + R"("})");
    } else {
      const OutboundFile& file = delivery.files[part - 1];
      request.field("chat", delivery.chat.id)
          .file("document", file.name, file.mime, file.fd, file.size);
    }
    const HttpResponse response = co_await http.send(request);
    if (!response.answered()) {
      co_return response.unanswered("send");
    }
    const bool is_id = !response.body.empty() && response.body.size() <= kMostIdBytes;
    if (response.success() && (!is_id || !is_utf8(response.body))) {
      co_return Result::unknown("the platform's answer is no id");
    }
    if (response.status == 429 && delivery.text == "patient") {
      co_await timer.sleep(std::chrono::milliseconds(response.retry_after_ms()));
      --part;
      continue;
    }
    if (response.status == 429) {
      co_return Result::rate_limited(response.retry_after_ms(), RetryScope::kChat, "slow down");
    }
    if (!response.success()) {
      co_return Result::not_sent(PBAY_E_REJECTED, is_utf8(response.body)
                                                      ? "the platform refused: " + response.body
                                                      : "the platform refused");
    }
    if (response.body == "throw") {
      throw std::runtime_error("threw after it was sent");
    }
    remote_ids.push_back(response.body);
    const Completion durable = co_await part_sent(delivery.op, part, response.body);
    if (!durable.ok()) {
      co_return Result::unknown("the part could not be recorded: " + durable.text);
    }
  }
  co_return Result::sent(remote_ids);
}

Task<Result> EchoAdapter::fetch(std::string reference, std::uint64_t staging_handle) {
  HttpRequest request = HttpRequest::get(api_ + "/files/" + reference);
  request.idempotent().response_to(staging_handle);
  const HttpResponse response = co_await http.send(request);
  if (!response.success()) {
    co_return Result::not_sent(PBAY_E_NOT_FOUND, "the file is gone");
  }
  const Completion committed = co_await staging.commit(staging_handle);
  if (!committed.ok()) {
    co_return Result::not_sent(PBAY_E_RETRY, committed.text);
  }
  co_return Result::sent();
}

Capabilities EchoAdapter::capabilities(const Chat& chat) {
  Capabilities out;
  out.bits = PBAY_CAN_TEXT | PBAY_CAN_FILES;
  out.text_unit = PBAY_UNIT_UTF16;
  out.text_limit = chat.kind == ChatKind::kDirect ? 100 : 50;
  return out;
}

void EchoAdapter::typing(const Chat& chat) { log_debug("typing in " + chat.id); }

// Whatever a line says comes back.
Task<> EchoAdapter::serve_console() {
  const Completion listening = co_await listener_.listen(instance_);
  if (!listening.ok()) {
    co_return;
  }
  for (;;) {
    const ListenerEvent event = co_await listener_.next();
    if (event.kind == ListenerEventKind::kData && event.data == "bye") {
      listener_.hang_up(event.connection);
    } else if (event.kind == ListenerEventKind::kData) {
      listener_.send(event.connection, "echo " + event.data);
    }
  }
}

Task<> EchoAdapter::serve_webhook() {
  const Completion opened = co_await webhook_.open();
  if (!opened.ok()) {
    co_return;
  }
  for (;;) {
    const WebhookRequest request = co_await webhook_.next();
    webhook_.respond(request.id, request.header("X-Secret") == "s" ? 200 : 401, request.body);
  }
}

}  // namespace patchbay::echo

PATCHBAY_ADAPTER(patchbay::echo::EchoAdapter, "echo", PATCHBAY_ADAPTER_VERSION,
                 PATCHBAY_ADAPTER_VENDOR)
