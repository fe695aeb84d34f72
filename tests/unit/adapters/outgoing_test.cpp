// WebSocket and stream of an instance, through real sockets on the real loop.
#include <atomic>

#include "sockets_test.hpp"
#include "websocket_peer.hpp"

namespace patchbay::adapters {
namespace {

using delivery::OutcomeClass;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class OutgoingTest : public SocketsTest {
 protected:
  std::string tell(const std::string& text) { return say(text, "outgoing"); }
  // Until the adapter has heard it.
  void expect_heard(const std::string& text) {
    std::string heard;
    EXPECT_TRUE(run_until([&] {
      heard = tell("heard");
      return heard.find(text) != std::string::npos;
    })) << heard;
  }
};

struct WebSocketEcho {
  WebSocketEcho()
      : server([](net::Peer& peer, int) {
          net::WebSocketPeer socket(peer);
          socket.accept();
          socket.echo();
        }) {}
  net::ScriptedServer server;
};

TEST_P(OutgoingTest, AWebSocketCarriesMessagesUntilItsClose) {
  WebSocketEcho to;
  EXPECT_EQ(tell("websocket " + to.server.url("/x", "ws")), "0 0 ");
  EXPECT_EQ(tell("websocket-send hello"), "0");
  expect_heard("0:0:hello;");
  EXPECT_EQ(tell("websocket-send-broken"), "-208") << "not UTF-8";
  EXPECT_EQ(tell("websocket-send-large 4194305"), "-204") << "more than can ever be queued";
  EXPECT_EQ(tell("websocket-send-large 4194304"), "0");
  expect_heard("1:0:;");
}

TEST_P(OutgoingTest, AWebSocketIsClosedWithTheCodeThatWasAsked) {
  WebSocketEcho to;
  EXPECT_EQ(tell("websocket " + to.server.url("/x", "ws")), "0 0 ");
  EXPECT_EQ(tell("websocket-close 4001"), "-209") << "nothing is sent after it";
  expect_heard("4:4001:bye;");
  EXPECT_EQ(tell("websocket " + to.server.url("/x", "ws")), "0 0 ") << "and opened again";
  EXPECT_EQ(tell("websocket-close 0"), "-209");
  expect_heard("4:1006:;");
  net::ScriptedServer silent([](net::Peer& peer, int) { peer.wait_for_end(); });
  EXPECT_EQ(tell("websocket-and-close " + silent.url("/x", "ws")),
            "-207 0 closed before it was open");
}

TEST_P(OutgoingTest, AWebSocketHasTheSubprotocolThatItsServerChose) {
  net::ScriptedServer server([](net::Peer& peer, int) {
    net::WebSocketPeer socket(peer);
    socket.accept("Sec-WebSocket-Protocol: v1.chat\r\n");
    socket.echo();
  });
  const std::string url = server.url("/x", "ws");
  EXPECT_EQ(tell("websocket " + url + " v2.chat,v1.chat"), "0 0 v1.chat");
  EXPECT_THAT(tell("websocket " + url + " v2.chat"), StartsWith("-101 0 "));
  EXPECT_THAT(tell("websocket " + url + " v2.chat,,"), StartsWith("-208 0 "));
}

TEST_P(OutgoingTest, ARefusedWebSocketSaysWhy) {
  net::ScriptedServer server([](net::Peer& peer, int) {
    peer.read_request();
    peer.answer("", "", "403 Forbidden");
  });
  EXPECT_THAT(tell("websocket " + server.url("/SECRET", "ws")), StartsWith("-101 403 "));
  const int before = server.connections();
  EXPECT_THAT(say("websocket " + server.url("/", "ws")), StartsWith("-203 0 "))
      << "an instance whose configuration does not name the host";
  EXPECT_THAT(tell("websocket " + server.url("/", "ws", "localhost")), StartsWith("-203 0 "));
  EXPECT_THAT(tell("websocket http://127.0.0.1/"), StartsWith("-208 0 "));
  server.stop();
  EXPECT_EQ(server.connections(), before);
}

TEST_P(OutgoingTest, WhatWasSentOnAWebSocketMayHaveBeenADelivery) {
  WebSocketEcho to;
  EXPECT_EQ(tell("websocket " + to.server.url("/x", "ws")), "0 0 ");
  const auto quiet = give("never", "scripted");
  const auto sent = give("websocket-send-and-forget hello", "outgoing");
  expect_heard("0:0:hello;");
  ASSERT_TRUE(stop_all());
  ASSERT_TRUE(run_until([&] { return sent->has_value() && quiet->has_value(); }));
  EXPECT_EQ((*sent)->outcome, OutcomeClass::kUnknown);
  EXPECT_EQ((*quiet)->outcome, OutcomeClass::kRetryable)
      << "the host has its network, and saw nothing";
  ASSERT_TRUE(run_until([&] { return to.server.ended() == 1; })) << "the connection is dropped";
}

TEST_P(OutgoingTest, APingIsNoDelivery) {
  WebSocketEcho to;
  EXPECT_EQ(tell("websocket " + to.server.url("/x", "ws")), "0 0 ");
  const auto pinged = give("websocket-ping-and-forget p", "outgoing");
  expect_heard("2:0:p;");
  ASSERT_TRUE(stop_all());
  ASSERT_TRUE(run_until([&] { return pinged->has_value(); }));
  EXPECT_EQ((*pinged)->outcome, OutcomeClass::kRetryable);
}

TEST_P(OutgoingTest, AStreamCarriesBytesUntilItsClose) {
  net::ScriptedServer server([](net::Peer& peer, int) {
    for (std::string bytes = peer.read_some(); !bytes.empty(); bytes = peer.read_some()) {
      peer.send(bytes == "end" ? "" : bytes);
      if (bytes == "end") {
        return;
      }
    }
  });
  const std::string endpoint = "tcp://127.0.0.1:" + std::to_string(server.port());
  EXPECT_EQ(tell("stream " + endpoint), "0 0 ");
  EXPECT_EQ(tell("stream-send hello"), "0");
  expect_heard("0:0:hello;");
  EXPECT_EQ(tell("stream-send end"), "0");
  expect_heard("2:0:;");
  EXPECT_EQ(tell("stream-send hello"), "-209");
  EXPECT_EQ(tell("stream " + endpoint), "0 0 ") << "opened again";
  EXPECT_EQ(tell("stream-close"), "-209");
  expect_heard("2:0:;2:0:;");
  EXPECT_THAT(say("stream " + endpoint), StartsWith("-203 0 "));
  EXPECT_THAT(tell("stream nonsense"), StartsWith("-208 0 "));
}

TEST_P(OutgoingTest, AUnixSocketMustBeNamedByTheConfiguration) {
  EXPECT_EQ(tell("listen outgoing"), "0 0 " + (data_ / "run/outgoing.sock"));
  EXPECT_THAT(tell("stream unix:" + (data_ / "run/outgoing.sock")),
              ::testing::AllOf(StartsWith("-203 0 "), HasSubstr("allowed_hosts")));
  EXPECT_THAT(tell("stream unix:" + socket_path()), StartsWith("-101 0 ")) << "nobody listens";
  ASSERT_EQ(::symlink((data_ / "run/outgoing.sock").c_str(), socket_path().c_str()), 0);
  EXPECT_EQ(tell("stream unix:" + socket_path()), "0 0 ");
  EXPECT_EQ(tell("stream-send hello"), "0");
  expect_heard("0:0:hello;");
}

// Though it cannot even pass to the host of an isolated adapter.
TEST_P(OutgoingTest, WhatNoConnectionTakesIsRefusedAtOnce) {
  WebSocketEcho to;
  EXPECT_EQ(tell("websocket " + to.server.url("/x", "ws")), "0 0 ");
  EXPECT_EQ(tell("listen outgoing"), "0 0 " + (data_ / "run/outgoing.sock"));
  ASSERT_EQ(::symlink((data_ / "run/outgoing.sock").c_str(), socket_path().c_str()), 0);
  EXPECT_EQ(tell("stream unix:" + socket_path()), "0 0 ");
  EXPECT_EQ(tell("stream-send hello"), "0");
  expect_heard("0:0:hello;");
  EXPECT_EQ(tell("send-large"), "-204 -204 -208 -106") << "stream, WebSocket, its ping, listener";
  EXPECT_EQ(tell("stream-send again"), "0") << "nothing was lost for it";
  expect_heard("0:0:again;");
}

INSTANTIATE_TEST_SUITE_P(Both, OutgoingTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);

}  // namespace
}  // namespace patchbay::adapters
