// "patchbay.http/1" against the script.
#include <algorithm>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "fake_host_impl.hpp"
#include "limits.hpp"

namespace patchbay::testkit {
namespace {

// The first `size` bytes; nothing when the file has fewer, or is not open.
std::optional<std::string> read_file(int descriptor, std::int64_t size) {
  if (size < 0 || ::fcntl(descriptor, F_GETFD) < 0) {
    return std::nullopt;
  }
  std::string out(static_cast<std::size_t>(size), '\0');
  std::size_t done = 0;
  while (done < out.size()) {
    const auto count =
        ::pread(descriptor, out.data() + done, out.size() - done, static_cast<off_t>(done));
    if (count <= 0) {
      return std::nullopt;
    }
    done += static_cast<std::size_t>(count);
  }
  return out;
}

HttpReply no_answer(std::int32_t code, std::string words, std::uint32_t sent_state) {
  HttpReply out;
  out.code = code;
  out.error = std::move(words);
  out.status = 0;
  out.sent_state = sent_state;
  return out;
}

HttpReply waited_too_long() {
  return no_answer(PBAY_E_TIMEOUT,
                   "the request was not finished within its time: it waited for others of its "
                   "instance, of which " +
                       std::to_string(kMostRequests) + " at most are at work",
                   PBAY_NOT_SENT);
}

}  // namespace

std::string FakeHost::Impl::copy_file(int descriptor, std::int64_t size,
                                      const std::string& problem) {
  auto bytes = read_file(descriptor, size);
  if (!bytes) {
    breach(Rule::kHttp, "http.request: " + problem);
  }
  return std::move(bytes).value_or("");
}

RecordedRequest FakeHost::Impl::copy_request(const pbay_http_request& request) {
  RecordedRequest out;
  out.method = sdk::copy(request.method);
  out.url = sdk::copy(request.url);
  bool has_parts =
      check_array("http.request: parts", request.parts, request.part_count, request.part_stride);
  if (request.part_count > kMostRequestParts) {
    has_parts = false;
    breach(Rule::kHttp,
           "http.request: " + std::to_string(request.part_count) + " parts, at most 256 are taken");
  }
  out.headers = headers_of("http.request", request.headers, request.header_count,
                           request.header_stride, kMostHeaders)
                    .value_or(std::vector<sdk::Header>());
  out.delivery_op = request.delivery_op;
  out.idempotent = (request.flags & PBAY_HTTP_IDEMPOTENT) != 0;
  out.follow_redirects = (request.flags & PBAY_HTTP_FOLLOW_REDIRECTS) != 0;
  out.response_staging = request.response_staging;
  out.max_response_bytes = request.max_response_bytes > 0
                               ? std::min(request.max_response_bytes, kMostResponseBytes)
                               : kUsualResponseBytes;
  out.timeout_ms = request.timeout_ms > 0
                       ? std::min<std::int64_t>(request.timeout_ms, kMostRequestTime.count())
                       : kUsualRequestTime.count();
  out.body = request.body_fd < 0
                 ? sdk::copy(request.body)
                 : copy_file(request.body_fd, request.body_fd_size,
                             "body_fd cannot be read, or is shorter than body_fd_size");
  sdk::for_each_abi(
      request.parts, has_parts ? request.part_count : 0, request.part_stride,
      [&](const pbay_http_part& part) {
        RecordedPart& kept = out.parts.emplace_back();
        kept.name = sdk::copy(part.name);
        kept.filename = sdk::copy(part.filename);
        kept.mime = sdk::copy(part.mime);
        kept.bytes = part.fd < 0 ? sdk::copy(part.data)
                                 : copy_file(part.fd, part.size,
                                             "the file of part " + kept.name +
                                                 " cannot be read, or is shorter than its size");
      });
  return out;
}

std::int32_t FakeHost::Impl::request_refused(const RecordedRequest& request, std::size_t breaches) {
  check_request(request);
  if (request.response_staging != 0 && staged_.find(request.response_staging) == staged_.end()) {
    breach(Rule::kHttp, "http.request: response_staging is not an open handle");
  }
  if (const std::int32_t code = refusal_since(breaches); code != PBAY_OK) {
    return code;
  }
  if (request.delivery_op == 0) {
    return PBAY_OK;
  }
  const auto found = operations_.find(request.delivery_op);
  if (found == operations_.end() || found->second.done) {
    breach(Rule::kHttp, "http.request for a delivery that does not exist or is completed: " +
                            request.describe());
    return PBAY_E_CANCELLED;
  }
  if (found->second.part_op != 0) {
    breach(Rule::kParts,
           "http.request for the next part before the last one is durable: " + request.describe());
  }
  return PBAY_OK;
}

void FakeHost::Impl::http_request(pbay_op op, const pbay_http_request* given) {
  begin(op, "http.request");
  if (!check_struct("http.request", given)) {
    http_answer(op, {}, no_answer(PBAY_E_INVALID, "the request is incomplete", PBAY_NOT_SENT));
    return;
  }
  const std::size_t breaches = breaches_.size();
  RecordedRequest request = copy_request(*given);
  if (const std::int32_t code = request_refused(request, breaches); code != PBAY_OK) {
    http_answer(op, {},
                no_answer(code, "a host refuses it: " + breaches_.back().what, PBAY_NOT_SENT));
  } else if (at_work_.size() < kMostRequests) {
    const std::int64_t due_ms = now_ms_ + request.timeout_ms;
    http_start(op, std::move(request), due_ms);
  } else {
    http_wait(op, std::move(request));
  }
}

void FakeHost::Impl::http_start(pbay_op op, RecordedRequest request, std::int64_t due_ms) {
  request.at_ms = now_ms_;
  std::optional<HttpReply> reply = http_.take(request);
  if (!reply) {
    breach(Rule::kScript,
           "unexpected request: " + request.describe() + "\nstill expected:" + http_.unmet());
    reply = no_answer(PBAY_E_NETWORK, "the test did not expect this request", PBAY_NOT_SENT);
  }
  std::int64_t answer_ms = now_ms_ + reply->after.count();
  if (reply->hangs || answer_ms >= due_ms) {
    answer_ms = due_ms;
    reply = no_answer(PBAY_E_TIMEOUT, "no answer in time", PBAY_SENT_UNKNOWN);
  }
  if (answer_ms == now_ms_) {
    http_answer(op, request, std::move(*reply));
    return;
  }
  at_work_[op] = at(answer_ms, [this, op, request = std::move(request), reply = std::move(*reply)] {
    at_work_.erase(op);
    http_answer(op, request, reply);
    http_start_waiting();
  });
}

void FakeHost::Impl::http_wait(pbay_op op, RecordedRequest request) {
  turns_.push_back(op);
  WaitingRequest& waiting = waiting_requests_[op];
  waiting.due_ms = now_ms_ + request.timeout_ms;
  waiting.request = std::move(request);
  waiting.timer = at(waiting.due_ms, [this, op] {
    std::erase(turns_, op);
    waiting_requests_.erase(op);
    http_answer(op, {}, waited_too_long());
  });
}

void FakeHost::Impl::http_start_waiting() {
  while (at_work_.size() < kMostRequests && !turns_.empty()) {
    const pbay_op op = turns_.front();
    turns_.pop_front();
    WaitingRequest waiting = std::move(waiting_requests_.extract(op).mapped());
    forget(waiting.timer);
    if (waiting.due_ms > now_ms_) {
      http_start(op, std::move(waiting.request), waiting.due_ms);
    } else {
      http_answer(op, {}, waited_too_long());
    }
  }
}

void FakeHost::Impl::http_answer(pbay_op op, const RecordedRequest& request, HttpReply reply) {
  std::int64_t staged_bytes = 0;
  if (request.response_staging != 0 && reply.status >= 200 && reply.status < 300) {
    const auto found = staged_.find(request.response_staging);
    staged_bytes = static_cast<std::int64_t>(reply.body.size());
    if (staged_bytes > options_.max_staged_bytes) {
      reply.code = PBAY_E_TOO_LARGE;
      reply.error = "the file is larger than this host takes";
      staged_bytes = 0;
    } else if (found != staged_.end()) {
      found->second.bytes += reply.body;
    }
    reply.body.clear();
  } else if (static_cast<std::int64_t>(reply.body.size()) > request.max_response_bytes) {
    reply.code = PBAY_E_TOO_LARGE;
    reply.error = "the answer is larger than was asked for";
    reply.body.clear();
  }
  Completion completion(reply.code, 0, reply.error);
  completion.detail = [reply = std::move(reply), staged_bytes](LentMemory& lent) -> const void* {
    std::vector<pbay_header> headers;
    for (const sdk::Header& header : reply.headers) {
      auto& added = headers.emplace_back(sdk::make_abi<pbay_header>());
      added.name = lent.text(header.name);
      added.value = lent.text(header.value);
    }
    auto out = sdk::make_abi<pbay_http_response>();
    out.status = reply.status;
    out.sent_state = reply.sent_state;
    out.headers = lent.array(headers, out.header_stride);
    out.header_count = static_cast<std::uint32_t>(headers.size());
    out.body = lent.text(reply.body);
    out.staged_bytes = staged_bytes;
    return lent.object(out);
  };
  complete(op, std::move(completion));
}

void FakeHost::Impl::http_cancel(pbay_op op) {
  called("http.cancel");
  if (const auto waiting = waiting_requests_.find(op); waiting != waiting_requests_.end()) {
    forget(waiting->second.timer);
    waiting_requests_.erase(waiting);
    std::erase(turns_, op);
    http_answer(op, {}, no_answer(PBAY_E_CANCELLED, "the request was cancelled", PBAY_NOT_SENT));
  } else if (const auto found = at_work_.find(op); found != at_work_.end()) {
    forget(found->second);
    at_work_.erase(found);
    http_answer(op, {}, no_answer(PBAY_E_CANCELLED, "cancelled", PBAY_SENT_UNKNOWN));
    http_start_waiting();
  }  // else the answer was faster
}

}  // namespace patchbay::testkit
