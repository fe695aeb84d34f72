// Webhook: requests to /webhook/<instance> on the host's HTTP listener. A member of the adapter:
//
//   Webhook webhook_{runtime()};
//   ...
//   Completion open = co_await webhook_.open();   // text: the public URL, if one is configured
//   for (;;) { WebhookRequest request = co_await webhook_.next(); ... webhook_.respond(...); }
#ifndef PATCHBAY_SDK_WEBHOOK_HPP
#define PATCHBAY_SDK_WEBHOOK_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../ext/webhook.h"
#include "event_queue.hpp"
#include "http_request.hpp"
#include "operation.hpp"

namespace patchbay::sdk {

struct WebhookRequest {
  std::uint64_t id = 0;
  std::string method;
  std::string target;           // path below /webhook/<instance> and query, as received
  std::vector<Header> headers;  // names in lower case
  std::string body;             // raw: verify the signature over it before parsing

  WebhookRequest() = default;
  explicit WebhookRequest(const Known<pbay_webhook_request>& request)
      : id(request->request),
        method(copy(request->method)),
        target(copy(request->target)),
        headers(copy_headers(request->headers, request->header_count, request->header_stride)),
        body(copy(request->body)) {}

  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    return find_header(headers, name);
  }
};

class Webhook final : public EventSink {
 public:
  explicit Webhook(Runtime& runtime)
      : runtime_(runtime),
        webhook_(runtime.extension<pbay_webhook>(PBAY_EXT_WEBHOOK)),
        queue_(runtime) {
    runtime_.add_sink(this);
  }
  ~Webhook() { runtime_.remove_sink(this); }

  [[nodiscard]] auto open() {
    auto issue = [this](const pbay_host* host, pbay_op op) {
      op_ = op;
      runtime_.route(op, this);
      webhook_->open(host, op);
    };
    return Operation<Completion, decltype(issue)>(runtime_, GiveUp::kNever, webhook_ != nullptr,
                                                  nullptr, issue);
  }
  [[nodiscard]] auto next() noexcept { return queue_.next(); }

  // Once a request, within 10 s.
  void respond(std::uint64_t request, std::uint32_t status, std::string_view body = {},
               const std::vector<Header>& headers = {}) const {
    if (webhook_ != nullptr) {
      const std::vector<pbay_header> abi_headers = to_abi(headers);
      auto answer = make_abi<pbay_webhook_answer>();
      answer.status = status;
      answer.headers = abi_headers.data();
      answer.header_count = static_cast<std::uint32_t>(abi_headers.size());
      answer.header_stride = sizeof(pbay_header);
      answer.body = to_abi(body);
      webhook_->respond(runtime_.host(), request, &answer);
    }
  }
  void close() {
    if (op_ != 0) {
      webhook_->close(runtime_.host(), op_);
      runtime_.unroute(op_);
      op_ = 0;
    }
  }

  void event(const void* detail) override {
    WebhookRequest request(*static_cast<const pbay_webhook_request*>(detail));
    const std::uint64_t id = request.id;
    if (!queue_.push(std::move(request))) {
      respond(id, 503);
    }
  }
  void stop() override {
    close();
    queue_.stop();
  }

 private:
  Runtime& runtime_;
  const pbay_webhook* webhook_;
  EventQueue<WebhookRequest> queue_;
  pbay_op op_ = 0;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_WEBHOOK_HPP
