// HttpRequest: what Http::send() sends.
#ifndef PATCHBAY_SDK_HTTP_REQUEST_HPP
#define PATCHBAY_SDK_HTTP_REQUEST_HPP

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../ext/http.h"
#include "abi.hpp"

namespace patchbay::sdk {

struct Header {
  std::string name;
  std::string value;

  Header() = default;
  Header(std::string header_name, std::string header_value)
      : name(std::move(header_name)), value(std::move(header_value)) {}
};

// The value of the first header of that name, whatever its case; empty when there is none.
[[nodiscard]] inline std::string_view find_header(const std::vector<Header>& headers,
                                                  std::string_view name) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const Header& header : headers) {
    bool same = header.name.size() == name.size();
    for (std::size_t i = 0; same && i < name.size(); ++i) {
      same = lower(header.name[i]) == lower(name[i]);
    }
    if (same) {
      return header.value;
    }
  }
  return {};
}

[[nodiscard]] inline std::vector<Header> copy_headers(const pbay_header* first, std::uint32_t count,
                                                      std::uint32_t stride) {
  std::vector<Header> out;
  out.reserve(count);
  for_each_abi(first, count, stride, [&out](const pbay_header& header) {
    out.emplace_back(copy(header.name), copy(header.value));
  });
  return out;
}

// Points into the headers.
[[nodiscard]] inline std::vector<pbay_header> to_abi(const std::vector<Header>& headers) {
  std::vector<pbay_header> out;
  out.reserve(headers.size());
  for (const Header& header : headers) {
    auto& added = out.emplace_back(make_abi<pbay_header>());
    added.name = to_abi(header.name);
    added.value = to_abi(header.value);
  }
  return out;
}

// One request. Keep it until it has been answered. A descriptor stays open until then, too.
class HttpRequest {
 public:
  HttpRequest(std::string method, std::string url)
      : method_(std::move(method)), url_(std::move(url)) {}

  static HttpRequest get(std::string url) { return {"GET", std::move(url)}; }
  static HttpRequest post(std::string url) { return {"POST", std::move(url)}; }
  static HttpRequest post_json(std::string url, std::string json) {
    HttpRequest out("POST", std::move(url));
    out.body("application/json", std::move(json));
    return out;
  }

  HttpRequest& header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  HttpRequest& bearer(std::string_view token) {
    return header("Authorization", "Bearer " + std::string(token));
  }
  HttpRequest& body(std::string content_type, std::string bytes) {
    body_ = std::move(bytes);
    return header("Content-Type", std::move(content_type));
  }
  // `size` bytes of fd from its start.
  HttpRequest& body_file(std::string content_type, int fd, std::int64_t size) {
    body_fd_ = fd;
    body_fd_size_ = size;
    return header("Content-Type", std::move(content_type));
  }
  // From here on the body is multipart/form-data.
  HttpRequest& field(std::string name, std::string value) {
    Part& part = parts_.emplace_back();
    part.name = std::move(name);
    part.data = std::move(value);
    return *this;
  }
  HttpRequest& file(std::string name, std::string filename, std::string mime, int fd,
                    std::int64_t size) {
    Part& part = parts_.emplace_back();
    part.name = std::move(name);
    part.filename = std::move(filename);
    part.mime = std::move(mime);
    part.fd = fd;
    part.size = size;
    return *this;
  }
  HttpRequest& file_bytes(std::string name, std::string filename, std::string mime,
                          std::string bytes) {
    Part& part = parts_.emplace_back();
    part.name = std::move(name);
    part.filename = std::move(filename);
    part.mime = std::move(mime);
    part.data = std::move(bytes);
    return *this;
  }

  // The delivery that it belongs to: the host judges by it what was sent.
  HttpRequest& delivery(pbay_op op) {
    delivery_op_ = op;
    return *this;
  }
  // The transport may repeat it.
  HttpRequest& idempotent() {
    flags_ |= PBAY_HTTP_IDEMPOTENT;
    return *this;
  }
  HttpRequest& follow_redirects() {
    flags_ |= PBAY_HTTP_FOLLOW_REDIRECTS;
    return *this;
  }
  HttpRequest& timeout(std::chrono::milliseconds limit) {
    timeout_ms_ = limit.count();
    return *this;
  }
  HttpRequest& max_response(std::int64_t bytes) {
    max_response_bytes_ = bytes;
    return *this;
  }
  // A 2xx body goes to this open staging handle; commit it afterwards.
  HttpRequest& response_to(std::uint64_t staging) {
    response_staging_ = staging;
    return *this;
  }

  [[nodiscard]] pbay_op delivery_op() const noexcept { return delivery_op_; }

  void issue(const pbay_http* http, const pbay_host* host, pbay_op op) const {
    const std::vector<pbay_header> headers = to_abi(headers_);
    std::vector<pbay_http_part> parts;
    parts.reserve(parts_.size());
    for (const Part& part : parts_) {
      parts.push_back(part.abi());
    }
    auto out = make_abi<pbay_http_request>();
    out.flags = flags_;
    out.delivery_op = delivery_op_;
    out.method = to_abi(method_);
    out.url = to_abi(url_);
    out.headers = headers.data();
    out.header_count = static_cast<std::uint32_t>(headers.size());
    out.header_stride = sizeof(pbay_header);
    out.body_fd = body_fd_;
    out.body_fd_size = body_fd_size_;
    out.body = to_abi(body_);
    out.parts = parts.empty() ? nullptr : parts.data();
    out.part_count = static_cast<std::uint32_t>(parts.size());
    out.part_stride = sizeof(pbay_http_part);
    out.response_staging = response_staging_;
    out.max_response_bytes = max_response_bytes_;
    out.timeout_ms = timeout_ms_;
    http->request(host, op, &out);
  }

 private:
  struct Part {
    std::string name;
    std::string filename;
    std::string mime;
    std::string data;
    int fd = -1;
    std::int64_t size = 0;

    [[nodiscard]] pbay_http_part abi() const noexcept {
      auto out = make_abi<pbay_http_part>();
      out.fd = fd;
      out.name = to_abi(name);
      out.filename = to_abi(filename);
      out.mime = to_abi(mime);
      out.data = to_abi(data);
      out.size = size;
      return out;
    }
  };

  std::string method_;
  std::string url_;
  std::vector<Header> headers_;
  std::string body_;
  int body_fd_ = -1;
  std::int64_t body_fd_size_ = 0;
  std::vector<Part> parts_;
  pbay_op delivery_op_ = 0;
  std::uint32_t flags_ = 0;
  std::int64_t timeout_ms_ = 0;
  std::int64_t max_response_bytes_ = 0;
  std::uint64_t response_staging_ = 0;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_HTTP_REQUEST_HPP
