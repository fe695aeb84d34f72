#include "net/http_client.hpp"

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>

#include "client_test.hpp"
#include "stuck_resolver.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using ::testing::HasSubstr;
using ::testing::Not;

using HttpClientTest = ClientTest;

TEST_F(HttpClientTest, GivesStatusHeadersAndBodyOfAnAnswer) {
  SeenRequest seen;
  ScriptedServer server([&](Peer& peer, int) {
    seen = peer.read_request();
    peer.answer("{\"ok\":true}", "Content-Type: application/json\r\nX-Empty:\r\n");
  });
  HttpRequest request = get(server.url(kSecretPath));
  request.headers = {{"X-One", "1"}, {"X-None", ""}};
  const HttpResult result = perform(std::move(request));
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.http_status, 200);
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
  EXPECT_EQ(result.body, "{\"ok\":true}");
  ASSERT_NE(find_header(result.headers, "content-type"), nullptr);
  EXPECT_EQ(*find_header(result.headers, "CONTENT-TYPE"), "application/json");
  EXPECT_EQ(*find_header(result.headers, "x-empty"), "");
  server.stop();
  EXPECT_EQ(seen.line(), "GET " + std::string(kSecretPath) + " HTTP/1.1");
  EXPECT_TRUE(seen.has("\r\nX-One: 1\r\n"));
  EXPECT_TRUE(seen.has("\r\nX-None:\r\n"));
  EXPECT_TRUE(seen.has("\r\nUser-Agent: patchbay\r\n"));
}

TEST_F(HttpClientTest, AnErrorStatusIsAnAnswer) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.answer("slow down", "Retry-After: 3\r\n", "429 Too Many Requests");
  });
  const HttpResult result = perform(post(server.url(kSecretPath), "{}"));
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.http_status, 429);
  EXPECT_EQ(result.body, "slow down");
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
}

TEST_F(HttpClientTest, InterimAnswersAreNotTheAnswer) {
  ScriptedServer server([&](Peer& peer, int connection) {
    peer.read_request();
    peer.send("HTTP/1.1 103 Early Hints\r\nLink: </style>\r\n\r\n");
    if (connection == 1) {
      peer.answer("then");
    }
  });
  const HttpResult answered = perform(get(server.url("/")));
  EXPECT_EQ(answered.http_status, 200);
  EXPECT_EQ(answered.body, "then");
  EXPECT_EQ(find_header(answered.headers, "link"), nullptr);
  make_client({});
  const HttpResult cut = perform(post(server.url("/"), "x"));
  EXPECT_EQ(cut.status.code(), Code::kUnavailable);
  EXPECT_EQ(cut.http_status, 0);
  EXPECT_EQ(cut.sent_state, SentState::kUnknown);
}

TEST_F(HttpClientTest, HeadAndNoContentHaveNoBody) {
  ScriptedServer server([&](Peer& peer, int) {
    EXPECT_EQ(peer.read_request().line(), "HEAD / HTTP/1.1");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    EXPECT_EQ(peer.read_request().line(), "DELETE / HTTP/1.1");
    peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(peer.read_request().has("Content-Length: 0\r\n"));
    peer.answer("");
  });
  HttpRequest head = get(server.url("/"));
  head.method = "HEAD";
  EXPECT_EQ(perform(std::move(head)).http_status, 200);
  HttpRequest remove = get(server.url("/"));
  remove.method = "DELETE";
  EXPECT_EQ(perform(std::move(remove)).http_status, 204);
  HttpRequest empty_post = get(server.url("/"));
  empty_post.method = "POST";
  EXPECT_EQ(perform(std::move(empty_post)).http_status, 200);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, RefusesWhatCannotBeSentWithoutSendingAnything) {
  const auto refused = [this](HttpRequest request) {
    const HttpResult result = perform(std::move(request));
    EXPECT_EQ(result.status.code(), Code::kInvalidArgument) << result.status.message();
    EXPECT_EQ(result.sent_state, SentState::kNotSent);
    EXPECT_EQ(result.http_status, 0);
  };
  refused(get(""));
  refused(get("SECRET"));
  refused(get("ftp://host/SECRET"));
  refused(get("file:///etc/SECRET"));
  refused(get("http://"));
  refused(get("http://a b/SECRET"));
  refused(get("https://user:SECRET@host/"));
  refused(get(std::string("http://127.0.0.1/\0SECRET", 24)));
  for (const char* method : {"", "get", "GET /", "CONNECT", "G\r\nT"}) {
    HttpRequest request = get("http://127.0.0.1:1/SECRET");
    request.method = method;
    refused(std::move(request));
  }
  for (const HttpHeader& header :
       {HttpHeader{"X", "a\r\nY: SECRET"}, HttpHeader{"X\n", "a"}, HttpHeader{"", "a"},
        HttpHeader{"X", std::string("a\0b", 3)}, HttpHeader{"Host", "other"},
        HttpHeader{"content-length", "3"}, HttpHeader{"Transfer-Encoding", "chunked"}}) {
    HttpRequest request = get("http://127.0.0.1:1/SECRET");
    request.headers = {header};
    refused(std::move(request));
  }
  HttpRequest parts = get("http://127.0.0.1:1/SECRET");
  parts.body = std::vector<HttpPart>{{"file", "a", "text/plain\r\nX: y", std::string("x")}};
  refused(std::move(parts));
}

TEST_F(HttpClientTest, CompletionsComeLaterAndOnce) {
  start(get(""));
  EXPECT_FALSE(done());
  finish();
}

TEST_F(HttpClientTest, ANameThatDoesNotResolveIsNotSent) {
  // A label of over 63 bytes fails in the resolver itself, without a network.
  const std::string host = std::string(70, 'a') + ".invalid";
  const HttpResult result = perform(post("http://" + host + std::string(kSecretPath), "x"));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
  EXPECT_THAT(result.status.message(),
              HasSubstr("http://" + host + ":80: the host name cannot be"));
}

TEST_F(HttpClientTest, ARefusedConnectionIsNotSent) {
  const int port = unused_port();
  const std::string origin = "http://127.0.0.1:" + std::to_string(port);
  const HttpResult result = perform(post(origin + std::string(kSecretPath), "x"));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
  EXPECT_EQ(result.status.message(), origin + ": no connection: Connection refused");
}

TEST_F(HttpClientTest, KeepsTheCapInMemory) {
  ScriptedServer server([&](Peer& peer, int) {
    while (!peer.read_request().head.empty()) {
      peer.answer(std::string(1000, 'x'));
    }
  });
  HttpRequest fits = get(server.url(kSecretPath));
  fits.max_response_bytes = 1000;
  EXPECT_EQ(perform(std::move(fits)).body.size(), 1000U);
  HttpRequest over = get(server.url(kSecretPath));
  over.max_response_bytes = 999;
  const HttpResult result = perform(std::move(over));
  EXPECT_EQ(result.status.code(), Code::kTooLarge);
  EXPECT_EQ(result.http_status, 200);
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
  EXPECT_THAT(result.status.message(), HasSubstr("999 bytes"));
}

TEST_F(HttpClientTest, AnEndlessHeaderIsTooLarge) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  const HttpResult result = perform(post(server.url(kSecretPath), "x"));
  EXPECT_EQ(result.status.code(), Code::kTooLarge);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
}

TEST_F(HttpClientTest, ASinkTakesOnlyTheBodyOfSuccess) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.answer(pattern(100'000));
    peer.read_request();
    peer.answer("why not", "", "404 Not Found");
  });
  std::string taken;
  const auto with_sink = [&] {
    HttpRequest request = get(server.url("/"));
    request.max_response_bytes = 10;
    request.sink = [&taken](std::string_view bytes) {
      taken += bytes;
      return base::Status();
    };
    return request;
  };
  const HttpResult found = perform(with_sink());
  EXPECT_TRUE(found.status.ok());
  EXPECT_EQ(found.sink_bytes, 100'000U);
  EXPECT_TRUE(found.body.empty());
  EXPECT_EQ(taken, pattern(100'000));
  taken.clear();
  const HttpResult missing = perform(with_sink());
  EXPECT_EQ(missing.http_status, 404);
  EXPECT_EQ(missing.body, "why not");
  EXPECT_TRUE(taken.empty());
}

TEST_F(HttpClientTest, AFailingSinkEndsASlowDownloadWithItsOwnFailure) {
  std::atomic<bool> more = true;
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    // A chunk at a time: the next one only when the last has reached the sink.
    while (peer.send("4\r\nabcd\r\n")) {
      while (!more.exchange(false) && peer.fd() >= 0) {
        std::this_thread::yield();
      }
    }
  });
  std::size_t taken = 0;
  HttpRequest request = get(server.url(kSecretPath));
  request.sink = [&](std::string_view bytes) {
    more = true;
    if (taken + bytes.size() > 12) {
      return base::Status(Code::kTooLarge, "the file is too large");
    }
    taken += bytes.size();
    return base::Status();
  };
  const HttpResult result = perform(std::move(request));
  more = true;
  EXPECT_EQ(result.status.code(), Code::kTooLarge);
  EXPECT_EQ(result.status.message(), "the file is too large");
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
  EXPECT_EQ(result.http_status, 200);
  EXPECT_EQ(result.sink_bytes, 12U);
}

TEST_F(HttpClientTest, ABusySinkIsOfferedTheSameBytesAfterResume) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.answer(pattern(1'000'000));
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
      peer.send("1000\r\n" + pattern(0x1000) + "\r\n");
    }
    peer.send("0\r\n\r\n");
  });
  HttpClient::Operation operation = 0;
  std::string taken;
  bool has_room = false;
  int calls = 0;
  const auto with_sink = [&] {
    HttpRequest request = get(server.url("/"));
    request.sink = [&](std::string_view bytes) {
      ++calls;
      if (!std::exchange(has_room, false)) {
        return base::Status(Code::kBusy, "not now");
      }
      taken += bytes;
      return base::Status();
    };
    return request;
  };
  const auto download = [&] {
    taken.clear();
    operation = start(with_sink());
    int seen = 0;
    while (!done() && !testing::Test::HasFailure()) {
      EXPECT_TRUE(run_until([&] { return done() || calls > seen; })) << taken.size();
      run_ready();
      seen = calls;
      has_room = true;
      client_->resume(operation);
    }
    return finish();
  };
  const HttpResult sized = download();
  EXPECT_TRUE(sized.status.ok()) << sized.status.message();
  EXPECT_EQ(sized.sink_bytes, 1'000'000U);
  EXPECT_EQ(taken, pattern(1'000'000));
  const HttpResult chunked = download();
  EXPECT_TRUE(chunked.status.ok()) << chunked.status.message();
  EXPECT_EQ(taken.size(), 100U * 0x1000);
  EXPECT_EQ(taken.substr(99 * 0x1000), pattern(0x1000));
  client_->resume(operation);
}

TEST_F(HttpClientTest, ASinkThatFailsAfterResumeEndsTheRequest) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.answer(pattern(1'000'000));
  });
  int calls = 0;
  HttpRequest request = get(server.url("/"));
  request.sink = [&](std::string_view) {
    return ++calls == 1 ? base::Status(Code::kBusy, "not now")
                        : base::Status(Code::kIo, "the disk is full");
  };
  const HttpClient::Operation operation = start(std::move(request));
  ASSERT_TRUE(run_until([&] { return calls == 1; }));
  client_->resume(operation);
  const HttpResult result = finish();
  EXPECT_EQ(result.status.message(), "the disk is full");
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
  EXPECT_EQ(calls, 2);
}

TEST_F(HttpClientTest, ARequestThatStandsStillCanBeCancelled) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.answer(pattern(1'000'000));
  });
  int calls = 0;
  HttpRequest request = get(server.url("/"));
  request.sink = [&](std::string_view) {
    ++calls;
    return base::Status(Code::kBusy, "not now");
  };
  const HttpClient::Operation operation = start(std::move(request));
  ASSERT_TRUE(run_until([&] { return calls == 1; }));
  EXPECT_TRUE(client_->cancel(operation));
  client_->resume(operation);
  EXPECT_EQ(finish().status.code(), Code::kCancelled);
  EXPECT_EQ(calls, 1);
}

TEST_F(HttpClientTest, KeepsOneConnectionForManyRequests) {
  ScriptedServer server([&](Peer& peer, int) {
    while (true) {
      const SeenRequest request = peer.read_request();
      if (request.head.empty()) {
        return;
      }
      peer.answer(request.body);
    }
  });
  for (int i = 0; i < 200; ++i) {
    const std::string body = std::to_string(i);
    const HttpResult result = perform(post(server.url("/"), body));
    ASSERT_TRUE(result.status.ok()) << result.status.message();
    ASSERT_EQ(result.body, body);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, RunsAHundredAtOnceWithinThePool) {
  HttpClientOptions options;
  options.max_connections_per_host = 16;
  make_client(options);
  ScriptedServer server([&](Peer& peer, int) {
    while (true) {
      const SeenRequest request = peer.read_request();
      if (request.head.empty()) {
        return;
      }
      peer.answer(request.body);
    }
  });
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string body = pattern(static_cast<std::size_t>(i) * 100);
    client_->start(post(server.url("/"), body), [&answered, body](const HttpResult& result) {
      EXPECT_TRUE(result.status.ok()) << result.status.message();
      EXPECT_EQ(result.body, body);
      ++answered;
    });
  }
  EXPECT_TRUE(run_until([&] { return answered == 100; }));
  EXPECT_LE(server.connections(), 16);
}

TEST_F(HttpClientTest, AsksWhetherAHostAndItsAddressAreAllowed) {
  std::vector<std::string> asked;
  ScriptedServer server([&](Peer& peer, int) {
    while (!peer.read_request().head.empty()) {
      peer.answer("");
    }
  });
  bool allow_address = true;
  const auto guarded = [&] {
    HttpRequest request = get(server.url(kSecretPath));
    request.allow = [&](std::string_view host, std::string_view address) {
      asked.push_back(std::string(host) + "|" + std::string(address));
      return address.empty() || allow_address ? base::Status()
                                              : base::Status(Code::kRefused, "not that address");
    };
    return request;
  };
  EXPECT_TRUE(perform(guarded()).status.ok());
  EXPECT_THAT(asked,
              ::testing::ElementsAre("127.0.0.1|", "127.0.0.1|127.0.0.1", "127.0.0.1|127.0.0.1"));
  // The kept connection is asked about too.
  allow_address = false;
  const HttpResult kept = perform(guarded());
  EXPECT_EQ(kept.status.code(), Code::kRefused);
  EXPECT_EQ(kept.sent_state, SentState::kNotSent);
  make_client({});
  const HttpResult fresh = perform(guarded());
  EXPECT_EQ(fresh.status.code(), Code::kRefused);
  EXPECT_EQ(fresh.sent_state, SentState::kNotSent);
  EXPECT_THAT(fresh.status.message(), HasSubstr("not that address"));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ARefusedHostIsNotEvenResolved) {
  HttpRequest request = get("http://metadata.internal/SECRET");
  request.allow = [](std::string_view host, std::string_view address) {
    EXPECT_EQ(host, "metadata.internal");
    EXPECT_EQ(address, "");
    return base::Status(Code::kRefused, "not among the allowed hosts");
  };
  const HttpResult result = perform(std::move(request));
  EXPECT_EQ(result.status.code(), Code::kRefused);
  EXPECT_EQ(result.status.message(), "http://metadata.internal:80: not among the allowed hosts");
}

TEST_F(HttpClientTest, ANameThatAnswersOtherwiseTheNextTimeIsCheckedAgain) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.answer("here");
  });
  const ScriptedName name({{"127.0.0.2", "127.0.0.1"}, {"127.0.0.2"}});
  const auto request = [&] {
    HttpRequest made = get(server.url(kSecretPath, "http", kScriptedName));
    made.allow = [](std::string_view, std::string_view address) {
      return address == "127.0.0.2" ? base::Status(Code::kRefused, "a private address")
                                    : base::Status();
    };
    return made;
  };
  EXPECT_EQ(perform(request()).body, "here");
  EXPECT_EQ(name.questions(), 1) << "the connection went to the address that was checked";
  make_client({});  // which remembers no name
  const HttpResult rebound = perform(request());
  EXPECT_EQ(rebound.status.code(), Code::kRefused);
  EXPECT_EQ(rebound.sent_state, SentState::kNotSent);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, TheEnvironmentChoosesNoProxy) {
  const std::string nowhere = "http://127.0.0.1:" + std::to_string(unused_port());
  ::setenv("http_proxy", nowhere.c_str(), 1);
  ::setenv("ALL_PROXY", nowhere.c_str(), 1);
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.answer("direct");
  });
  // Not 127.0.0.1, for which no proxy is used anyway.
  EXPECT_EQ(perform(get(server.url("/", "http", "0.0.0.0"))).body, "direct");
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}

TEST_F(HttpClientTest, SpeaksThroughAProxyThatResolvesNames) {
  SeenRequest seen;
  ScriptedServer proxy([&](Peer& peer, int connection) {
    const SeenRequest request = peer.read_request();
    if (connection == 1) {
      seen = request;
      peer.answer("by proxy");
    } else {
      peer.answer("", "", "403 Forbidden");
    }
  });
  HttpClientOptions options;
  options.proxy = proxy.url("");
  make_client(options);
  HttpRequest plain = get("http://platform.invalid/SECRET");
  plain.allow = [](std::string_view host, std::string_view address) {
    EXPECT_EQ(host, "platform.invalid");
    EXPECT_EQ(address, "");
    return base::Status();
  };
  EXPECT_EQ(perform(std::move(plain)).body, "by proxy");
  EXPECT_EQ(seen.line(), "GET http://platform.invalid/SECRET HTTP/1.1");
  make_client(options);
  const HttpResult refused = perform(post("https://platform.invalid/SECRET", "x"));
  EXPECT_EQ(refused.status.code(), Code::kUnavailable);
  EXPECT_EQ(refused.sent_state, SentState::kNotSent) << "a CONNECT is not the request";
  EXPECT_THAT(refused.status.message(), HasSubstr("proxy"));
  EXPECT_THAT(refused.status.message(), HasSubstr("403"));
}

class HttpTlsTest : public ClientTest {
 protected:
  void trust(const SelfSigned& identity) {
    ca_file_ = ::testing::TempDir() + "patchbay-net-ca-" + std::to_string(::getpid()) + ".pem";
    std::ofstream(ca_file_) << identity.certificate;
    HttpClientOptions options;
    options.ca_file = ca_file_;
    make_client(options);
  }
  ~HttpTlsTest() override {
    if (!ca_file_.empty()) {
      ::unlink(ca_file_.c_str());
    }
  }
  std::string ca_file_;
};

TEST_F(HttpTlsTest, ACertificateNobodyTrustsIsNotSentTo) {
  const SelfSigned identity = make_self_signed("localhost");
  ScriptedServer server([&](Peer& peer, int) { EXPECT_FALSE(peer.start_tls(identity)); });
  const HttpResult result = perform(post(server.url(kSecretPath, "https", "localhost"), "x"));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
  EXPECT_THAT(result.status.message(), HasSubstr("TLS failed: SSL certificate problem"));
}

TEST_F(HttpTlsTest, TrustsTheConfiguredFileForTheNameInTheCertificate) {
  const SelfSigned identity = make_self_signed("localhost");
  trust(identity);
  ScriptedServer server([&](Peer& peer, int) {
    if (peer.start_tls(identity)) {
      peer.read_request();
      peer.answer("safe");
    }
  });
  EXPECT_EQ(perform(get(server.url("/", "https", "localhost"))).body, "safe");
  const HttpResult other = perform(get(server.url(kSecretPath, "https", "127.0.0.1")));
  EXPECT_EQ(other.status.code(), Code::kUnavailable);
  EXPECT_EQ(other.sent_state, SentState::kNotSent);
}

TEST_F(HttpTlsTest, AResetDuringTheHandshakeIsNotSent) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_some();
    peer.reset();
  });
  const HttpResult result = perform(post(server.url(kSecretPath, "https", "localhost"), "x"));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
}

TEST_F(HttpTlsTest, AResetAfterTheRequestIsUnknown) {
  const SelfSigned identity = make_self_signed("localhost");
  trust(identity);
  ScriptedServer server([&](Peer& peer, int) {
    if (peer.start_tls(identity)) {
      peer.read_request();
      peer.reset();
    }
  });
  const HttpResult result = perform(post(server.url(kSecretPath, "https", "localhost"), "x"));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
}

TEST_F(HttpTlsTest, ARedirectNeverLeadsFromHttpsToHttp) {
  const SelfSigned identity = make_self_signed("localhost");
  trust(identity);
  ScriptedServer plain([&](Peer&, int) { FAIL() << "asked in the clear"; });
  ScriptedServer server([&](Peer& peer, int) {
    if (peer.start_tls(identity)) {
      peer.read_request();
      peer.answer("", "Location: " + plain.url("/SECRET") + "\r\n", "302 Found");
    }
  });
  HttpRequest request = get(server.url(kSecretPath, "https", "localhost"));
  request.redirects = HttpRedirects::kFollow;
  const HttpResult result = perform(std::move(request));
  EXPECT_EQ(result.status.code(), Code::kRefused);
  EXPECT_EQ(result.http_status, 302);
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
}

}  // namespace
}  // namespace patchbay::net
