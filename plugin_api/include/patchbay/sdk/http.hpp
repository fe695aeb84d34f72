// Http: requests on the host's connection pool.
//
//   HttpRequest request = HttpRequest::post_json(url, body);
//   request.delivery(delivery.op);
//   HttpResponse response = co_await http.send(request);
#ifndef PATCHBAY_SDK_HTTP_HPP
#define PATCHBAY_SDK_HTTP_HPP

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_request.hpp"
#include "operation.hpp"

namespace patchbay::sdk {

struct [[nodiscard]] HttpResponse {
  std::int32_t code = PBAY_OK;  // PBAY_OK: an answer came, of whatever status
  std::string error;            // in words, when code is not PBAY_OK
  std::uint32_t status = 0;     // 0: no answer came
  SentState sent_state = SentState::kUnknown;
  std::vector<Header> headers;
  std::string body;
  std::int64_t staged_bytes = 0;

  HttpResponse() = default;
  // No request was made.
  HttpResponse(std::int32_t result_code, std::string_view words)
      : code(result_code), error(words), sent_state(SentState::kNotSent) {}
  explicit HttpResponse(const Known<pbay_completion>& completion)
      : code(completion->code), error(copy(completion->text)) {
    const auto* given = static_cast<const pbay_http_response*>(completion->detail);
    if (given != nullptr) {
      const Known<pbay_http_response> response(*given);
      status = response->status;
      sent_state = static_cast<SentState>(response->sent_state);
      headers = copy_headers(response->headers, response->header_count, response->header_stride);
      body = copy(response->body);
      staged_bytes = response->staged_bytes;
    }
  }

  [[nodiscard]] bool answered() const noexcept { return code == PBAY_OK && status != 0; }
  [[nodiscard]] bool success() const noexcept {
    return answered() && status >= 200 && status < 300;
  }
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    return find_header(headers, name);
  }
  // Retry-After in seconds, as the APIs of chat platforms give it (fractions too), or -1.
  [[nodiscard]] std::int64_t retry_after_ms() const noexcept {
    const std::string_view text = header("Retry-After");
    double seconds = 0;
    const auto [end, error_code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool whole = error_code == std::errc{} && end == text.data() + text.size();
    return whole && seconds >= 0 && seconds < 1e9 ? static_cast<std::int64_t>(seconds * 1000) : -1;
  }
  // The result of a delivery whose request got no answer: by what the transport proved.
  [[nodiscard]] Result unanswered(std::string_view doing) const {
    std::string words = std::string(doing) + ": " + error;
    if (sent_state == SentState::kNotSent) {
      return Result::not_sent(code, std::move(words));
    }
    return Result::unknown(std::move(words));
  }
};

class Http {
 public:
  explicit Http(Runtime& runtime)
      : runtime_(runtime), http_(runtime.extension<pbay_http>(PBAY_EXT_HTTP)) {}

  // A request outside a delivery is cancelled when the instance stops.
  [[nodiscard]] auto send(const HttpRequest& request) {
    const GiveUp give_up = request.delivery_op() != 0 ? GiveUp::kEnding : GiveUp::kDraining;
    const CancelFunction cancel = http_ != nullptr ? http_->cancel : nullptr;
    return Operation<HttpResponse, Send>(runtime_, give_up, http_ != nullptr, cancel,
                                         Send(runtime_, http_, request));
  }
  void send(HttpRequest&&) = delete;  // name it: it must live until the answer

 private:
  // Keeps the evidence about a delivery whose coroutine may end without a proper result.
  class Send {
   public:
    Send(Runtime& runtime, const pbay_http* http, const HttpRequest& request)
        : runtime_(&runtime), http_(http), request_(&request) {}

    void operator()(const pbay_host* host, pbay_op op) {
      had_left_ = runtime_->set_may_have_left(delivery_op(), true);
      request_->issue(http_, host, op);
    }
    void completed(const HttpResponse& response) {
      // A refusal proves as much as a connection that never was.
      const bool refused = response.answered() && response.status >= 400 && response.status < 500;
      if (refused || response.sent_state == SentState::kNotSent) {
        runtime_->set_may_have_left(delivery_op(), had_left_);
      }
    }
    [[nodiscard]] pbay_op delivery_op() const noexcept { return request_->delivery_op(); }

   private:
    Runtime* runtime_;
    const pbay_http* http_;
    const HttpRequest* request_;
    bool had_left_ = false;
  };

  Runtime& runtime_;
  const pbay_http* http_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_HTTP_HPP
