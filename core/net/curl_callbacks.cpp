// What libcurl tells a transfer while it runs: here it is counted what left.
#include <charconv>
#include <netdb.h>
#include <sys/socket.h>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "net/curl_transfer.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Status;

std::string numeric_address(const curl_sockaddr& address) {
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(&address.addr, address.addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
    return {};
  }
  return text.data();
}

// "HTTP/1.1 200 OK" → 200.
int status_of(std::string_view line) {
  const std::size_t space = line.find(' ');
  int status = 0;
  if (space != std::string_view::npos) {
    const std::string_view digits = line.substr(space + 1, 3);
    std::from_chars(digits.data(), digits.data() + digits.size(), status);
  }
  return status;
}

}  // namespace

int CurlTransfer::on_debug(CURL*, curl_infotype type, char*, std::size_t size,
                           void* self) noexcept {
  auto* transfer = static_cast<CurlTransfer*>(self);
  // Before on_request() it is the CONNECT to a proxy that is written.
  if (transfer->requesting_ && (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT)) {
    transfer->bytes_out_ += size;
    transfer->hop_bytes_out_ += size;
  }
  return 0;
}

// A request is about to be written on a connection, new or kept.
int CurlTransfer::on_request(void* self, char* remote, char*, int, int) noexcept {
  auto* transfer = static_cast<CurlTransfer*>(self);
  if (!transfer->failure_.ok()) {
    return CURL_PREREQFUNC_ABORT;
  }
  // libcurl by itself writes a request again when a kept connection dies before an answer.
  if (transfer->hop_bytes_out_ > 0 && transfer->request_.repeat != HttpRepeat::kIdempotent) {
    transfer->failure_ =
        Status(Code::kUnavailable, transfer->origin_.str() +
                                       ": the connection ended after the request had left; it is "
                                       "not sent again, for it may have been carried out");
    return CURL_PREREQFUNC_ABORT;
  }
  if (!transfer->through_proxy_) {
    Status verdict = transfer->allowed(remote == nullptr ? "" : remote);
    if (!verdict.ok()) {
      transfer->failure_ = std::move(verdict);
      return CURL_PREREQFUNC_ABORT;
    }
  }
  transfer->refusal_ = Status();
  transfer->requesting_ = true;
  return CURL_PREREQFUNC_OK;
}

curl_socket_t CurlTransfer::on_open_socket(void* self, curlsocktype,
                                           curl_sockaddr* address) noexcept {
  auto* transfer = static_cast<CurlTransfer*>(self);
  transfer->requesting_ = false;
  if (!transfer->failure_.ok()) {
    return CURL_SOCKET_BAD;
  }
  if (!transfer->through_proxy_) {
    Status verdict = transfer->allowed(numeric_address(*address));
    if (!verdict.ok()) {
      transfer->refusal_ = std::move(verdict);
      return CURL_SOCKET_BAD;
    }
  }
  // libcurl 7.88 itself does not keep its sockets from child processes.
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count,
                                    void* self) noexcept {
  const std::string_view line(data, size * count);
  return static_cast<CurlTransfer*>(self)->header_line(line) ? line.size() : 0;
}

bool CurlTransfer::header_line(std::string_view line) {
  header_bytes_ += line.size();
  if (!failure_.ok()) {
    return false;
  }
  if (header_bytes_ > limits::kHttpHeaderBytes) {
    failure_ = Status(Code::kTooLarge, origin_.str() + ": the answer's header is larger than " +
                                           std::to_string(limits::kHttpHeaderBytes) + " bytes");
    return false;
  }
  if (answered_) {
    return true;  // trailers say nothing that is wanted
  }
  if (line.starts_with("HTTP/")) {
    http_status_ = status_of(line);
    headers_.clear();
    return true;
  }
  const std::string_view text = base::trim(line);
  if (text.empty()) {
    answered_ = http_status_ >= 200;  // 1xx precede the answer
    return true;
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    headers_.push_back({std::string(base::trim(text.substr(0, colon))),
                        std::string(base::trim(text.substr(colon + 1)))});
  }
  return true;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count,
                                  void* self) noexcept {
  return static_cast<CurlTransfer*>(self)->body_bytes({data, size * count});
}

std::size_t CurlTransfer::body_bytes(std::string_view bytes) {
  constexpr std::size_t kEnd = 0;
  if (!failure_.ok()) {
    return kEnd;
  }
  if (request_.sink && http_status_ >= 200 && http_status_ <= 299) {
    Status taken = request_.sink(bytes);
    if (taken.code() == Code::kBusy && failure_.ok()) {
      paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    if (!taken.ok()) {
      abort(std::move(taken));  // unless it was cancelled meanwhile
      return kEnd;
    }
    sink_bytes_ += bytes.size();
    return failure_.ok() ? bytes.size() : kEnd;
  }
  if (bytes.size() > request_.max_response_bytes - response_.size()) {
    failure_ = Status(Code::kTooLarge, origin_.str() + ": the answer is larger than " +
                                           std::to_string(request_.max_response_bytes) + " bytes");
    return kEnd;
  }
  response_ += bytes;
  return bytes.size();
}

std::size_t CurlTransfer::on_read(char* buffer, std::size_t size, std::size_t count,
                                  void* self) noexcept {
  auto* transfer = static_cast<CurlTransfer*>(self);
  if (!transfer->failure_.ok()) {
    return CURL_READFUNC_ABORT;
  }
  const auto filled = transfer->body_.read(buffer, size * count);
  if (!filled.ok()) {
    transfer->failure_ = filled.status().with_context(transfer->origin_.str());
    return CURL_READFUNC_ABORT;
  }
  return filled.value();
}

int CurlTransfer::on_seek(void* self, curl_off_t offset, int origin) noexcept {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const bool done =
      origin == SEEK_SET && offset >= 0 && transfer->body_.seek(static_cast<std::uint64_t>(offset));
  return done ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

}  // namespace patchbay::net
