// "patchbay.http/1" against the script.
#include <unistd.h>
#include <utility>

#include "fake_host_impl.hpp"
#include "limits.hpp"

namespace patchbay::testkit {
namespace {

constexpr std::int64_t kDefaultTimeoutMs = 60'000;
constexpr std::int64_t kDefaultResponseBytes = 4 * 1024 * 1024;

// The first `size` bytes; nothing when the file has fewer.
std::optional<std::string> read_file(int descriptor, std::int64_t size) {
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

}  // namespace

void FakeHost::Impl::http_request(pbay_op op, const pbay_http_request* given) {
  begin(op, "http.request");
  if (!check_struct("http.request", given)) {
    HttpReply refused;
    refused.code = PBAY_E_INVALID;
    refused.error = "the request is incomplete";
    refused.status = 0;
    refused.sent_state = PBAY_NOT_SENT;
    http_answer(op, {}, std::move(refused));
    return;
  }
  const pbay_http_request& request = *given;
  RecordedRequest recorded;
  recorded.method = sdk::copy(request.method);
  recorded.url = sdk::copy(request.url);
  const bool has_parts =
      check_array("http.request: parts", request.parts, request.part_count, request.part_stride);
  recorded.headers = headers_of("http.request", request.headers, request.header_count,
                                request.header_stride, kMostHeaders);
  check_request(recorded);
  recorded.body = sdk::copy(request.body);
  recorded.delivery_op = request.delivery_op;
  recorded.idempotent = (request.flags & PBAY_HTTP_IDEMPOTENT) != 0;
  recorded.follow_redirects = (request.flags & PBAY_HTTP_FOLLOW_REDIRECTS) != 0;
  recorded.response_staging = request.response_staging;
  recorded.max_response_bytes =
      request.max_response_bytes > 0 ? request.max_response_bytes : kDefaultResponseBytes;
  recorded.timeout_ms = request.timeout_ms > 0 ? request.timeout_ms : kDefaultTimeoutMs;
  recorded.at_ms = now_ms_;
  if (request.body_fd >= 0) {
    const auto bytes = read_file(request.body_fd, request.body_fd_size);
    if (!bytes) {
      breach(Rule::kHttp, "http.request: body_fd cannot be read, or is shorter than body_fd_size");
    }
    recorded.body = bytes.value_or("");
  }
  sdk::for_each_abi(request.parts, has_parts ? request.part_count : 0, request.part_stride,
                    [&](const pbay_http_part& part) {
                      RecordedPart& kept = recorded.parts.emplace_back();
                      kept.name = sdk::copy(part.name);
                      kept.filename = sdk::copy(part.filename);
                      kept.mime = sdk::copy(part.mime);
                      kept.bytes = sdk::copy(part.data);
                      if (part.fd >= 0) {
                        const auto bytes = read_file(part.fd, part.size);
                        if (!bytes) {
                          breach(Rule::kHttp, "http.request: the file of part " + kept.name +
                                                  " cannot be read, or is shorter than its size");
                        }
                        kept.bytes = bytes.value_or("");
                      }
                    });
  if (recorded.delivery_op != 0) {
    const auto found = operations_.find(recorded.delivery_op);
    if (found == operations_.end() || found->second.done) {
      breach(Rule::kHttp, "http.request for a delivery that does not exist or is completed: " +
                              recorded.describe());
    } else if (found->second.part_op != 0) {
      breach(Rule::kParts, "http.request for the next part before the last one is durable: " +
                               recorded.describe());
    }
  }
  if (recorded.response_staging != 0 && staged_.find(recorded.response_staging) == staged_.end()) {
    breach(Rule::kHttp, "http.request: response_staging is not an open handle");
  }

  std::optional<HttpReply> reply = http_.take(recorded);
  if (!reply) {
    breach(Rule::kScript,
           "unexpected request: " + recorded.describe() + "\nstill expected:" + http_.unmet());
    reply.emplace();
    reply->code = PBAY_E_NETWORK;
    reply->error = "the test did not expect this request";
    reply->status = 0;
    reply->sent_state = PBAY_NOT_SENT;
  }
  if (reply->hangs || reply->after.count() >= recorded.timeout_ms) {
    reply->after = std::chrono::milliseconds(recorded.timeout_ms);
    reply->code = PBAY_E_TIMEOUT;
    reply->error = "no answer in time";
    reply->status = 0;
    reply->sent_state = PBAY_SENT_UNKNOWN;
    reply->body.clear();
  }
  if (reply->after.count() == 0) {
    http_answer(op, recorded, std::move(*reply));
    return;
  }
  waiting_[op] = at(now_ms_ + reply->after.count(), [this, op, recorded, reply = *reply] {
    waiting_.erase(op);
    http_answer(op, recorded, reply);
  });
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
  const auto found = waiting_.find(op);
  if (found == waiting_.end()) {
    return;  // the answer was faster
  }
  forget(found->second);
  waiting_.erase(found);
  Completion completion(PBAY_E_CANCELLED, 0, "cancelled");
  completion.detail = [](LentMemory& lent) -> const void* {
    auto out = sdk::make_abi<pbay_http_response>();
    out.sent_state = PBAY_SENT_UNKNOWN;
    return lent.object(out);
  };
  complete(op, std::move(completion));
}

}  // namespace patchbay::testkit
