#include <gmock/gmock.h>

#include "client_test.hpp"

namespace patchbay::net {
namespace {

using base::Code;

class RedirectTest : public ClientTest {
 protected:
  static HttpRequest following(HttpRequest request) {
    request.redirects = HttpRedirects::kFollow;
    return request;
  }
};

// A server that answers the first request with the redirect and records what comes next.
struct Redirecting {
  explicit Redirecting(const std::string& status, const std::string& location)
      : server([this, status, location](Peer& peer, int) {
          while (true) {
            SeenRequest request = peer.read_request();
            if (request.head.empty()) {
              return;
            }
            seen.push_back(request);
            if (seen.size() == 1) {
              peer.answer("elsewhere", "Location: " + location + "\r\n", status);
            } else {
              peer.answer("here");
            }
          }
        }) {}
  std::vector<SeenRequest> seen;  // read after stop()
  ScriptedServer server;
};

TEST_F(RedirectTest, IsAnAnswerUnlessFollowed) {
  Redirecting to("302 Found", "/next");
  const HttpResult result = perform(get(to.server.url(kSecretPath)));
  EXPECT_EQ(result.http_status, 302);
  EXPECT_EQ(result.body, "elsewhere");
  EXPECT_EQ(*find_header(result.headers, "location"), "/next");
}

TEST_F(RedirectTest, WithoutLocationIsAnAnswer) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.answer("nowhere", "", "302 Found");
  });
  const HttpResult result = perform(following(get(server.url("/"))));
  EXPECT_EQ(result.http_status, 302);
  EXPECT_EQ(result.body, "nowhere");
}

TEST_F(RedirectTest, SeeOtherBecomesAGetWithoutBody) {
  for (const char* status : {"301 Moved Permanently", "302 Found", "303 See Other"}) {
    Redirecting to(status, "/next?a=1");
    HttpRequest request = following(post(to.server.url("/"), "body"));
    request.headers = {{"Content-Type", "text/plain"}, {"Authorization", "Bearer SECRET"}};
    EXPECT_EQ(perform(std::move(request)).body, "here");
    to.server.stop();
    ASSERT_EQ(to.seen.size(), 2U);
    EXPECT_EQ(to.seen[1].line(), "GET /next?a=1 HTTP/1.1");
    EXPECT_FALSE(to.seen[1].has("Content-"));
    EXPECT_TRUE(to.seen[1].has("Authorization: Bearer SECRET\r\n")) << "the same origin";
  }
}

TEST_F(RedirectTest, TemporaryAndPermanentRedirectsRepeatTheRequest) {
  for (const char* status : {"307 Temporary Redirect", "308 Permanent Redirect"}) {
    Redirecting to(status, "/next");
    const std::string content = pattern(50'000);
    const base::UniqueFd file = file_with(content);
    HttpRequest request = following(post(to.server.url("/"), ""));
    request.body = FileContent{file.get(), 50'000};
    EXPECT_EQ(perform(std::move(request)).body, "here");
    to.server.stop();
    ASSERT_EQ(to.seen.size(), 2U);
    EXPECT_EQ(to.seen[1].line(), "POST /next HTTP/1.1");
    EXPECT_EQ(to.seen[1].body, content);
  }
}

TEST_F(RedirectTest, CredentialsDoNotFollowToAnotherOrigin) {
  SeenRequest seen;
  ScriptedServer other([&](Peer& peer, int) {
    seen = peer.read_request();
    peer.answer("other");
  });
  Redirecting to("307 Temporary Redirect", other.url("/"));
  HttpRequest request = following(get(to.server.url("/")));
  request.headers = {{"authorization", "SECRET"}, {"Cookie", "SECRET"}, {"X-Kept", "yes"}};
  EXPECT_EQ(perform(std::move(request)).body, "other");
  other.stop();
  EXPECT_FALSE(seen.has("SECRET"));
  EXPECT_TRUE(seen.has("X-Kept: yes"));
}

TEST_F(RedirectTest, EachHopIsAskedOf) {
  ScriptedServer other([](Peer&, int) { FAIL() << "not allowed"; });
  Redirecting to("302 Found", other.url("/SECRET", "http", "0.0.0.0"));
  HttpRequest request = following(get(to.server.url(kSecretPath)));
  request.allow = [](std::string_view host, std::string_view) {
    return host == "127.0.0.1" ? base::Status() : base::Status(Code::kRefused, "not allowed");
  };
  const HttpResult result = perform(std::move(request));
  EXPECT_EQ(result.status.code(), Code::kRefused);
  EXPECT_EQ(result.http_status, 302);
  EXPECT_EQ(other.connections(), 0);
}

TEST_F(RedirectTest, AnotherSchemeIsRefused) {
  for (const char* location :
       {"ftp://127.0.0.1/SECRET", "file:///etc/passwd", "javascript:SECRET"}) {
    Redirecting to("302 Found", location);
    const HttpResult result = perform(following(get(to.server.url(kSecretPath))));
    // What is no absolute URL to libcurl is a path on the same host.
    EXPECT_TRUE(result.status.code() == Code::kRefused || result.body == "here") << location;
  }
}

TEST_F(RedirectTest, EndsAfterFive) {
  std::atomic<int> requests = 0;
  ScriptedServer server([&](Peer& peer, int) {
    while (!peer.read_request().head.empty()) {
      ++requests;
      peer.answer("", "Location: /SECRET/again\r\n", "302 Found");
    }
  });
  const HttpResult result = perform(following(get(server.url(kSecretPath))));
  EXPECT_EQ(result.status.code(), Code::kRefused);
  EXPECT_EQ(result.http_status, 302);
  EXPECT_EQ(requests, 6);
}

TEST_F(RedirectTest, WhatLeftBeforeARedirectHasLeft) {
  Redirecting to("307 Temporary Redirect",
                 "http://127.0.0.1:" + std::to_string(unused_port()) + "/");
  const HttpResult result = perform(following(post(to.server.url(kSecretPath), "x")));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
  EXPECT_EQ(result.http_status, 0);
}

TEST_F(RedirectTest, CountsInTheTimeOfTheWholeRequest) {
  ScriptedServer slow([](Peer& peer, int) { peer.wait_for_end(); });
  Redirecting to("302 Found", slow.url("/SECRET"));
  HttpRequest request = following(get(to.server.url(kSecretPath)));
  request.timeout = base::Milliseconds(100);
  const HttpResult result = perform(std::move(request));
  EXPECT_EQ(result.status.code(), Code::kTimeout);
  EXPECT_EQ(result.status.message().find(slow.url("")), 0U) << "names the hop that is slow";
}

}  // namespace
}  // namespace patchbay::net
