#include "net/websocket.hpp"

#include <fstream>
#include <future>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include "client_test.hpp"
#include "net/connector.hpp"
#include "stuck_resolver.hpp"
#include "test_common/temp_folder.hpp"
#include "websocket_peer.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct WebSocketSeen final : WebSocketEvents {
  void opened() override { ++open; }
  void refused(const base::Status& status, int http_status) override {
    ++refusals;
    why = status;
    status_of_refusal = http_status;
  }
  void received(WebSocketKind kind, std::string data) override {
    messages.push_back((kind == WebSocketKind::kText ? "t:" : "b:") + data);
    if (on_message) {
      on_message();
    }
  }
  void pong(std::string_view data) override { pongs.emplace_back(data); }
  void writable() override { ++writables; }
  void closed(const WebSocketEnd& how) override {
    ++closes;
    end = how;
  }
  [[nodiscard]] bool is_over() const { return refusals + closes > 0; }

  int open = 0;
  int refusals = 0;
  int closes = 0;
  int writables = 0;
  int status_of_refusal = 0;
  base::Status why;
  WebSocketEnd end;
  std::vector<std::string> messages;
  std::vector<std::string> pongs;
  std::function<void()> on_message;
};

class WebSocketTest : public NetTest {
 protected:
  WebSocketTest() { connect_with({}); }

  void connect_with(ConnectorOptions options) {
    auto made = Connector::make(loop_, std::move(options));
    ASSERT_TRUE(made.ok()) << made.status().message();
    connector_ = std::move(made).value();
  }

  void open(WebSocketRequest request) {
    socket_ = connector_->open_websocket(std::move(request), seen_);
    EXPECT_EQ(seen_.open + seen_.refusals, 0) << "not inside the call";
  }
  static WebSocketRequest to(const std::string& url) {
    WebSocketRequest request;
    request.url = url;
    return request;
  }
  // Opens and waits for it.
  void open_to(const std::string& url) {
    open(to(url));
    ASSERT_TRUE(run_until([this] { return seen_.open == 1 || seen_.is_over(); }));
    ASSERT_EQ(seen_.open, 1) << seen_.why.message();
  }
  void send(WebSocketKind kind, const std::string& data) {
    const base::Status sent = socket_->send(kind, data);
    EXPECT_TRUE(sent.ok()) << sent.message();
  }
  bool ends() {
    return run_until([this] { return seen_.is_over(); });
  }
  void expect_refusal(WebSocketRequest request, Code code) {
    seen_ = {};
    open(std::move(request));
    ASSERT_TRUE(ends());
    EXPECT_EQ(seen_.refusals, 1);
    EXPECT_EQ(seen_.open, 0);
    EXPECT_EQ(seen_.why.code(), code) << seen_.why.message();
    EXPECT_THAT(seen_.why.message(), Not(HasSubstr("SECRET")));
  }

  std::unique_ptr<Connector> connector_;
  WebSocketSeen seen_;
  std::unique_ptr<WebSocket> socket_;
};

// A server that upgrades each connection and then runs the script on it.
struct WebSocketServer {
  explicit WebSocketServer(std::function<void(WebSocketPeer&, Peer&)> script)
      : server([this, script = std::move(script)](Peer& peer, int) {
          WebSocketPeer socket(peer);
          request = socket.accept();
          script(socket, peer);
        }) {}
  [[nodiscard]] std::string url(std::string_view path = kSecretPath) const {
    return server.url(path, "ws");
  }
  SeenRequest request;  // read after stop()
  ScriptedServer server;
};

TEST_F(WebSocketTest, CarriesTextAndBytesBothWays) {
  WebSocketServer to([](WebSocketPeer& peer, Peer&) { peer.echo(); });
  WebSocketRequest request;
  request.url = to.url("/gateway?v=10#part");
  request.headers = {{"Authorization", "Bot SECRET"}};
  open(std::move(request));
  ASSERT_TRUE(run_until([this] { return seen_.open == 1; }));
  send(WebSocketKind::kText, "grüße");
  send(WebSocketKind::kBinary, std::string("\xFF\x00", 2));
  send(WebSocketKind::kText, "");
  ASSERT_TRUE(run_until([this] { return seen_.messages.size() == 3; }));
  EXPECT_THAT(seen_.messages, ElementsAre("t:grüße", std::string("b:\xFF\x00", 4), "t:"));
  socket_->close(1000, "done");
  ASSERT_TRUE(ends());
  EXPECT_EQ(seen_.end.code, 1000);
  EXPECT_EQ(seen_.end.reason, "done");
  EXPECT_TRUE(seen_.end.why.ok());
  EXPECT_EQ(seen_.closes, 1);
  to.server.stop();
  EXPECT_EQ(to.request.line(), "GET /gateway?v=10 HTTP/1.1");
  EXPECT_TRUE(to.request.has("Authorization: Bot SECRET\r\n"));
  EXPECT_TRUE(to.request.has("User-Agent: patchbay\r\n"));
  EXPECT_TRUE(to.request.has("Host: 127.0.0.1:" + std::to_string(to.server.port()) + "\r\n"));
}

TEST_F(WebSocketTest, AMessageOfMegabytesIsOneFrameAndComesBackWhole) {
  bool one_frame = false;
  WebSocketServer to([&](WebSocketPeer& peer, Peer&) {
    const SeenFrame frame = peer.read();
    one_frame = peer.is_final;
    peer.send(frame.opcode, frame.data);
    peer.echo();
  });
  open_to(to.url());
  const std::string data = pattern(3'000'000);
  send(WebSocketKind::kBinary, data);
  ASSERT_TRUE(run_until([this] { return seen_.messages.size() == 1; }));
  EXPECT_TRUE(seen_.messages[0] == "b:" + data);
  to.server.stop();
  EXPECT_TRUE(one_frame);
}

TEST_F(WebSocketTest, AMessageOverTheCapEndsIt) {
  SeenFrame answer;
  WebSocketServer server([&](WebSocketPeer& peer, Peer&) {
    peer.send(kTextFrame, std::string(1000, 'x'));
    peer.send(kTextFrame, std::string(1001, 'x'));
    answer = peer.read();
  });
  WebSocketRequest request = to(server.url());
  request.max_message_bytes = 1000;
  open(std::move(request));
  ASSERT_TRUE(ends());
  EXPECT_EQ(seen_.messages.size(), 1U);
  EXPECT_EQ(seen_.end.code, 1006);
  EXPECT_EQ(seen_.end.why.code(), Code::kTooLarge);
  server.server.stop();
  EXPECT_EQ(answer.opcode, kCloseFrame);
  EXPECT_EQ(answer.data.substr(0, 2), close_data(1009));
}

TEST_F(WebSocketTest, ASlowHandshakeIsGivenUp) {
  ScriptedServer silent([](Peer& peer, int) { peer.wait_for_end(); });
  WebSocketRequest request = to(silent.url(kSecretPath, "ws"));
  request.timeout = Milliseconds(50);
  expect_refusal(request, Code::kTimeout);
  request = to(silent.url(kSecretPath, "wss"));
  request.timeout = Milliseconds(50);
  expect_refusal(request, Code::kTimeout);
}

TEST_F(WebSocketTest, ANameThatIsNotResolvedDelaysNoOther) {
  WebSocketServer server([](WebSocketPeer& peer, Peer&) { peer.echo(); });
  StuckResolver stuck;
  WebSocketSeen other;
  WebSocketRequest request = to("ws://" + std::string(kStuckName) + "/SECRET");
  request.timeout = Milliseconds(100);
  auto waiting = connector_->open_websocket(request, other);
  ASSERT_TRUE(run_until([&] { return stuck.is_asked(); }));
  open_to(server.server.url("/", "ws", "localhost"));
  ASSERT_TRUE(run_until([&] { return other.refusals == 1; }));
  EXPECT_EQ(other.why.code(), Code::kTimeout);
  waiting = connector_->open_websocket(to("ws://" + std::string(kStuckName) + "/"), other);
  waiting.reset();
  socket_.reset();
  connector_.reset();  // while a thread still asks
}

TEST_F(WebSocketTest, ARefusedUpgradeSaysItsStatus) {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.answer("no", "", "401 Unauthorized");
  });
  expect_refusal(to(server.url(kSecretPath, "ws")), Code::kUnavailable);
  EXPECT_EQ(seen_.status_of_refusal, 401);
  EXPECT_THAT(seen_.why.message(), AllOf(HasSubstr("401"), HasSubstr("ws://127.0.0.1:")));
}

TEST_F(WebSocketTest, ARedirectIsNotFollowed) {
  ScriptedServer other([](Peer&, int) {});
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.answer("", "Location: " + other.url("/", "ws") + "\r\n", "302 Found");
  });
  expect_refusal(to(server.url(kSecretPath, "ws")), Code::kUnavailable);
  EXPECT_EQ(seen_.status_of_refusal, 302);
  EXPECT_EQ(other.connections(), 0);
}

TEST_F(WebSocketTest, WhatIsNoWebSocketServerIsSaidToBeNone) {
  for (const char* answer : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "",
                             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Accept: c3R1Yg==\r\n\r\n"}) {
    ScriptedServer server([answer](Peer& peer, int) {
      peer.read_request();
      peer.send(answer);
    });
    expect_refusal(to(server.url(kSecretPath, "ws")), Code::kUnavailable);
  }
  expect_refusal(to("ws://127.0.0.1:" + std::to_string(unused_port()) + "/SECRET"),
                 Code::kUnavailable);
  EXPECT_THAT(seen_.why.message(), HasSubstr("no connection"));
}

TEST_F(WebSocketTest, ClosesWithACodeAfterWhatIsQueued) {
  std::vector<SeenFrame> frames;
  WebSocketServer server([&](WebSocketPeer& peer, Peer&) {
    while (frames.empty() || frames.back().opcode != kCloseFrame) {
      frames.push_back(peer.read());
    }
    peer.send(kTextFrame, "late");
    peer.send(kCloseFrame, frames.back().data);
  });
  open_to(server.url());
  send(WebSocketKind::kText, "one");
  send(WebSocketKind::kText, "two");
  socket_->close(4001, "bye");
  EXPECT_EQ(socket_->send(WebSocketKind::kText, "three").code(), Code::kNotFound);
  ASSERT_TRUE(ends());
  EXPECT_EQ(seen_.end.code, 4001);
  EXPECT_THAT(seen_.messages, ElementsAre());
  server.server.stop();
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].data, "two");
  EXPECT_EQ(frames[2].data, close_data(4001, "bye"));
}

TEST_F(WebSocketTest, TheOtherSidesCloseComesWithItsCode) {
  for (const auto& [data, code, reason] : std::vector<std::tuple<std::string, int, std::string>>{
           {close_data(4004, "auth"), 4004, "auth"}, {"", kWebSocketNoStatus, ""}}) {
    SeenFrame answer;
    WebSocketServer server([&, close = data](WebSocketPeer& peer, Peer&) {
      peer.send(kCloseFrame, close);
      answer = peer.read();
    });
    seen_ = {};
    open_to(server.url());
    ASSERT_TRUE(ends());
    EXPECT_EQ(seen_.end.code, code);
    EXPECT_EQ(seen_.end.reason, reason);
    EXPECT_TRUE(seen_.end.why.ok()) << seen_.end.why.message();
    server.server.stop();
    EXPECT_EQ(answer.opcode, kCloseFrame);
  }
}

TEST_F(WebSocketTest, ACutConnectionEndsWithoutACode) {
  for (const bool reset : {false, true}) {
    WebSocketServer server([reset](WebSocketPeer& peer, Peer& raw) {
      peer.read();
      reset ? raw.reset() : raw.close();
    });
    seen_ = {};
    open_to(server.url());
    send(WebSocketKind::kText, "cut me");
    ASSERT_TRUE(ends());
    EXPECT_EQ(seen_.end.code, 1006);
    EXPECT_EQ(seen_.end.why.code(), Code::kUnavailable) << seen_.end.why.message();
  }
}

TEST_F(WebSocketTest, BrokenFramesEndIt) {
  WebSocketServer server([](WebSocketPeer& peer, Peer& raw) {
    raw.send("\xF1\x01x");  // reserved bits
    peer.read();
  });
  open_to(server.url());
  ASSERT_TRUE(ends());
  EXPECT_EQ(seen_.end.code, 1006);
  EXPECT_THAT(seen_.end.why.message(), HasSubstr("broke the WebSocket protocol"));
}

TEST_F(WebSocketTest, APeerThatDoesNotAnswerACloseIsLeft) {
  for (const bool peers : {false, true}) {
    WebSocketServer server([peers](WebSocketPeer& peer, Peer& raw) {
      if (peers) {
        peer.send(kCloseFrame, close_data(1001));
      }
      raw.wait_for_end();
    });
    seen_ = {};
    WebSocketRequest request = to(server.url());
    request.close_timeout = Milliseconds(50);
    open(std::move(request));
    ASSERT_TRUE(run_until([this] { return seen_.open == 1; }));
    if (!peers) {
      socket_->close(1000, "");
    }
    ASSERT_TRUE(ends());
    EXPECT_EQ(seen_.end.code, peers ? 1001 : 1006);
    EXPECT_EQ(seen_.end.why.code(), peers ? Code::kOk : Code::kTimeout);
  }
}

TEST_F(WebSocketTest, PingsAreAnsweredInBothDirections) {
  std::string pong;
  WebSocketServer server([&](WebSocketPeer& peer, Peer&) {
    peer.send(kPingFrame, "theirs");
    for (int i = 0; i < 2; ++i) {  // in either order
      const SeenFrame frame = peer.read();
      if (frame.opcode == kPingFrame) {
        peer.send(kPongFrame, frame.data);
      } else if (frame.opcode == kPongFrame) {
        pong = frame.data;
      }
    }
  });
  open_to(server.url());
  ASSERT_TRUE(socket_->ping("ours").ok());
  EXPECT_EQ(socket_->ping(std::string(126, 'x')).code(), Code::kInvalidArgument);
  ASSERT_TRUE(run_until([&] { return server.server.ended() == 1; }));
  ASSERT_TRUE(run_until([this] { return !seen_.pongs.empty(); }));
  EXPECT_THAT(seen_.pongs, ElementsAre("ours"));
  server.server.stop();
  EXPECT_EQ(pong, "theirs");
}

TEST_F(WebSocketTest, AFullQueueSaysSoAndWhenThereIsRoomAgain) {
  std::promise<void> go_on;
  std::size_t got = 0;
  WebSocketServer server([&](WebSocketPeer& peer, Peer&) {
    go_on.get_future().wait();
    while (peer.read().opcode == kBinaryFrame) {
      ++got;
    }
  });
  WebSocketRequest request = to(server.url());
  request.max_queued_bytes = 64 * 1024;
  open(std::move(request));
  ASSERT_TRUE(run_until([this] { return seen_.open == 1; }));
  const std::string data(16'000, 'x');
  std::size_t sent = 0;
  // As much as the kernel takes and the queue holds.
  int in_vain = 0;
  ASSERT_TRUE(run_until([&] {
    const base::Status status = socket_->send(WebSocketKind::kBinary, data);
    EXPECT_TRUE(status.ok() || status.code() == Code::kBusy) << status.message();
    sent += status.ok() ? 1 : 0;
    in_vain = status.ok() ? 0 : in_vain + 1;
    run_ready();
    return in_vain == 50;
  }));
  const int before = seen_.writables;
  go_on.set_value();
  ASSERT_TRUE(run_until([&] { return seen_.writables > before; }));
  EXPECT_TRUE(socket_->send(WebSocketKind::kBinary, data).ok());
  socket_->close(1000, "");
  ASSERT_TRUE(ends());
  server.server.stop();
  EXPECT_EQ(got, sent + 1) << "what was taken was written, and nothing that was not";
}

TEST_F(WebSocketTest, AMessageLargerThanTheQueueGoesWhenItIsEmpty) {
  WebSocketServer server([](WebSocketPeer& peer, Peer&) { peer.echo(); });
  WebSocketRequest request = to(server.url());
  request.max_queued_bytes = 1000;
  open(std::move(request));
  ASSERT_TRUE(run_until([this] { return seen_.open == 1; }));
  send(WebSocketKind::kBinary, std::string(5000, 'x'));
  EXPECT_EQ(socket_->send(WebSocketKind::kBinary, "y").code(), Code::kBusy);
  ASSERT_TRUE(run_until([this] { return seen_.messages.size() == 1 && seen_.writables == 1; }));
}

TEST_F(WebSocketTest, WhoDoesNotReadLetsTheOtherSideWait) {
  std::atomic<int> written = 0;
  constexpr int kMessages = 1000;
  WebSocketServer server([&](WebSocketPeer& peer, Peer&) {
    for (int i = 0; i < kMessages; ++i, ++written) {
      peer.send(kBinaryFrame, std::string(32 * 1024, 'x'));
    }
    peer.echo();
  });
  open_to(server.url());
  seen_.on_message = [this] { socket_->pause_reading(); };
  ASSERT_TRUE(run_until([this] { return seen_.messages.size() == 1; }));
  // The kernel's buffers fill, and then the server stands still.
  int before = -1;
  ASSERT_TRUE(run_until([&] {
    const bool still = before == written && written > 0;
    before = written;
    return still;
  }));
  EXPECT_LT(written, kMessages);
  EXPECT_EQ(seen_.messages.size(), 1U);
  seen_.on_message = nullptr;
  socket_->resume_reading();
  ASSERT_TRUE(run_until([this] { return seen_.messages.size() == std::size_t{kMessages}; }));
}

TEST_F(WebSocketTest, OnlyAllowedHostsAndAddressesAreConnectedTo) {
  ScriptedServer server([](Peer&, int) {});
  std::vector<std::string> asked;
  WebSocketRequest request = to(server.url(kSecretPath, "ws", "localhost"));
  request.allow = [&](std::string_view host, std::string_view address) {
    asked.push_back(std::string(host) + "|" + std::string(address));
    return address.empty() ? base::Status() : base::Status(Code::kRefused, "a private address");
  };
  expect_refusal(request, Code::kRefused);
  EXPECT_THAT(asked, ::testing::Contains("localhost|"));
  EXPECT_THAT(asked, ::testing::Contains("localhost|127.0.0.1"));
  request.allow = [](std::string_view, std::string_view) {
    return base::Status(Code::kRefused, "not that host");
  };
  expect_refusal(request, Code::kRefused);
  server.stop();
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(WebSocketTest, TheConnectionGoesToTheAddressThatWasChecked) {
  WebSocketServer server([](WebSocketPeer& peer, Peer&) { peer.echo(); });
  // The next answer would lead elsewhere: nobody must ask for it.
  const ScriptedName name({{"127.0.0.2", "127.0.0.1"}, {"127.0.0.2"}});
  std::vector<std::string> asked;
  WebSocketRequest request = to(server.server.url("/", "ws", kScriptedName));
  request.allow = [&](std::string_view, std::string_view address) {
    asked.emplace_back(address);
    return address == "127.0.0.2" ? base::Status(Code::kRefused, "private") : base::Status();
  };
  open(request);
  ASSERT_TRUE(run_until([this] { return seen_.open == 1; })) << seen_.why.message();
  EXPECT_THAT(asked, ElementsAre("", "127.0.0.2", "127.0.0.1"));
  EXPECT_EQ(name.questions(), 1);
  expect_refusal(request, Code::kRefused);
  EXPECT_EQ(server.server.connections(), 1);
}

TEST_F(WebSocketTest, ASubprotocolIsOneThatWasOffered) {
  struct Case {
    std::string offered;
    std::string answered;  // headers
    std::string chosen;    // empty, and an answer: refused
  };
  const Case cases[] = {{"v2.chat, v1.chat", "Sec-WebSocket-Protocol: v1.chat\r\n", "v1.chat"},
                        {"v1.chat", "", ""},
                        {"v1.chat", "Sec-WebSocket-Protocol: SECRET\r\n", ""},
                        {"", "Sec-WebSocket-Protocol: v1.chat\r\n", ""},
                        {"a, b", "Sec-WebSocket-Protocol: a, b\r\n", ""},
                        {"a, b", "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n", ""}};
  for (const Case& given : cases) {
    ScriptedServer server([&given](Peer& peer, int) {
      WebSocketPeer socket(peer);
      socket.accept(given.answered);
      socket.echo();
    });
    WebSocketRequest request = to(server.url(kSecretPath, "ws"));
    if (!given.offered.empty()) {
      request.headers = {{"Sec-WebSocket-Protocol", given.offered}};
    }
    if (!given.answered.empty() && given.chosen.empty()) {
      expect_refusal(std::move(request), Code::kUnavailable);
      continue;
    }
    seen_ = {};
    open(std::move(request));
    ASSERT_TRUE(run_until([this] { return seen_.open == 1 || seen_.is_over(); }));
    EXPECT_EQ(seen_.open, 1) << seen_.why.message();
    EXPECT_EQ(socket_->subprotocol(), given.chosen);
    socket_.reset();
    server.stop();
  }
}

TEST_F(WebSocketTest, WhatCannotBeSentIsRefused) {
  for (const char* url : {"http://x/SECRET", "ws://u:SECRET@x/", "ws:x", "", "ws://x/SE CRET",
                          "wss://x/\r\nSECRET", "ftp://x"}) {
    expect_refusal(to(url), Code::kInvalidArgument);
  }
  for (const HttpHeader& header :
       HttpHeaders{{"Host", "x"}, {"Sec-WebSocket-Key", "x"}, {"A b", "x"}, {"A", "x\r\nB: y"}}) {
    WebSocketRequest request = to("ws://127.0.0.1:1/");
    request.headers = {header};
    expect_refusal(request, Code::kInvalidArgument);
  }
  WebSocketServer server([](WebSocketPeer& peer, Peer&) { peer.echo(); });
  seen_ = {};
  open_to(server.url());
  EXPECT_EQ(socket_->send(WebSocketKind::kText, "\xFF").code(), Code::kInvalidArgument);
}

TEST_F(WebSocketTest, CanBeDestroyedByWhatItTells) {
  WebSocketServer server([](WebSocketPeer& peer, Peer&) {
    peer.send(kTextFrame, "one");
    peer.send(kTextFrame, "two");
    peer.echo();
  });
  seen_.on_message = [this] { socket_.reset(); };
  open(to(server.url()));
  ASSERT_TRUE(run_until([this] { return seen_.messages.size() == 1; }));
  ASSERT_TRUE(run_until([&] { return server.server.ended() == 1; })) << "the connection is dropped";
  run_ready();
  EXPECT_EQ(seen_.messages.size(), 1U);
  EXPECT_EQ(seen_.closes, 0);
}

class WebSocketTlsTest : public WebSocketTest {
 protected:
  void trust(const std::string& certificate) {
    const std::string file = folder_ / "ca.pem";
    std::ofstream(file) << certificate;
    connect_with({.ca_file = file});
  }
  test::TempFolder folder_;
};

struct TlsServer {
  explicit TlsServer(const SelfSigned& identity)
      : server([this, identity](Peer& peer, int) {
          if (peer.start_tls(identity)) {
            WebSocketPeer socket(peer);
            requests += socket.accept().head.empty() ? 0 : 1;
            socket.echo();
          }
        }) {}
  std::atomic<int> requests = 0;
  ScriptedServer server;
};

TEST_F(WebSocketTlsTest, ATrustedServerOfThatNameIsSpokenTo) {
  const SelfSigned identity = make_self_signed("localhost");
  TlsServer server(identity);
  trust(identity.certificate);
  open_to(server.server.url("/", "wss", "localhost"));
  const std::string data = pattern(500'000);
  send(WebSocketKind::kBinary, data);
  ASSERT_TRUE(run_until([this] { return seen_.messages.size() == 1; }));
  EXPECT_TRUE(seen_.messages[0] == "b:" + data);
  socket_->close(1000, "");
  ASSERT_TRUE(ends());
  EXPECT_EQ(seen_.end.code, 1000);
}

TEST_F(WebSocketTlsTest, OthersAreNot) {
  const SelfSigned identity = make_self_signed("localhost");
  TlsServer untrusted(identity);
  expect_refusal(to(untrusted.server.url(kSecretPath, "wss", "localhost")), Code::kUnavailable);
  EXPECT_THAT(seen_.why.message(), AllOf(HasSubstr("TLS failed"), HasSubstr("self")));
  const SelfSigned other = make_self_signed("other.example");
  TlsServer of_other_name(other);
  trust(other.certificate);
  expect_refusal(to(of_other_name.server.url(kSecretPath, "wss", "localhost")), Code::kUnavailable);
  EXPECT_THAT(seen_.why.message(), HasSubstr("ostname mismatch"));
  expect_refusal(to(of_other_name.server.url(kSecretPath, "wss")), Code::kUnavailable);
  EXPECT_THAT(seen_.why.message(), HasSubstr("IP address mismatch"));
  untrusted.server.stop();
  of_other_name.server.stop();
  EXPECT_EQ(untrusted.requests + of_other_name.requests, 0) << "no byte of the request left";
  EXPECT_FALSE(Connector::make(loop_, {.ca_file = folder_ / "none.pem"}).ok());
}

}  // namespace
}  // namespace patchbay::net
