#include "adapter.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "protocol.hpp"

namespace mychannel {

using namespace patchbay::sdk;

namespace {

// Takes the same time however much of it is right.
bool same_secret(std::string_view given, std::string_view expected) {
  unsigned difference = given.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size() && i < expected.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i] ^ expected[i]);
  }
  return difference == 0;
}

// [region refusal]
// An answer that is no success, as the host needs to know it: what may be tried again, and when.
Result refusal(const HttpResponse& response) {
  const std::string words = "the platform answered " + std::to_string(response.status);
  switch (response.status) {
    case 401:
    case 403:
      return Result::not_sent(PBAY_E_UNAUTHORIZED, words + ": give the instance a valid token");
    case 404:
      return Result::not_sent(PBAY_E_CHAT_NOT_FOUND, words + ": there is no such chat");
    case 413:
      return Result::not_sent(PBAY_E_TOO_LARGE, words + ": it is too large");
    case 429:
      return Result::rate_limited(response.retry_after_ms(), RetryScope::kChat, words);
    default:
      break;
  }
  if (response.status >= 500) {
    return Result::unknown(words);  // it may have been done all the same
  }
  return Result::not_sent(PBAY_E_REJECTED, words);
}
// [/region]

}  // namespace

// [region settings]
Result MyChannelAdapter::configure(std::string_view settings_json) {
  // The host has checked it against settings.schema.json, and put the secrets in.
  const auto settings = nlohmann::json::parse(settings_json);
  api_base_ = settings.at("api_base");
  token_ = settings.at("token");
  webhook_secret_ = settings.at("webhook_secret");
  if (webhook_secret_.size() < 16) {
    return Result::not_sent(PBAY_E_INVALID,
                            "webhook_secret has less than 16 characters: make a longer one");
  }
  return {};
}
// [/region]

// [region webhook]
Task<> MyChannelAdapter::run() {
  const Completion opened = co_await webhook_.open();
  if (!opened.ok()) {
    set_state(StateKind::kFailed, opened.text, "set webhooks.listen in the configuration");
    co_return;
  }
  log_info("tell the platform to call " + opened.text);  // the public URL
  set_state(StateKind::kOnline);
  while (true) {
    const WebhookRequest request = co_await webhook_.next();
    const std::uint32_t status = co_await take(request);
    webhook_.respond(request.id, status);
  }
}

Task<std::uint32_t> MyChannelAdapter::take(const WebhookRequest& request) {
  if (!same_secret(request.header("X-Secret"), webhook_secret_)) {
    co_return 401U;
  }
  const auto events = translate("update", request.body);
  if (!events) {
    co_return 400U;
  }
  const std::vector<Event>& batch = *events;
  const std::vector<Submitted> results = co_await submit_all(batch);
  std::uint32_t status = 200;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!settled(batch[i], results[i])) {
      status = 503;  // it is on no disk: the platform must send it again
    }
  }
  co_return status;
}
// [/region]

std::optional<std::vector<Event>> MyChannelAdapter::translate(std::string_view kind,
                                                              std::string_view payload) {
  return kind == "update" ? events_of(payload) : std::nullopt;
}

// [region parts]
// The text, if there is one, is the first part; each file is a part of its own.
static std::uint32_t text_parts(const Delivery& delivery) {
  return delivery.text.empty() && !delivery.files.empty() ? 0 : 1;
}

Task<Result> MyChannelAdapter::deliver(Delivery delivery) {
  if (delivery.kind != DeliveryKind::kMessage) {
    co_return Result::not_sent(PBAY_E_UNSUPPORTED, "this channel can only send messages");
  }
  std::vector<std::string> ids = delivery.remote_ids;
  const auto parts = static_cast<std::uint32_t>(text_parts(delivery) + delivery.files.size());
  for (std::uint32_t number = delivery.parts_done; number < parts; ++number) {
    const HttpRequest request = part(delivery, number);
    const HttpResponse response = co_await http.send(request);
    if (!response.answered()) {
      co_return response.unanswered("the platform cannot be reached");
    }
    if (!response.success()) {
      co_return refusal(response);
    }
    ids.push_back(id_of(response.body, delivery.part_key(number)));
    const Completion durable = co_await part_sent(delivery.op, number, ids.back());
    if (!durable.ok()) {
      co_return Result::unknown("it was sent, but could not be recorded: " + durable.text);
    }
  }
  co_return Result::sent(ids);
}

HttpRequest MyChannelAdapter::part(const Delivery& delivery, std::uint32_t number) const {
  HttpRequest request = HttpRequest::post(api_base_ + "/messages");
  request.delivery(delivery.op).bearer(token_);
  request.header("Idempotency-Key", delivery.part_key(number));
  if (number < text_parts(delivery)) {
    request.body("application/json", message_json(delivery.chat.id, delivery.text));
  } else {
    const OutboundFile& file = delivery.files[number - text_parts(delivery)];
    request.field("chat", delivery.chat.id);
    request.file("file", file.name, file.mime, file.fd, file.size);
  }
  return request;
}
// [/region]

// [region fetch]
Task<Result> MyChannelAdapter::fetch(std::string reference, std::uint64_t staging_handle) {
  HttpRequest request = HttpRequest::get(api_base_ + "/files/" + reference);
  request.bearer(token_).idempotent().timeout(std::chrono::minutes(10));
  request.response_to(staging_handle);  // the body goes to disk, not through memory
  const HttpResponse response = co_await http.send(request);
  if (!response.answered()) {
    co_return Result::not_sent(response.code, "the file could not be fetched: " + response.error);
  }
  if (!response.success()) {
    co_return response.status == 404 ? Result::not_sent(PBAY_E_NOT_FOUND, "the file is gone")
                                     : refusal(response);
  }
  const Completion kept = co_await staging.commit(staging_handle);
  if (!kept.ok()) {
    co_return Result::not_sent(kept.code, kept.text);
  }
  co_return Result::sent();
}
// [/region]

// [region capabilities]
Capabilities MyChannelAdapter::capabilities(const Chat&) {
  Capabilities out;
  out.bits = PBAY_CAN_TEXT | PBAY_CAN_FILES | PBAY_CAN_IDEMPOTENT_SEND;
  out.text_unit = PBAY_UNIT_CODE_POINTS;
  out.text_limit = 4000;
  out.files_per_part = 1;
  out.file_bytes = 50LL * 1024 * 1024;
  out.chat_messages = 1;  // the platform's rule: one message a second in a chat
  out.chat_period_ms = 1000;
  return out;
}
// [/region]

}  // namespace mychannel

PATCHBAY_ADAPTER(mychannel::MyChannelAdapter, "mychannel", PATCHBAY_ADAPTER_VERSION,
                 PATCHBAY_ADAPTER_VENDOR)
