// A client, one request at a time, and what every answer must keep to.
#pragma once

#include <fcntl.h>
#include <memory>
#include <optional>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "net/http_client.hpp"
#include "net_test.hpp"
#include "scripted_server.hpp"

namespace patchbay::net {

// In every URL's path and query: never to be seen in an error.
inline constexpr std::string_view kSecretPath = "/botSECRET/send?token=SECRET";

class ClientTest : public NetTest {
 protected:
  ClientTest() { make_client({}); }

  void make_client(HttpClientOptions options) {
    client_.reset();
    auto made = make_http_client(loop_, std::move(options));
    ASSERT_TRUE(made.ok()) << made.status().message();
    client_ = std::move(made).value();
  }

  HttpClient::Operation start(HttpRequest request) {
    result_.reset();
    return client_->start(std::move(request), [this](HttpResult result) {
      EXPECT_FALSE(result_.has_value()) << "completed twice";
      result_ = std::move(result);
    });
  }

  [[nodiscard]] bool done() const { return result_.has_value(); }

  HttpResult finish() {
    EXPECT_TRUE(run_until([this] { return done(); })) << "no completion came";
    HttpResult result = result_ ? std::move(*result_) : HttpResult();
    EXPECT_EQ(result.status.message().find("SECRET"), std::string::npos) << result.status.message();
    return result;
  }

  HttpResult perform(HttpRequest request) {
    start(std::move(request));
    return finish();
  }

  std::unique_ptr<HttpClient> client_;
  std::optional<HttpResult> result_;
};

inline HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

inline HttpRequest post(const std::string& url, std::string body) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.body = std::move(body);
  return request;
}

// An open file without a name.
inline base::UniqueFd file_with(std::string_view content) {
  base::UniqueFd fd(::memfd_create("body", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  return fd;
}

inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>((i * 7 + i / 251) % 256);
  }
  return text;
}

}  // namespace patchbay::net
