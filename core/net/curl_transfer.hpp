// One request on one libcurl handle: its options, what its callbacks count, and the verdict.
// Internal; the core thread.
#pragma once

#include <array>
#include <cstdint>
#include <curl/curl.h>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "net/http_client.hpp"
#include "net/request_body.hpp"

namespace patchbay::net {

class CurlTransfer {
 public:
  // The failures of the request itself: kInvalidArgument, kIo, kRefused.
  [[nodiscard]] static base::Result<std::unique_ptr<CurlTransfer>> make(
      HttpRequest request, const HttpClientOptions& options, std::string_view boundary);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  [[nodiscard]] CURL* easy() const { return easy_; }
  [[nodiscard]] base::Milliseconds timeout() const { return request_.timeout; }

  // Of the current hop.
  [[nodiscard]] const HttpOrigin& origin() const { return origin_; }

  enum class Next : std::uint8_t { kFinished, kRedirected };
  // After libcurl has finished and the handle was removed. kRedirected: its options are new, but
  // for CURLOPT_PRIVATE; add it again.
  [[nodiscard]] Next complete(CURLcode code);

  // From now on libcurl's callbacks refuse to go on.
  void abort(base::Status why);

  // The sink was busy: libcurl keeps what it did not take.
  [[nodiscard]] bool paused() const { return paused_; }
  // Offers it again. kFailed: the sink failed, and libcurl does not end the transfer for that.
  enum class Resumed : std::uint8_t { kGoesOn, kFailed };
  [[nodiscard]] Resumed resume();

  // What is proven so far; once.
  [[nodiscard]] HttpResult take_result();

 private:
  CurlTransfer(HttpRequest request, const HttpClientOptions& options);
  [[nodiscard]] base::Status prepare(std::string_view boundary);
  [[nodiscard]] base::Status check_request() const;
  void configure();
  void configure_trust_and_way();
  void configure_body();
  void configure_headers();
  [[nodiscard]] base::Status follow(std::string_view target);
  [[nodiscard]] base::Status allowed(std::string_view address) const;
  [[nodiscard]] base::Status describe(CURLcode code) const;
  [[nodiscard]] bool is_followed_redirect() const;
  [[nodiscard]] bool header_line(std::string_view line);
  // What libcurl's write function returns.
  [[nodiscard]] std::size_t body_bytes(std::string_view bytes);

  static int on_debug(CURL* easy, curl_infotype type, char* data, std::size_t size,
                      void* self) noexcept;
  static int on_request(void* self, char* remote, char* local, int remote_port,
                        int local_port) noexcept;
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose,
                                      curl_sockaddr* address) noexcept;
  static std::size_t on_header(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_read(char* buffer, std::size_t size, std::size_t count,
                             void* self) noexcept;
  static int on_seek(void* self, curl_off_t offset, int origin) noexcept;

  HttpRequest request_;
  const HttpClientOptions& options_;  // the client's
  HttpOrigin origin_;                 // of the current hop
  RequestBody body_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  bool through_proxy_ = false;
  int redirects_ = 0;

  // What ended the request, if it was not libcurl: ours before libcurl's own words.
  base::Status failure_;
  base::Status refusal_;  // of an address; another one of the same name may still be allowed

  bool requesting_ = false;      // the connection stands: what is written now is the request
  bool paused_ = false;          // until the sink has room
  bool answered_ = false;        // an answer's whole header came, on the current hop
  std::uint64_t bytes_out_ = 0;  // of the request, all hops and repetitions
  std::uint64_t hop_bytes_out_ = 0;
  int http_status_ = 0;
  HttpHeaders headers_;
  std::size_t header_bytes_ = 0;
  std::string response_;
  std::uint64_t sink_bytes_ = 0;
};

}  // namespace patchbay::net
