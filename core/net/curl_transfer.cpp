#include "net/curl_transfer.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Result;
using base::Status;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool takes_no_body(std::string_view method) { return is_one_of(method, {"GET", "HEAD"}); }

}  // namespace

Result<std::unique_ptr<CurlTransfer>> CurlTransfer::make(HttpRequest request,
                                                         const HttpClientOptions& options,
                                                         std::string_view boundary) {
  std::unique_ptr<CurlTransfer> transfer(new CurlTransfer(std::move(request), options));
  PATCHBAY_TRY(transfer->prepare(boundary));
  return transfer;
}

CurlTransfer::CurlTransfer(HttpRequest request, const HttpClientOptions& options)
    : request_(std::move(request)), options_(options) {}

CurlTransfer::~CurlTransfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(header_list_);
}

Status CurlTransfer::prepare(std::string_view boundary) {
  PATCHBAY_ASSIGN(origin_, parse_origin(request_.url));
  const Status checked = check_request();
  if (!checked.ok()) {
    return checked.with_context(origin_.str());
  }
  PATCHBAY_TRY(allowed(""));
  auto body = RequestBody::make(std::move(request_.body), boundary);
  if (!body.ok()) {
    return body.status().with_context(origin_.str());
  }
  body_ = std::move(body).value();
  easy_ = curl_easy_init();
  if (easy_ == nullptr) {
    return {Code::kIo, "libcurl has no memory for another request"};
  }
  configure();
  return {};
}

Status CurlTransfer::check_request() const {
  const bool method_ok = !request_.method.empty() && request_.method.size() <= 20 &&
                         std::all_of(request_.method.begin(), request_.method.end(),
                                     [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; }) &&
                         !is_one_of(request_.method, {"CONNECT", "TRACE"});
  if (!method_ok) {
    return {Code::kInvalidArgument, "the request's method is not one that can be sent"};
  }
  for (const HttpHeader& header : request_.headers) {
    PATCHBAY_TRY(check_header(header));
    if (is_one_of(base::to_lower(header.name),
                  {"host", "content-length", "transfer-encoding", "connection", "expect"})) {
      return {Code::kInvalidArgument, "header " + header.name + " is written by the client itself"};
    }
  }
  return {};
}

Status CurlTransfer::allowed(std::string_view address) const {
  if (!request_.allow) {
    return {};
  }
  const Status verdict = request_.allow(origin_.host, address);
  return verdict.ok() ? verdict : verdict.with_context(origin_.str());
}

CurlTransfer::Next CurlTransfer::complete(CURLcode code) {
  if (!failure_.ok()) {
    return Next::kFinished;
  }
  if (code != CURLE_OK) {
    failure_ = refusal_.ok() ? describe(code) : refusal_;
    return Next::kFinished;
  }
  if (!answered_) {
    failure_ = describe(CURLE_GOT_NOTHING);  // libcurl is content with half a header
    return Next::kFinished;
  }
  char* target = nullptr;
  if (!is_followed_redirect() ||
      curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &target) != CURLE_OK || target == nullptr) {
    return Next::kFinished;
  }
  failure_ = follow(std::string(target));
  return failure_.ok() ? Next::kRedirected : Next::kFinished;
}

bool CurlTransfer::is_followed_redirect() const {
  return request_.redirects == HttpRedirects::kFollow &&
         (http_status_ == 301 || http_status_ == 302 || http_status_ == 303 ||
          http_status_ == 307 || http_status_ == 308);
}

Status CurlTransfer::follow(std::string_view target) {
  const std::string from = origin_.str();
  if (++redirects_ > limits::kHttpRedirects) {
    return {Code::kRefused,
            from + ": more than " + std::to_string(limits::kHttpRedirects) + " redirects"};
  }
  const Result<HttpOrigin> parsed = parse_origin(target);
  if (!parsed.ok()) {
    return {Code::kRefused, from + ": redirected to something that is not plain http or https"};
  }
  if (origin_.scheme == "https" && parsed->scheme == "http") {
    return {Code::kRefused, from + ": redirected from https to http at " + parsed->str() +
                                ", where anybody could read it"};
  }
  if (!(parsed.value() == origin_)) {
    std::erase_if(request_.headers, [](const HttpHeader& header) {
      return is_one_of(base::to_lower(header.name), {"authorization", "cookie"});
    });
  }
  const bool repeats = http_status_ == 307 || http_status_ == 308;
  if (!repeats && !takes_no_body(request_.method)) {
    request_.method = "GET";
    body_ = RequestBody();
    std::erase_if(request_.headers, [](const HttpHeader& header) {
      return base::to_lower(header.name).starts_with("content-");
    });
  }
  origin_ = parsed.value();
  request_.url = target;
  PATCHBAY_TRY(allowed(""));
  configure();
  return {};
}

void CurlTransfer::abort(Status why) {
  if (failure_.ok()) {
    failure_ = std::move(why);
  }
}

CurlTransfer::Resumed CurlTransfer::resume() {
  paused_ = false;
  const CURLcode code = curl_easy_pause(easy_, CURLPAUSE_CONT);
  if (code != CURLE_OK) {
    abort(describe(code));
  }
  return failure_.ok() ? Resumed::kGoesOn : Resumed::kFailed;
}

// Only scheme, host and port of the URL, and of libcurl's own text only what it says about TLS: it
// may quote a URL elsewhere.
Status CurlTransfer::describe(CURLcode code) const {
  const std::string where = origin_.str() + ": ";
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Code::kUnavailable,
              where + "the host name cannot be resolved; check the name and this machine's DNS"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {Code::kUnavailable,
              where + "the proxy's name cannot be resolved; check net.proxy in the configuration"};
    case CURLE_COULDNT_CONNECT: {
      long error_number = 0;
      curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &error_number);
      return error_number == 0
                 ? Status(Code::kUnavailable, where + "no connection")
                 : Status(Code::kUnavailable, Status::from_errno(static_cast<int>(error_number),
                                                                 where + "no connection")
                                                  .message());
    }
    case CURLE_OPERATION_TIMEDOUT:
      return {Code::kTimeout, where + "no connection within " +
                                  std::to_string(limits::kHttpConnect.count()) + " s"};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return {Code::kUnavailable, where + "TLS failed: " + error_text_.data()};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE: {
      long proxy_status = 0;
      curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
      if (proxy_status >= 300) {
        return {Code::kUnavailable, where + "the proxy refuses the way there with HTTP status " +
                                        std::to_string(proxy_status)};
      }
      return {Code::kUnavailable,
              where + (hop_bytes_out_ == 0 ? "the connection ended before the request was sent"
                                           : "the connection ended before the whole answer came")};
    }
    default:
      return {Code::kUnavailable, where + curl_easy_strerror(code)};
  }
}

HttpResult CurlTransfer::take_result() {
  HttpResult result;
  result.status = std::move(failure_);
  // Never by libcurl's code: only what was counted proves anything.
  result.sent_state = bytes_out_ == 0 ? SentState::kNotSent
                      : answered_     ? SentState::kAnswered
                                      : SentState::kUnknown;
  if (answered_) {
    result.http_status = http_status_;
    result.headers = std::move(headers_);
    result.body = std::move(response_);
  }
  result.sink_bytes = sink_bytes_;
  return result;
}

}  // namespace patchbay::net
