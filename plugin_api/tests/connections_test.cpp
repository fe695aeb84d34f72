// WebSocket and Stream of the SDK, against a host that a test plays call by call.
#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <patchbay/sdk/stream.hpp>
#include <patchbay/sdk/websocket.hpp>

namespace patchbay::sdk {
namespace {

using ::testing::ElementsAre;

// What the adapter asked of its host, and how the host answers the next sends.
struct PlayedHost {
  std::vector<std::string> calls;
  std::deque<std::int32_t> send_codes;  // then PBAY_OK
  pbay_op last_op = 0;
  pbay_host host{};

  static PlayedHost& of(const pbay_host* host) { return *static_cast<PlayedHost*>(host->data); }

  PlayedHost() {
    host.struct_size = sizeof(pbay_host);
    host.data = this;
    host.log = [](const pbay_host* self, std::uint32_t, pbay_str text) noexcept {
      of(self).calls.push_back("log " + copy(text));
    };
    host.get_extension = [](const pbay_host*, const char* id) noexcept -> const void* {
      static constexpr pbay_websocket kWebSocket = {
          sizeof(pbay_websocket),
          0,
          [](const pbay_host* self, pbay_op op, const pbay_websocket_options* options) noexcept {
            of(self).last_op = op;
            of(self).calls.push_back("open " + copy(options->url) + " " +
                                     std::to_string(options->header_count));
          },
          [](const pbay_host* self, pbay_op, std::uint32_t kind, pbay_str data) noexcept {
            return of(self).send(std::to_string(kind) + copy(data));
          },
          [](const pbay_host* self, pbay_op, pbay_str data) noexcept {
            return of(self).send("ping" + copy(data));
          },
          [](const pbay_host* self, pbay_op, std::uint32_t code, pbay_str reason) noexcept {
            of(self).calls.push_back("close " + std::to_string(code) + copy(reason));
          }};
      static constexpr pbay_stream kStream = {
          sizeof(pbay_stream), 0,
          [](const pbay_host* self, pbay_op op, pbay_str endpoint) noexcept {
            of(self).last_op = op;
            of(self).calls.push_back("open " + copy(endpoint));
          },
          [](const pbay_host* self, pbay_op, pbay_str bytes) noexcept {
            return of(self).send(copy(bytes));
          },
          [](const pbay_host* self, pbay_op) noexcept { of(self).calls.push_back("close"); }};
      const std::string_view wanted = id;
      return wanted == PBAY_EXT_WEBSOCKET ? static_cast<const void*>(&kWebSocket)
             : wanted == PBAY_EXT_STREAM  ? static_cast<const void*>(&kStream)
                                          : nullptr;
    };
  }

  std::int32_t send(const std::string& what) {
    std::int32_t code = PBAY_OK;
    if (!send_codes.empty()) {
      code = send_codes.front();
      send_codes.pop_front();
    }
    calls.push_back("send " + what + " " + std::to_string(code));
    return code;
  }
};

class ConnectionsTest : public ::testing::Test {
 protected:
  void complete(std::int32_t code, std::uint64_t value = 0) {
    auto completion = make_abi<pbay_completion>();
    completion.code = code;
    completion.value = value;
    runtime_.complete(played_.last_op, completion);
  }
  void websocket_event(std::uint32_t kind, std::string_view data, std::uint32_t code = 0) {
    auto event = make_abi<pbay_websocket_event>();
    event.kind = kind;
    event.close_code = code;
    event.data = to_abi(data);
    runtime_.event(played_.last_op, &event);
  }
  void stream_event(std::uint32_t kind, std::string_view data) {
    auto event = make_abi<pbay_stream_event>();
    event.kind = kind;
    event.data = to_abi(data);
    runtime_.event(played_.last_op, &event);
  }

  // Opens, then reads until the end, into seen_.
  Task<> read_websocket(WebSocket& socket) {
    WebSocketOptions options("wss://x/");
    options.headers.emplace_back("A", "b");
    const Completion opened = co_await socket.open(options);
    seen_.push_back("opened " + std::to_string(opened.code) + " " + std::to_string(opened.value));
    while (socket.is_open()) {
      WebSocketEvent event = co_await socket.next();
      seen_.push_back(std::to_string(static_cast<int>(event.kind)) + ":" + event.data + ":" +
                      std::to_string(event.close_code));
    }
  }
  Task<> send_text(WebSocket& socket, std::string text) {
    const std::int32_t code = co_await socket.send_text(text);
    seen_.push_back("sent " + text + " " + std::to_string(code));
  }
  Task<> read_stream(Stream& stream) {
    const Completion opened = co_await stream.open("tcp://x:1");
    seen_.push_back("opened " + std::to_string(opened.code));
    while (stream.is_open()) {
      StreamEvent event = co_await stream.next();
      seen_.push_back(std::to_string(static_cast<int>(event.kind)) + ":" + event.data);
    }
  }
  Task<> send_bytes(Stream& stream, std::string bytes) {
    const std::int32_t code = co_await stream.send(bytes);
    seen_.push_back("sent " + bytes + " " + std::to_string(code));
  }

  PlayedHost played_;
  Runtime runtime_{&played_.host};
  std::vector<std::string> seen_;
};

TEST_F(ConnectionsTest, AWebSocketIsReadUntilItsEndAndOpenedAgain) {
  WebSocket socket(runtime_);
  EXPECT_EQ(socket.try_send_text("early"), PBAY_E_NOT_FOUND);
  runtime_.spawn("reader", read_websocket(socket));
  complete(PBAY_OK);
  EXPECT_TRUE(socket.is_open());
  websocket_event(PBAY_WEBSOCKET_TEXT, "hello");
  socket.close(4000, "why");
  websocket_event(PBAY_WEBSOCKET_CLOSED, "bye", 4000);
  EXPECT_FALSE(socket.is_open());
  EXPECT_FALSE(runtime_.has_tasks());
  EXPECT_THAT(seen_, ElementsAre("opened 0 0", "0:hello:0", "4:bye:4000"));
  EXPECT_THAT(played_.calls, ElementsAre("open wss://x/ 1", "close 4000why"));
  runtime_.spawn("reader", read_websocket(socket));
  complete(PBAY_E_NETWORK, 401);
  EXPECT_EQ(seen_.back(), "opened -101 401");
  EXPECT_FALSE(socket.is_open());
}

TEST_F(ConnectionsTest, SendersWaitForRoomAndHearOfTheEnd) {
  WebSocket socket(runtime_);
  runtime_.spawn("reader", read_websocket(socket));
  complete(PBAY_OK);
  seen_.clear();
  played_.calls.clear();
  played_.send_codes = {PBAY_E_BUSY, PBAY_E_BUSY, PBAY_OK, PBAY_E_BUSY};
  runtime_.spawn("one", send_text(socket, "a"));
  runtime_.spawn("two", send_text(socket, "b"));
  EXPECT_TRUE(seen_.empty());
  websocket_event(PBAY_WEBSOCKET_WRITABLE, "");
  EXPECT_THAT(seen_, ElementsAre("sent a 0"));
  websocket_event(PBAY_WEBSOCKET_CLOSED, "", 1006);
  EXPECT_THAT(seen_, ElementsAre("sent a 0", "4::1006", "sent b -209"));
  EXPECT_THAT(played_.calls,
              ElementsAre("send 0a -106", "send 0b -106", "send 0a 0", "send 0b -106"));
  EXPECT_FALSE(runtime_.has_tasks());
}

TEST_F(ConnectionsTest, AStoppingInstanceDropsItsWebSocket) {
  WebSocket socket(runtime_);
  runtime_.spawn("reader", read_websocket(socket));
  complete(PBAY_OK);
  played_.send_codes = {PBAY_E_BUSY};
  runtime_.spawn("sender", send_text(socket, "a"));
  runtime_.advance(Phase::kDraining);
  EXPECT_FALSE(runtime_.has_tasks());
  EXPECT_EQ(played_.calls.back(), "close 0") << "without a close frame";
  EXPECT_THAT(seen_, ElementsAre("opened 0 0"));
}

TEST_F(ConnectionsTest, OneThatIsBeingOpenedIsGivenUp) {
  WebSocket socket(runtime_);
  runtime_.spawn("reader", read_websocket(socket));
  runtime_.advance(Phase::kDraining);
  EXPECT_EQ(played_.calls.back(), "close 0");
  complete(PBAY_E_CANCELLED);
  EXPECT_FALSE(runtime_.has_tasks());
  EXPECT_TRUE(seen_.empty());
  EXPECT_TRUE(runtime_.idle());
}

TEST_F(ConnectionsTest, AStreamThatServesDeliveriesStaysOpenWhileTheyEnd) {
  Stream stream(runtime_, Phase::kDraining);
  runtime_.spawn("reader", read_stream(stream));
  complete(PBAY_OK);
  stream_event(PBAY_STREAM_DATA, "one");
  runtime_.advance(Phase::kDraining);
  stream_event(PBAY_STREAM_DATA, "two");
  EXPECT_EQ(stream.try_send("x"), PBAY_OK);
  EXPECT_THAT(seen_, ElementsAre("opened 0", "0:one", "0:two"));
  runtime_.advance(Phase::kEnding);
  EXPECT_FALSE(runtime_.has_tasks());
  EXPECT_EQ(played_.calls.back(), "close");
}

TEST_F(ConnectionsTest, AStreamsSendersWaitForRoom) {
  Stream stream(runtime_);
  runtime_.spawn("reader", read_stream(stream));
  complete(PBAY_OK);
  played_.send_codes = {PBAY_E_BUSY};
  runtime_.spawn("sender", send_bytes(stream, "a"));
  stream_event(PBAY_STREAM_WRITABLE, "");
  stream.close();
  stream_event(PBAY_STREAM_CLOSED, "");
  EXPECT_THAT(seen_, ElementsAre("opened 0", "sent a 0", "2:"));
  EXPECT_FALSE(runtime_.has_tasks());
}

TEST_F(ConnectionsTest, WhoDoesNotReadLosesTheConnection) {
  WebSocket socket(runtime_);
  runtime_.spawn("opener", read_websocket(socket));
  complete(PBAY_OK);
  runtime_.drop_tasks();
  for (std::size_t i = 0; i <= kMaxQueuedEvents; ++i) {
    websocket_event(PBAY_WEBSOCKET_TEXT, "x");
  }
  EXPECT_FALSE(socket.is_open());
  EXPECT_EQ(played_.calls.back(), "close 0");
}

TEST_F(ConnectionsTest, AHostThatHasNoneSaysSo) {
  played_.host.get_extension = [](const pbay_host*, const char*) noexcept -> const void* {
    return nullptr;
  };
  WebSocket socket(runtime_);
  Stream stream(runtime_);
  runtime_.spawn("reader", read_websocket(socket));
  runtime_.spawn("reader", read_stream(stream));
  EXPECT_THAT(seen_, ElementsAre("opened -205 0", "opened -205"));
}

}  // namespace
}  // namespace patchbay::sdk
