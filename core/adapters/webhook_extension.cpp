#include "adapters/webhook_extension.hpp"

#include <utility>
#include <vector>

#include <patchbay/ext/webhook.h>

#include "adapters/abi_headers.hpp"
#include "adapters/abi_text.hpp"
#include "adapters/instance.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::adapters {
namespace {

constexpr std::uint32_t kMostAnswerHeaders = 64;

class WebhookDetail final : public Detail {
 public:
  WebhookDetail(std::uint64_t id, net::HttpServerRequest request, std::string target)
      : request_(std::move(request)), target_(std::move(target)) {
    headers_ = abi_headers(request_.headers);
    abi_.struct_size = sizeof(pbay_webhook_request);
    abi_.request = id;
    abi_.method = adapters::abi(request_.method);
    abi_.target = adapters::abi(target_);
    abi_.headers = headers_.data();
    abi_.header_count = static_cast<std::uint32_t>(headers_.size());
    abi_.header_stride = sizeof(pbay_header);
    abi_.body = adapters::abi(request_.body);
  }
  [[nodiscard]] DetailKind kind() const override { return DetailKind::kWebhook; }
  [[nodiscard]] const void* abi() const override { return &abi_; }
  [[nodiscard]] std::size_t bytes() const override {
    return request_.body.size() + bytes_of(request_.headers) + target_.size();
  }

 private:
  net::HttpServerRequest request_;
  std::string target_;
  std::vector<pbay_header> headers_;
  pbay_webhook_request abi_{};
};

void open_route(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op](Instance& instance) { instance.webhooks().open(op); });
  }
}

net::HttpServerAnswer copy_answer(const pbay_webhook_answer* answered) {
  net::HttpServerAnswer answer;
  answer.status = 500;
  const auto given = known_part(answered);
  if (!given) {
    return answer;
  }
  auto headers =
      copy_headers(given->headers, given->header_count, given->header_stride, kMostAnswerHeaders);
  if (!headers.ok() || given->status < 200 || given->status > 599) {
    return answer;
  }
  answer.status = static_cast<int>(given->status);
  for (net::HttpHeader& header : *headers) {
    if (net::check_header(header).ok()) {
      answer.headers.push_back(std::move(header));
    }
  }
  answer.body = copy(given->body);
  return answer;
}

void respond_to(const pbay_host* host, std::uint64_t request,
                const pbay_webhook_answer* given) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return;
  }
  net::HttpServerAnswer answer = copy_answer(given);
  if (!answer.body.empty()) {
    ++bridge->webhook_answers;  // before it can leave, and before a delivery can end
  }
  bridge->post([request, answer = std::move(answer)](Instance& instance) mutable {
    instance.webhooks().respond(request, std::move(answer));
  });
}

void close_route(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op](Instance& instance) { instance.webhooks().close(op); });
  }
}

void log_crowded(const base::InstanceName& instance) {
  base::log_warning("webhook.crowded",
                    {{"instance", instance.str()},
                     {"reason",
                      "more requests wait than its adapter deals with, so further ones are "
                      "answered 503: let nobody but its platform reach webhooks.listen"}});
}

// Platforms repeat what was answered 503.
net::HttpServerAnswer crowded_answer() {
  return {.status = 503,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Retry-After", "1"}},
          .body = "Too many requests wait for this instance: send it again.\n"};
}

}  // namespace

void WebhookExtension::open(pbay_op op) {
  if (!owner_.begin(op, "webhook")) {
    return;
  }
  if (server_ == nullptr) {
    owner_.complete(op, {.code = PBAY_E_UNSUPPORTED,
                         .text = "no listener for webhooks is open: set webhooks.listen"});
    return;
  }
  if (op_ != 0) {
    owner_.complete(op, {.code = PBAY_E_BUSY, .text = "the instance's route is open already"});
    return;
  }
  op_ = op;
  server_->open(
      owner_.bridge().name(),
      [this](net::HttpServerRequest request, const std::string& target,
             net::HttpResponder respond) { take(std::move(request), target, std::move(respond)); });
  owner_.complete_open(op, {.text = server_->public_url(owner_.bridge().name())});
}

void WebhookExtension::take(net::HttpServerRequest request, const std::string& target,
                            net::HttpResponder respond) {
  const std::uint64_t id = ++last_request_;
  auto detail = std::make_unique<WebhookDetail>(id, std::move(request), target);
  const std::size_t size = detail->bytes() + kUntakenEventBytes;
  if (untaken_ + size > kUntakenWebhookBytes) {
    if (!std::exchange(crowded_, true)) {
      log_crowded(owner_.bridge().name());
    }
    respond(crowded_answer());
    return;
  }
  untaken_ += size;
  Waiting& waiting = waiting_[id];
  waiting.respond = std::move(respond);
  // A responder that is let go without a call answers 503.
  waiting.timer =
      owner_.services().loop.run_after(limits::kWebhookAnswer, [this, id] { waiting_.erase(id); });
  owner_.emit(op_, std::move(detail), [this, size] {
    untaken_ -= size;
    crowded_ = crowded_ && untaken_ > kUntakenWebhookBytes / 2;
  });
}

void WebhookExtension::respond(std::uint64_t request, net::HttpServerAnswer answer) {
  const auto found = waiting_.find(request);
  if (found == waiting_.end()) {
    return;  // answered already, or too late
  }
  owner_.services().loop.cancel(found->second.timer);
  const net::HttpResponder respond = std::move(found->second.respond);
  waiting_.erase(found);
  respond(std::move(answer));
}

void WebhookExtension::close(pbay_op op) {
  if (op != 0 && op == op_) {
    shut_down();
    owner_.end(op);
  }
}

void WebhookExtension::shut_down() {
  if (op_ == 0) {
    return;
  }
  op_ = 0;
  server_->close(owner_.bridge().name());
  for (const auto& [id, waiting] : waiting_) {
    owner_.services().loop.cancel(waiting.timer);
  }
  waiting_.clear();
}

const void* webhook_table() {
  static constexpr pbay_webhook kTable = {sizeof(pbay_webhook), 0, open_route, respond_to,
                                          close_route};
  return &kTable;
}

}  // namespace patchbay::adapters
