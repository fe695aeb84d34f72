#include "adapters/http_extension.hpp"

#include <algorithm>
#include <fcntl.h>
#include <utility>

#include <patchbay/ext/http.h>

#include "adapters/abi_headers.hpp"
#include "adapters/abi_text.hpp"
#include "adapters/instance.hpp"
#include "attachments/staging.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;

constexpr std::uint32_t kMostRequestHeaders = 256;
constexpr std::uint32_t kMostParts = 256;
constexpr base::Milliseconds kLongestTimeout = std::chrono::hours(1);

class HttpDetail final : public Detail {
 public:
  explicit HttpDetail(net::HttpResult result) : result_(std::move(result)) {
    headers_ = abi_headers(result_.headers);
    abi_.struct_size = sizeof(pbay_http_response);
    abi_.status = static_cast<std::uint32_t>(result_.http_status);
    abi_.sent_state = sent_state();
    abi_.headers = headers_.data();
    abi_.header_count = static_cast<std::uint32_t>(headers_.size());
    abi_.header_stride = sizeof(pbay_header);
    abi_.body = adapters::abi(result_.body);
    abi_.staged_bytes = static_cast<std::int64_t>(result_.sink_bytes);
  }
  [[nodiscard]] DetailKind kind() const override { return DetailKind::kHttp; }
  [[nodiscard]] const void* abi() const override { return &abi_; }
  [[nodiscard]] std::size_t bytes() const override {
    return result_.body.size() + bytes_of(result_.headers);
  }

 private:
  [[nodiscard]] std::uint32_t sent_state() const {
    switch (result_.sent_state) {
      case net::SentState::kNotSent:
        return PBAY_NOT_SENT;
      case net::SentState::kAnswered:
        return PBAY_SENT;
      case net::SentState::kUnknown:
        return PBAY_SENT_UNKNOWN;
    }
    return PBAY_SENT_UNKNOWN;
  }

  net::HttpResult result_;
  std::vector<pbay_header> headers_;
  pbay_http_response abi_{};
};

std::int32_t http_code(const net::HttpResult& result) {
  if (result.status.code() == Code::kUnavailable) {
    return result.sent_state == net::SentState::kNotSent ? PBAY_E_NETWORK : PBAY_E_CUT;
  }
  return code_of(result.status);
}

Status incomplete(std::string_view what) {
  return {Code::kInvalidArgument, "http request: " + std::string(what)};
}

Status copy_file(int fd, std::int64_t size, net::HttpContent& out, HttpRequestCopy& copy) {
  base::UniqueFd duplicate(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!duplicate.valid() || size < 0) {
    return incomplete("its file is not open, or has no size");
  }
  out = net::FileContent{duplicate.get(), size};
  copy.descriptors.push_back(std::move(duplicate));
  return {};
}

Status copy_parts(const pbay_http_request& request, HttpRequestCopy& out) {
  const std::string_view no_list = "its parts are not a list of at most 256 pbay_http_part";
  if (request.part_count > kMostParts) {
    return incomplete(no_list);
  }
  std::vector<net::HttpPart> parts;
  for (std::uint32_t i = 0; i < request.part_count; ++i) {
    const auto part = known_element(request.parts, request.part_stride, i);
    if (!part) {
      return incomplete(no_list);
    }
    net::HttpPart& added = parts.emplace_back();
    added.name = copy(part->name);
    added.filename = copy(part->filename);
    added.mime = copy(part->mime);
    if (part->fd >= 0) {
      PATCHBAY_TRY(copy_file(part->fd, part->size, added.content, out));
    } else {
      added.content = copy(part->data);
    }
  }
  out.request.body = std::move(parts);
  return {};
}

Status copy_body(const pbay_http_request& request, HttpRequestCopy& out) {
  if (request.parts != nullptr) {
    return copy_parts(request, out);
  }
  if (request.body_fd >= 0) {
    net::HttpContent content;
    PATCHBAY_TRY(copy_file(request.body_fd, request.body_fd_size, content, out));
    out.request.body = std::get<net::FileContent>(content);
  } else if (request.body.size != 0) {
    out.request.body = copy(request.body);
  }
  return {};
}

Status copy_request(const pbay_http_request& request, HttpRequestCopy& out) {
  out.delivery_op = request.delivery_op;
  out.response_staging = request.response_staging;
  out.request.method = copy(request.method);
  out.request.url = copy(request.url);
  auto headers = copy_headers(request.headers, request.header_count, request.header_stride,
                              kMostRequestHeaders);
  if (!headers.ok()) {
    return incomplete(headers.status().message());
  }
  out.request.headers = std::move(headers).value();
  if ((request.flags & PBAY_HTTP_IDEMPOTENT) != 0) {
    out.request.repeat = net::HttpRepeat::kIdempotent;
  }
  if ((request.flags & PBAY_HTTP_FOLLOW_REDIRECTS) != 0) {
    out.request.redirects = net::HttpRedirects::kFollow;
  }
  if (request.max_response_bytes > 0) {
    out.request.max_response_bytes = std::min<std::uint64_t>(
        static_cast<std::uint64_t>(request.max_response_bytes), limits::kHttpResponseMost);
  }
  if (request.timeout_ms > 0) {
    out.request.timeout =
        std::min<base::Milliseconds>(base::Milliseconds(request.timeout_ms), kLongestTimeout);
  }
  return copy_body(request, out);
}

void request_http(const pbay_host* host, pbay_op op,
                  const pbay_http_request* request) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return;
  }
  HttpRequestCopy copied;
  const auto known = known_part(request);
  copied.problem =
      known ? copy_request(*known, copied) : incomplete("it is incomplete (struct_size)");
  bridge->post([op, copied = std::move(copied)](Instance& instance) mutable {
    instance.http().request(op, std::move(copied));
  });
}

void cancel_http(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op](Instance& instance) { instance.http().cancel(op); });
  }
}

// A request that cannot make anything visible, or may be repeated, proves nothing about a delivery.
bool may_carry_a_delivery(const net::HttpRequest& request) {
  return request.method != "GET" && request.method != "HEAD" &&
         request.repeat == net::HttpRepeat::kNever;
}

}  // namespace

Completion http_refusal(const Status& why) {
  net::HttpResult result;
  result.status = why;
  result.sent_state = net::SentState::kNotSent;
  Completion completion = completion_of(why);
  completion.detail = std::make_unique<HttpDetail>(std::move(result));
  return completion;
}

HttpExtension::HttpExtension(ExtensionOwner& owner, DeliveryEvidence& evidence,
                             std::shared_ptr<const HostRules> rules)
    : owner_(owner), evidence_(evidence), rules_(std::move(rules)) {}

Status HttpExtension::admit(HttpRequestCopy& copied) {
  PATCHBAY_TRY(copied.problem);
  if (copied.response_staging != 0 && !owner_.bridge().staging.has(copied.response_staging)) {
    return incomplete("response_staging is not an open handle");
  }
  copied.request.allow = [rules = rules_](std::string_view host, std::string_view address) {
    return rules->check(host, address);
  };
  if (copied.delivery_op != 0) {
    if (!evidence_.request_begins(copied.delivery_op)) {
      return {Code::kCancelled, "the delivery that this request is for is over"};
    }
  } else if (may_carry_a_delivery(copied.request)) {
    evidence_.untagged_request();
  }
  return {};
}

void HttpExtension::request(pbay_op op, HttpRequestCopy copied) {
  const Status begun = owner_.try_begin(op, "http");
  if (begun.code() == Code::kBusy) {
    owner_.turn_away(op, http_refusal(begun), nullptr);
  }
  if (!begun.ok()) {
    return;
  }
  if (const Status refused = admit(copied); !refused.ok()) {
    owner_.complete(op, http_refusal(refused));
    return;
  }
  ++requests_;
  Running& running = running_[op];
  running.delivery_op = copied.delivery_op;
  if (copied.response_staging != 0) {
    running.writer = std::make_shared<StagingWriter>(
        owner_.bridge().shared_from_this(), owner_.services().storage, op, copied.response_staging);
    copied.request.sink = [writer = running.writer](std::string_view bytes) {
      return writer->take(bytes);
    };
  }
  if (at_work_ < limits::kHttpRequestsPerInstance) {
    start(op, running, std::move(copied));
  } else {
    wait(op, running, std::move(copied));
  }
}

void HttpExtension::start(pbay_op op, Running& running, HttpRequestCopy copied) {
  ++at_work_;
  running.operation = owner_.services().http->start(
      std::move(copied.request),
      [bridge = owner_.bridge().shared_from_this(), op,
       descriptors = std::move(copied.descriptors)](net::HttpResult result) {
        if (bridge->instance() != nullptr) {
          bridge->instance()->http().answered(op, std::move(result));
        }
      });
}

void HttpExtension::wait(pbay_op op, Running& running, HttpRequestCopy copied) {
  waiting_.push_back(op);
  running.due = owner_.services().loop.now() + copied.request.timeout;
  running.waiting.emplace(std::move(copied));
  running.timer = owner_.services().loop.run_at(running.due, [this, op] {
    stop_waiting(
        op, Status(Code::kTimeout,
                   "the request was not finished within its time: it waited for others "
                   "of its instance, of which " +
                       std::to_string(limits::kHttpRequestsPerInstance) + " at most are at work"));
  });
}

void HttpExtension::stop_waiting(pbay_op op, const Status& why) {
  Running& running = running_.at(op);
  owner_.services().loop.cancel(running.timer);
  running.waiting.reset();
  std::erase(waiting_, op);
  net::HttpResult result;
  result.status = why;
  // Later, as that of a request at work comes.
  owner_.services().loop.post(
      [bridge = owner_.bridge().shared_from_this(), op, result = std::move(result)]() mutable {
        if (bridge->instance() != nullptr) {
          bridge->instance()->http().ended(op, std::move(result));
        }
      });
}

void HttpExtension::answered(pbay_op op, net::HttpResult result) {
  --at_work_;
  if (!waiting_.empty()) {
    start_next();
  }
  ended(op, std::move(result));
}

void HttpExtension::start_next() {
  const pbay_op next = waiting_.front();
  waiting_.pop_front();
  Running& running = running_.at(next);
  base::Loop& loop = owner_.services().loop;
  loop.cancel(running.timer);
  HttpRequestCopy copied = std::move(*std::exchange(running.waiting, std::nullopt));
  copied.request.timeout = std::max(std::chrono::ceil<base::Milliseconds>(running.due - loop.now()),
                                    base::Milliseconds(1));
  start(next, running, std::move(copied));
}

void HttpExtension::ended(pbay_op op, net::HttpResult result) {
  const auto found = running_.find(op);
  if (found == running_.end()) {
    return;
  }
  Running& running = found->second;
  if (running.writer && !result.status.ok()) {
    running.writer->drop_rest();
  }
  running.result = std::move(result);
  if (!running.writer || running.writer->idle()) {
    finish(op, std::move(running_.extract(found).mapped()));
  }
}

void HttpExtension::written(pbay_op op) {
  const auto found = running_.find(op);
  if (found == running_.end()) {
    return;
  }
  Running& running = found->second;
  if (running.result) {
    if (running.writer->idle()) {
      finish(op, std::move(running_.extract(found).mapped()));
    }
  } else if (!running.writer->failure().ok()) {
    owner_.services().http->cancel(running.operation);
  } else if (running.writer->was_busy()) {
    owner_.services().http->resume(running.operation);
  }
}

void HttpExtension::finish(pbay_op op, Running finished) {
  net::HttpResult& result = *finished.result;
  const net::SentState sent = result.sent_state;
  if (finished.writer) {
    result.sink_bytes = finished.writer->written();
    // A request that was cancelled for it ends with what the disk said.
    if (result.status.ok() || result.status.code() == Code::kCancelled) {
      result.status = finished.writer->failure().ok() ? result.status : finished.writer->failure();
    }
  }
  if (result.status.code() == Code::kRefused) {
    owner_.host_refused(result.status);
  }
  Completion completion{.code = http_code(result), .text = result.status.message()};
  completion.detail = std::make_unique<HttpDetail>(std::move(result));
  owner_.complete(op, std::move(completion));
  if (finished.delivery_op != 0) {
    evidence_.request_ended(finished.delivery_op, sent);
  }
}

void HttpExtension::cancel(pbay_op op) {
  const auto found = running_.find(op);
  if (found != running_.end()) {
    cancel(op, found->second);
  }
}

void HttpExtension::cancel(pbay_op op, const Running& running) {
  if (running.waiting) {
    stop_waiting(op, Status(Code::kCancelled, "the request was cancelled"));
  } else {
    owner_.services().http->cancel(running.operation);
  }
}

void HttpExtension::cancel_for(pbay_op delivery_op) {
  for (const auto& [op, running] : running_) {
    if (running.delivery_op == delivery_op) {
      cancel(op, running);
    }
  }
}

void HttpExtension::shut_down() {
  for (const auto& [op, running] : running_) {
    if (running.writer) {
      running.writer->drop_rest();
    }
    cancel(op, running);
  }
}

const void* http_table() {
  static constexpr pbay_http kTable = {sizeof(pbay_http), 0, request_http, cancel_http};
  return &kTable;
}

}  // namespace patchbay::adapters
