#include "net/http_server.hpp"

#include <future>
#include <gmock/gmock.h>

#include "net_test.hpp"
#include "raw_client.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HttpServerTest : public NetTest {
 protected:
  // A server that keeps what it is asked and answers 200 with the body.
  void serve(HttpServerOptions options = {}) {
    serve(std::move(options), [this](HttpServerRequest request, const HttpResponder& respond) {
      const std::string body = request.body;
      requests_.push_back(std::move(request));
      respond({200, {{"X-Answer", "yes"}}, body});
    });
  }

  void serve(HttpServerOptions options, HttpServerHandler handler) {
    auto listening = HttpServer::listen(loop_, std::move(options), std::move(handler));
    ASSERT_TRUE(listening.ok()) << listening.status().message();
    server_ = std::move(listening).value();
  }

  // Runs `talk` with a connected client on a thread of its own, and the loop until it has ended.
  std::string talk(std::function<std::string(RawClient&)> conversation) {
    auto result = std::async(std::launch::async, [this, &conversation] {
      RawClient client(server_->port());
      return conversation(client);
    });
    EXPECT_TRUE(run_until(
        [&] { return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    return result.get();
  }

  std::string ask(const std::string& bytes) {
    return talk([&](RawClient& client) {
      client.send(bytes);
      return client.read_to_end();
    });
  }

  // On the loop, as soon as a request is there: stops, then answers it.
  void stop_when_asked(HttpResponder& kept, bool& stopped) {
    if (!kept || server_->connections() < 2) {
      loop_.post([&] { stop_when_asked(kept, stopped); });
      return;
    }
    server_->stop([&stopped] { stopped = true; });
    EXPECT_FALSE(stopped);
    kept({200, {}, "last"});
  }

  std::vector<HttpServerRequest> requests_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, GivesTheRequestAsReceived) {
  serve();
  const std::string answer =
      ask("POST /webhook/a?x=%20y HTTP/1.1\r\nHost: h\r\nX-Hub-Signature-256: sha256=AB\r\n"
          "Content-Length: 5\r\nConnection: close\r\n\r\n\x01{\"\r\n");
  ASSERT_EQ(requests_.size(), 1U);
  const HttpServerRequest& request = requests_[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/webhook/a?x=%20y");
  EXPECT_EQ(request.body, "\x01{\"\r\n");
  ASSERT_EQ(request.headers.size(), 4U);
  EXPECT_EQ(request.headers[1].name, "x-hub-signature-256");
  EXPECT_EQ(request.headers[1].value, "sha256=AB");
  EXPECT_THAT(request.remote, StartsWith("127.0.0.1:"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Answer: yes\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n\x01{\"\r\n"));
}

TEST_F(HttpServerTest, KeepsTheConnectionAndTakesPipelinedRequestsInOrder) {
  serve();
  const std::string answer =
      ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
          "GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(requests_.size(), 3U);
  EXPECT_LT(answer.find("\r\n\r\none"), answer.find("\r\n\r\ntwo"));
  EXPECT_EQ(requests_[1].body, "two");
  EXPECT_EQ(requests_[2].target, "/three");
}

TEST_F(HttpServerTest, HeadHasTheLengthButNoBody) {
  serve({}, [](const HttpServerRequest&, const HttpResponder& respond) {
    respond({200, {}, "twelve bytes"});
  });
  const std::string answer = ask("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, RefusesWithTheStatusThatSaysWhy) {
  HttpServerOptions options;
  options.max_header_bytes = 1000;
  options.max_body_bytes = 100;
  serve(options);
  const std::string filler(2000, 'x');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"PUT / HTTP/1.1\r\nHost: h\r\n\r\n", "405 Method Not Allowed"},
      {"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "405 Method Not Allowed"},
      {"GET / HTTP/1.1\r\nX: " + filler + "\r\n\r\n", "431 "},
      {"GET /" + filler + " HTTP/1.1\r\n\r\n", "431 "},
      {"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + filler, "413 Payload Too Large"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + filler, "413 "},
      {"nonsense\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\nBad Name: x\r\n\r\n", "400 Bad Request"},
      {"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "400 Bad Request"},
      {"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400 Bad Request"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n",
       "400 Bad Request"}};
  for (const auto& [bytes, status] : cases) {
    EXPECT_THAT(ask(bytes), StartsWith("HTTP/1.1 " + status)) << bytes.substr(0, 60);
  }
  EXPECT_THAT(ask("OPTIONS / HTTP/1.1\r\n\r\n"), HasSubstr("Allow: GET, HEAD, POST\r\n"));
  EXPECT_TRUE(requests_.empty());
  EXPECT_TRUE(run_until([&] { return server_->connections() == 0; }));
}

TEST_F(HttpServerTest, ABodyAtTheLimitIsTaken) {
  HttpServerOptions options;
  options.max_body_bytes = 100'000;
  serve(options);
  const std::string answer =
      ask("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n" +
          std::string(100'000, 'x'));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].body.size(), 100'000U);
}

TEST_F(HttpServerTest, InvitesABodyThatWaitsForIt) {
  serve();
  const std::string answer = talk([](RawClient& client) {
    client.send(
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\n"
        "Content-Length: 4\r\n\r\n");
    const std::string interim = client.read_until("\r\n\r\n");
    client.send("body");
    return interim + client.read_to_end();
  });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("body"));
}

TEST_F(HttpServerTest, ASlowPeerHasADeadline) {
  HttpServerOptions options;
  options.header_timeout = base::Milliseconds(50);
  options.body_timeout = base::Milliseconds(50);
  options.idle_timeout = base::Milliseconds(100);
  serve(options);
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost"), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nbod"), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(ask(""), "") << "an idle connection is closed without a word";
  EXPECT_TRUE(requests_.empty());
}

TEST_F(HttpServerTest, DrippingBytesDoesNotMoveTheDeadline) {
  HttpServerOptions options;
  options.header_timeout = base::Milliseconds(100);
  options.max_header_bytes = 64 * 1024 * 1024;
  serve(options);
  const std::string answer = talk([](RawClient& client) {
    // As fast as it likes, and never a whole header.
    client.send("GET / HTTP/1.1\r\n");
    std::string got;
    while (client.send("X")) {
      std::this_thread::yield();
      got = client.read_available();
      if (!got.empty()) {
        break;
      }
    }
    return got;
  });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, AnUnansweredRequestGets503AtTheDeadline) {
  HttpServerOptions options;
  options.answer_timeout = base::Milliseconds(50);
  HttpResponder kept;
  int asked = 0;
  serve(options, [&](const HttpServerRequest&, HttpResponder respond) {
    ++asked;
    kept = std::move(respond);
  });
  const std::string answer = ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(asked, 1);
  kept({200, {}, "too late"});
  kept({200, {}, "and again"});
}

TEST_F(HttpServerTest, ALateAnswerDoesNotGoToTheNextRequest) {
  HttpServerOptions options;
  options.answer_timeout = base::Milliseconds(50);
  std::vector<HttpResponder> kept;
  serve(options, [&](const HttpServerRequest& request, HttpResponder respond) {
    if (request.target == "/second") {
      kept[0]({200, {}, "answer to the first"});
      respond({200, {}, "answer to the second"});
    }
    kept.push_back(std::move(respond));
  });
  const std::string answer =
      ask("GET /first HTTP/1.1\r\n\r\nGET /second HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, ::testing::EndsWith("answer to the second"));
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("to the first")));
}

TEST_F(HttpServerTest, AResponderThatIsDroppedAnswers503AtOnce) {
  serve({}, [](const HttpServerRequest&, const HttpResponder&) {});
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpServerTest, TheAnswerMayComeLaterAndOutliveTheServer) {
  HttpResponder kept;
  serve({}, [&](const HttpServerRequest&, HttpResponder respond) { kept = std::move(respond); });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(kept); }));
  server_.reset();
  kept({200, {}, "nobody is there"});
  run_ready();
}

TEST_F(HttpServerTest, AnAnswerCannotSmuggleHeaders) {
  std::vector<HttpServerAnswer> answers = {{200, {{"X", "a\r\nSet-Cookie: b"}}, ""},
                                           {200, {{"X\r\nY", "a"}}, ""},
                                           {99, {}, ""},
                                           {600, {}, ""}};
  std::size_t next = 0;
  serve({},
        [&](const HttpServerRequest&, const HttpResponder& respond) { respond(answers[next++]); });
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string answer = ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, ::testing::Not(HasSubstr("Set-Cookie")));
  }
}

TEST_F(HttpServerTest, TheServerWritesTheLengthItself) {
  serve({}, [](const HttpServerRequest&, const HttpResponder& respond) {
    respond({200, {{"content-length", "999"}, {"Connection", "upgrade"}}, "four"});
  });
  const std::string answer = ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("999")));
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("upgrade")));
}

TEST_F(HttpServerTest, OneConnectionTooManyIsTurnedAway) {
  HttpServerOptions options;
  options.max_connections = 2;
  serve(options);
  const std::string answer = talk([&](RawClient& first) {
    RawClient second(server_->port());
    // Answered, so both have been accepted.
    for (RawClient* client : {&first, &second}) {
      client->send("GET / HTTP/1.1\r\n\r\n");
      client->read_until("Content-Length: 0\r\n\r\n");
    }
    RawClient third(server_->port());
    return third.read_to_end();
  });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_TRUE(run_until([&] { return server_->connections() == 0; }));
}

TEST_F(HttpServerTest, StopsWhenWhatWasAskedIsAnswered) {
  HttpResponder kept;
  serve({}, [&](const HttpServerRequest&, HttpResponder respond) { kept = std::move(respond); });
  bool stopped = false;
  const std::string answer = talk([&](RawClient& client) {
    RawClient idle(server_->port());
    client.send("GET / HTTP/1.1\r\n\r\n");
    loop_.post([&] { stop_when_asked(kept, stopped); });
    return client.read_to_end() + idle.read_to_end();
  });
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("last"));
  EXPECT_TRUE(run_until([&] { return stopped; }));
  EXPECT_FALSE(RawClient(server_->port()).connected());
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  serve();
  HttpServerOptions options;
  options.port = server_->port();
  const auto taken = HttpServer::listen(loop_, options, nullptr);
  EXPECT_EQ(taken.status().code(), Code::kAlreadyExists);
  EXPECT_THAT(taken.status().message(), HasSubstr("choose another port"));
  options.address = "localhost";
  EXPECT_EQ(HttpServer::listen(loop_, options, nullptr).status().code(), Code::kInvalidArgument);
}

TEST_F(HttpServerTest, ThousandsOfConnectionsLeakNothing) {
  serve();
  const std::size_t before = open_descriptors();
  auto visitors = std::async(std::launch::async, [port = server_->port()] {
    for (int i = 0; i < 2000; ++i) {
      RawClient client(port);
      if (i % 4 == 0) {
        client.send("GET / HTT");
      } else if (i % 4 == 1) {
        client.send("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf");
      } else {
        client.send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
        client.read_to_end();
      }
    }
  });
  ASSERT_TRUE(run_until([&] {
    return visitors.wait_for(std::chrono::seconds(0)) == std::future_status::ready &&
           server_->connections() == 0;
  }));
  EXPECT_EQ(requests_.size(), 1000U);
  EXPECT_LE(open_descriptors(), before);
}

}  // namespace
}  // namespace patchbay::net
