#include "net/stream.hpp"

#include <future>
#include <gmock/gmock.h>

#include "client_test.hpp"
#include "net/connector.hpp"
#include "net/endpoint.hpp"
#include "net/unix_listener.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using ::testing::HasSubstr;

struct StreamSeen final : StreamEvents {
  void opened() override { ++open; }
  void refused(const base::Status& status) override {
    ++refusals;
    why = status;
  }
  void received(std::string_view data) override { bytes += data; }
  void ended() override { ++ends; }
  void writable() override { ++writables; }
  void closed(const base::Status& status) override {
    ++closes;
    why = status;
  }

  int open = 0;
  int refusals = 0;
  int ends = 0;
  int writables = 0;
  int closes = 0;
  std::string bytes;
  base::Status why;
};

class StreamTest : public NetTest {
 protected:
  StreamTest() { connector_ = std::move(Connector::make(loop_, {})).value(); }

  static StreamRequest to(const std::string& endpoint) {
    StreamRequest request;
    request.endpoint = endpoint;
    return request;
  }
  static std::string tcp(const ScriptedServer& server) {
    return "tcp://127.0.0.1:" + std::to_string(server.port());
  }
  void open(StreamRequest request) {
    stream_ = connector_->open_stream(std::move(request), seen_);
    EXPECT_EQ(seen_.open + seen_.refusals, 0) << "not inside the call";
    ASSERT_TRUE(run_until([this] { return seen_.open + seen_.refusals == 1; }));
  }
  void expect_refusal(StreamRequest request, Code code) {
    seen_ = {};
    open(std::move(request));
    EXPECT_EQ(seen_.refusals, 1);
    EXPECT_EQ(seen_.why.code(), code) << seen_.why.message();
  }

  std::unique_ptr<Connector> connector_;
  StreamSeen seen_;
  std::unique_ptr<Stream> stream_;
};

void echo(Peer& peer, int) {
  for (std::string bytes = peer.read_some(); !bytes.empty(); bytes = peer.read_some()) {
    peer.send(bytes);
  }
}

TEST_F(StreamTest, CarriesBytesBothWaysAndClosesAfterThem) {
  ScriptedServer server(echo);
  open(to(tcp(server)));
  const std::string data = pattern(700'000);
  ASSERT_TRUE(stream_->send(data).ok());
  ASSERT_TRUE(run_until([&] { return seen_.bytes.size() == data.size(); }));
  EXPECT_TRUE(seen_.bytes == data);
  stream_->close();
  EXPECT_EQ(stream_->send("more").code(), Code::kNotFound);
  ASSERT_TRUE(run_until([this] { return seen_.closes == 1; }));
  EXPECT_TRUE(seen_.why.ok());
}

TEST_F(StreamTest, ReachesAUnixSocketThatIsAllowed) {
  struct Echo final : UnixListenerEvents {
    void accepted(ConnectionId) override {}
    void received(ConnectionId id, std::string_view bytes) override {
      EXPECT_TRUE(listener->send(id, bytes).ok());
    }
    void ended(ConnectionId id) override { listener->hang_up(id); }
    void writable(ConnectionId) override {}
    void closed(ConnectionId, const base::Status&) override {}
    std::unique_ptr<UnixListener> listener;
  } server;
  const test::TempFolder folder;
  const std::string path = folder / "s.sock";
  server.listener = std::move(UnixListener::listen(loop_, path, {}, server)).value();
  StreamRequest request = to("unix:" + path);
  request.allow_socket = [&](std::string_view asked) {
    return asked == path ? base::Status() : base::Status(Code::kRefused, "no");
  };
  open(request);
  ASSERT_TRUE(stream_->send("hello").ok());
  ASSERT_TRUE(run_until([this] { return seen_.bytes == "hello"; }));
  request.endpoint = "unix:" + path + "2";
  expect_refusal(request, Code::kRefused);
  expect_refusal(to("unix:" + path + "2"), Code::kUnavailable);
}

TEST_F(StreamTest, TheOtherSidesEndIsToldAndCanStillBeAnswered) {
  std::string rest;
  ScriptedServer server([&](Peer& peer, int) {
    peer.send("last");
    ::shutdown(peer.fd(), SHUT_WR);
    rest = peer.read_exactly(6);
  });
  open(to(tcp(server)));
  ASSERT_TRUE(run_until([this] { return seen_.ends == 1; }));
  EXPECT_EQ(seen_.bytes, "last");
  ASSERT_TRUE(stream_->send("answer").ok());
  stream_->close();
  ASSERT_TRUE(run_until([this] { return seen_.closes == 1; }));
  server.stop();
  EXPECT_EQ(rest, "answer");
}

TEST_F(StreamTest, ACutConnectionIsAnError) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_some();
    peer.reset();
  });
  open(to(tcp(server)));
  ASSERT_TRUE(stream_->send("cut me").ok());
  ASSERT_TRUE(run_until([this] { return seen_.closes == 1; }));
  EXPECT_FALSE(seen_.why.ok());
  EXPECT_EQ(seen_.ends, 0);
}

TEST_F(StreamTest, AFullQueueSaysSoAndWhenThereIsRoomAgain) {
  std::promise<void> go_on;
  std::size_t got = 0;
  ScriptedServer server([&](Peer& peer, int) {
    go_on.get_future().wait();
    for (std::string bytes = peer.read_some(); !bytes.empty(); bytes = peer.read_some()) {
      got += bytes.size();
    }
  });
  StreamRequest request = to(tcp(server));
  request.max_queued_bytes = 64 * 1024;
  open(request);
  const std::string data(16 * 1024, 'x');
  EXPECT_EQ(stream_->send(std::string(64 * 1024 + 1, 'x')).code(), Code::kTooLarge);
  std::size_t sent = 0;
  int in_vain = 0;
  ASSERT_TRUE(run_until([&] {
    const base::Status status = stream_->send(data);
    EXPECT_TRUE(status.ok() || status.code() == Code::kBusy) << status.message();
    sent += status.ok() ? data.size() : 0;
    in_vain = status.ok() ? 0 : in_vain + 1;
    run_ready();
    return in_vain == 50;
  }));
  const int before = seen_.writables;
  go_on.set_value();
  ASSERT_TRUE(run_until([&] { return seen_.writables > before; }));
  stream_->close();
  ASSERT_TRUE(run_until([this] { return seen_.closes == 1; }));
  ASSERT_TRUE(run_until([&] { return server.ended() == 1; }));
  EXPECT_EQ(got, sent);
}

TEST_F(StreamTest, WhereNobodyListensOrNothingMayGoIsRefused) {
  expect_refusal(to("tcp://127.0.0.1:" + std::to_string(unused_port())), Code::kUnavailable);
  EXPECT_THAT(seen_.why.message(), HasSubstr("no connection"));
  ScriptedServer server([](Peer&, int) {});
  StreamRequest request = to("tcp://localhost:" + std::to_string(server.port()));
  request.allow = [](std::string_view, std::string_view address) {
    return address.empty() ? base::Status() : base::Status(Code::kRefused, "a private address");
  };
  expect_refusal(request, Code::kRefused);
  server.stop();
  EXPECT_EQ(server.connections(), 0);
  expect_refusal(to("http://127.0.0.1/"), Code::kInvalidArgument);
}

TEST(Endpoint, OfStreams) {
  const auto parsed = [](const char* text) {
    const auto endpoint = parse_stream_endpoint(text);
    return endpoint.ok() ? endpoint->str() : std::string();
  };
  EXPECT_EQ(parsed("tcp://Signal.Example.org:7583"), "tcp://signal.example.org:7583");
  EXPECT_EQ(parsed("tcp://[::1]:1"), "tcp://[::1]:1");
  EXPECT_EQ(parsed("unix:/run/x.sock"), "unix:/run/x.sock");
  for (const char* wrong :
       {"", "tcp://", "tcp://host", "tcp://host:", "tcp://host:0", "tcp://host:65536",
        "tcp://host:1x", "tcp://:1", "tcp://u@host:1", "tcp://host:1/", "tcp://a b:1",
        "unix:", "unix:x", "udp://host:1", "host:1"}) {
    EXPECT_EQ(parsed(wrong), "") << wrong;
  }
}

TEST(Endpoint, OfWebSockets) {
  const auto target = [](const char* text) {
    const auto url = parse_websocket_url(text);
    return url.ok() ? url->origin.str() + url->target : std::string();
  };
  EXPECT_EQ(target("wss://Example.org"), "wss://example.org:443/");
  EXPECT_EQ(target("WS://example.org:8080?a=1#b"), "ws://example.org:8080/?a=1");
  EXPECT_EQ(target("ws://[::1]/x"), "ws://[::1]:80/x");
  EXPECT_EQ(target("wss://a@b/"), "");
  EXPECT_EQ(target("https://a/"), "");
  for (const char* wrong : {"", "ws", "wss", "wss:", "wss:/a", "ws\n://a"}) {
    EXPECT_EQ(target(wrong), "") << wrong;
  }
}

TEST(Endpoint, HostsAreComparedInOneForm) {
  EXPECT_EQ(canonical_host("API.Example.org"), "api.example.org");
  EXPECT_EQ(canonical_host("[0:0::1]"), "::1");
  EXPECT_EQ(canonical_host("127.0.0.1"), "127.0.0.1");
  EXPECT_TRUE(is_numeric_host("::1"));
  EXPECT_FALSE(is_numeric_host("localhost"));
}

}  // namespace
}  // namespace patchbay::net
