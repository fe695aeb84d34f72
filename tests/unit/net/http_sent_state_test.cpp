// The verdict on whether a request left, against servers that fail at every step, and against a
// caller who gives up at every step.
#include <gmock/gmock.h>

#include "client_test.hpp"
#include "stuck_resolver.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using ::testing::HasSubstr;

using SentStateTest = ClientTest;

// Counts what reached the server whole, on all connections.
struct Counted {
  std::atomic<int> requests = 0;
  bool take(Peer& peer) {
    if (peer.read_request().head.empty()) {
      return false;
    }
    ++requests;
    return true;
  }
};

TEST_F(SentStateTest, AResetBeforeTheRequestIsNeverAnAnswer) {
  ScriptedServer server([](Peer& peer, int) { peer.reset(); });
  for (int i = 0; i < 20; ++i) {
    // Whether bytes were written before the reset was seen is the kernel's matter.
    const HttpResult result = perform(post(server.url(kSecretPath), "x"));
    EXPECT_EQ(result.status.code(), Code::kUnavailable);
    EXPECT_NE(result.sent_state, SentState::kAnswered);
  }
}

TEST_F(SentStateTest, AResetDuringTheRequestIsUnknown) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_exactly(10'000);
    peer.reset();
  });
  const HttpResult result = perform(post(server.url(kSecretPath), std::string(8'000'000, 'x')));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
}

TEST_F(SentStateTest, TheEndAfterTheRequestIsUnknown) {
  Counted counted;
  ScriptedServer server([&](Peer& peer, int connection) {
    counted.take(peer);
    if (connection % 2 == 0) {
      peer.reset();
    }
  });
  for (int i = 0; i < 10; ++i) {
    const HttpResult result = perform(post(server.url(kSecretPath), "x"));
    EXPECT_EQ(result.status.code(), Code::kUnavailable);
    EXPECT_EQ(result.sent_state, SentState::kUnknown);
  }
  EXPECT_EQ(counted.requests, 10);
}

TEST_F(SentStateTest, HalfAHeaderIsNoAnswer) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Le");
  });
  const HttpResult result = perform(post(server.url(kSecretPath), "x"));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
  EXPECT_EQ(result.http_status, 0);
}

TEST_F(SentStateTest, ACutBodyIsAnsweredAndFails) {
  ScriptedServer server([](Peer& peer, int connection) {
    peer.read_request();
    if (connection == 1) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(10'000, 'x'));
    } else {
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n" +
                std::string(5'000, 'x'));
    }
  });
  for (int i = 0; i < 2; ++i) {
    const HttpResult result = perform(post(server.url(kSecretPath), "x"));
    EXPECT_EQ(result.status.code(), Code::kUnavailable);
    EXPECT_EQ(result.sent_state, SentState::kAnswered);
    EXPECT_EQ(result.http_status, 200);
  }
}

TEST_F(SentStateTest, AnAnswerBeforeTheWholeRequestIsTheAnswer) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_exactly(10'000);
    peer.answer("too large", "Connection: close\r\n", "413 Content Too Large");
    peer.wait_for_end();
  });
  const HttpResult result = perform(post(server.url(kSecretPath), std::string(20'000'000, 'x')));
  EXPECT_TRUE(result.status.ok()) << result.status.message();
  EXPECT_EQ(result.http_status, 413);
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
}

TEST_F(SentStateTest, NotRepeatedWhenAKeptConnectionDiesAfterTheRequest) {
  Counted counted;
  ScriptedServer server([&](Peer& peer, int connection) {
    if (!counted.take(peer)) {
      return;
    }
    peer.answer("first");
    if (counted.take(peer) && connection != 1) {
      peer.answer("again");
    }
  });
  EXPECT_EQ(perform(post(server.url("/"), "1")).body, "first");
  const HttpResult result = perform(post(server.url(kSecretPath), "2"));
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
  EXPECT_THAT(result.status.message(), HasSubstr("it is not sent again"));
  server.stop();
  EXPECT_EQ(counted.requests, 2);
}

TEST_F(SentStateTest, AnIdempotentRequestIsRepeatedOnANewConnection) {
  Counted counted;
  ScriptedServer server([&](Peer& peer, int connection) {
    counted.take(peer);
    peer.answer("first");
    if (connection == 1) {
      counted.take(peer);
    }
  });
  EXPECT_EQ(perform(post(server.url("/"), "1")).body, "first");
  HttpRequest request = post(server.url(kSecretPath), "2");
  request.repeat = HttpRepeat::kIdempotent;
  const HttpResult result = perform(std::move(request));
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
  server.stop();
  EXPECT_EQ(counted.requests, 3);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(SentStateTest, ARepeatedRequestThatFailsToConnectHasStillLeft) {
  std::unique_ptr<ScriptedServer> server;
  std::atomic<bool> gone = false;
  server = std::make_unique<ScriptedServer>([&](Peer& peer, int) {
    peer.read_request();
    peer.answer("first");
    peer.read_request();
    while (!gone) {
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(perform(post(server->url("/"), "1")).body, "first");
  HttpRequest request = post(server->url(kSecretPath), "2");
  request.repeat = HttpRepeat::kIdempotent;
  start(std::move(request));
  run_ready();
  std::thread stopper([&] {
    // The listener goes first, then the connection on which the request has come.
    server->stop_listening();
    gone = true;
  });
  const HttpResult result = finish();
  stopper.join();
  EXPECT_EQ(result.status.code(), Code::kUnavailable);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
}

TEST_F(SentStateTest, AConnectionThatDiedWhileIdleIsNotUsed) {
  Counted counted;
  ScriptedServer server([&](Peer& peer, int connection) {
    if (counted.take(peer)) {
      peer.answer("ok");
    }
    if (connection % 2 == 0) {
      peer.reset();
    }
  });
  for (int i = 0; i < 10; ++i) {
    const HttpResult result = perform(post(server.url(kSecretPath), "x"));
    ASSERT_TRUE(result.status.ok()) << result.status.message();
    // The next one only when the server's end has come.
    const int so_far = i + 1;
    ASSERT_TRUE(run_until([&] { return server.ended() == so_far; }));
  }
  EXPECT_EQ(counted.requests, 10);
}

TEST_F(SentStateTest, CancelledBeforeAnythingIsNotSent) {
  ScriptedServer server([](Peer& peer, int) { EXPECT_TRUE(peer.read_some().empty()); });
  const auto operation = start(post(server.url(kSecretPath), "x"));
  EXPECT_TRUE(client_->cancel(operation));
  EXPECT_FALSE(client_->cancel(operation)) << "already ending";
  EXPECT_FALSE(done()) << "never inside the call";
  const HttpResult result = finish();
  EXPECT_EQ(result.status.code(), Code::kCancelled);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
  EXPECT_FALSE(client_->cancel(operation));
}

TEST_F(SentStateTest, CancelledWhileTheNameIsResolvedDoesNotWaitForIt) {
  StuckResolver resolver;
  const auto operation = start(post("http://" + std::string(kStuckName) + "/SECRET", "x"));
  ASSERT_TRUE(run_until([&] { return resolver.is_asked(); }));
  client_->cancel(operation);
  const HttpResult result = finish();  // while the resolver is stuck
  EXPECT_EQ(result.status.code(), Code::kCancelled);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
}

TEST_F(SentStateTest, ATimeoutOfTheNameDoesNotWaitForItEither) {
  StuckResolver resolver;
  HttpRequest request = post("http://" + std::string(kStuckName) + "/SECRET", "x");
  request.timeout = base::Milliseconds(50);
  const HttpResult result = perform(std::move(request));
  EXPECT_EQ(result.status.code(), Code::kTimeout);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
}

TEST_F(SentStateTest, CancelledDuringTheUploadIsUnknown) {
  std::atomic<bool> begun = false;
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_exactly(1000);
    begun = true;
    peer.wait_for_end();
  });
  const base::UniqueFd file = file_with(std::string(30'000'000, 'x'));
  HttpRequest request = post(server.url(kSecretPath), "");
  request.body = FileContent{file.get(), 30'000'000};
  const auto operation = start(std::move(request));
  ASSERT_TRUE(run_until([&] { return begun.load(); }));
  EXPECT_TRUE(client_->cancel(operation));
  const HttpResult result = finish();
  EXPECT_EQ(result.status.code(), Code::kCancelled);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
}

TEST_F(SentStateTest, CancelledWhileTheAnswerIsAwaitedIsUnknown) {
  std::atomic<bool> come = false;
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    come = true;
    peer.wait_for_end();
  });
  const auto operation = start(post(server.url(kSecretPath), "x"));
  ASSERT_TRUE(run_until([&] { return come.load(); }));
  EXPECT_TRUE(client_->cancel(operation));
  const HttpResult result = finish();
  EXPECT_EQ(result.status.code(), Code::kCancelled);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
}

TEST_F(SentStateTest, CancelledInTheSinkGetsNothingMore) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
    peer.send(std::string(10'000'000, 'x'));
  });
  HttpClient::Operation operation = 0;
  int calls = 0;
  HttpRequest request = get(server.url(kSecretPath));
  request.sink = [&](std::string_view) {
    ++calls;
    EXPECT_TRUE(client_->cancel(operation));
    return base::Status();
  };
  operation = start(std::move(request));
  const HttpResult result = finish();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(result.status.code(), Code::kCancelled);
  EXPECT_EQ(result.sent_state, SentState::kAnswered);
}

TEST_F(SentStateTest, ARequestMayBeStartedFromInsideASink) {
  ScriptedServer server([&](Peer& peer, int) {
    while (!peer.read_request().head.empty()) {
      peer.answer("body");
    }
  });
  bool second_done = false;
  HttpRequest request = get(server.url("/"));
  request.sink = [&](std::string_view) {
    client_->start(get(server.url("/")), [&](const HttpResult& result) {
      EXPECT_EQ(result.body, "body");
      second_done = true;
    });
    return base::Status();
  };
  perform(std::move(request));
  EXPECT_TRUE(run_until([&] { return second_done; }));
}

TEST_F(SentStateTest, ATimeoutWithoutAnswerIsUnknown) {
  ScriptedServer server([](Peer& peer, int) { peer.wait_for_end(); });
  HttpRequest request = post(server.url(kSecretPath), "x");
  request.timeout = base::Milliseconds(50);
  const HttpResult result = perform(std::move(request));
  EXPECT_EQ(result.status.code(), Code::kTimeout);
  EXPECT_EQ(result.sent_state, SentState::kUnknown);
  EXPECT_THAT(result.status.message(), HasSubstr("http://127.0.0.1:"));
}

TEST_F(SentStateTest, ATimeoutInTheQueueForAConnectionIsNotSent) {
  HttpClientOptions options;
  options.max_connections_per_host = 1;
  make_client(options);
  std::atomic<bool> held = false;
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    held = true;
    peer.wait_for_end();
  });
  client_->start(post(server.url("/"), "holds the connection"), [](const HttpResult&) {});
  ASSERT_TRUE(run_until([&] { return held.load(); }));
  HttpRequest request = post(server.url(kSecretPath), "x");
  request.timeout = base::Milliseconds(50);
  const HttpResult result = perform(std::move(request));
  EXPECT_EQ(result.status.code(), Code::kTimeout);
  EXPECT_EQ(result.sent_state, SentState::kNotSent);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(SentStateTest, AClientThatGoesDropsWhatIsUnderWay) {
  std::atomic<bool> come = false;
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    come = true;
    peer.wait_for_end();
  });
  start(post(server.url("/"), "x"));
  start(get(""));  // its completion is posted
  ASSERT_TRUE(run_until([&] { return come.load() || done(); }));
  start(post(server.url("/"), "x"));
  client_.reset();
  run_ready();
  EXPECT_FALSE(done());
}

TEST_F(SentStateTest, ThousandsOfRequestsThatEndInEveryWayLeakNoDescriptor) {
  const std::size_t before = open_descriptors();
  {
    ScriptedServer server([&](Peer& peer, int connection) {
      while (!peer.read_request().head.empty()) {
        switch (connection % 5) {
          case 0:
            peer.reset();
            return;
          case 1:
            return;
          case 2:
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
            return;
          default:
            peer.answer("fine");
        }
      }
    });
    int answered = 0;
    int finished = 0;
    constexpr int kRounds = 150;
    constexpr int kAtOnce = 20;
    for (int round = 0; round < kRounds; ++round) {
      for (int i = 0; i < kAtOnce; ++i) {
        HttpRequest request = post(server.url(kSecretPath), std::to_string(i));
        request.repeat = i % 2 == 0 ? HttpRepeat::kIdempotent : HttpRepeat::kNever;
        const auto operation = client_->start(std::move(request), [&](const HttpResult& result) {
          ++finished;
          answered += result.status.ok() ? 1 : 0;
          EXPECT_EQ(result.status.ok(), result.http_status != 0 && result.body == "fine");
        });
        if (i % 7 == 0) {
          run_ready();
          client_->cancel(operation);
        }
      }
      ASSERT_TRUE(run_until([&] { return finished == (round + 1) * kAtOnce; }));
    }
    EXPECT_GT(answered, kRounds);
    client_.reset();
    server.stop();
  }
  run_ready();
  EXPECT_LE(open_descriptors(), before);
}

}  // namespace
}  // namespace patchbay::net
