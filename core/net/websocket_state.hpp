// What a WebSocket is made of: who is dialled, what is queued, what is owed to its events.
// Internal.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "net/dialer.hpp"
#include "net/endpoint.hpp"
#include "net/websocket.hpp"
#include "net/websocket_channel.hpp"

namespace patchbay::net {

// What the connector lends.
struct WebSocketSetup {
  base::EventLoop& loop;
  NameResolver& resolver;
  boost::asio::ssl::context& trust;
  std::string user_agent;
};

struct WebSocket::State final : std::enable_shared_from_this<State>, WebSocketChannelEvents {
  State(const WebSocketSetup& setup, WebSocketRequest wanted, WebSocketEvents& to);
  ~State() override;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Once, by the connector.
  void open();
  [[nodiscard]] base::Status send(WebSocketKind kind, std::string data);
  [[nodiscard]] base::Status ping(std::string data);
  void close(std::uint16_t code, std::string_view reason);
  void pause();
  void resume();
  void shut_down();
  [[nodiscard]] const std::string& subprotocol() const { return subprotocol_; }

  // WebSocketChannelEvents
  void shaken(std::string subprotocol) override;
  void not_shaken(const base::Status& why, int http_status) override;
  void message(WebSocketKind kind, std::string data) override;
  void ponged(std::string_view data) override;
  void closing() override;
  void written() override;
  void ended(const WebSocketEnd& end) override;

 private:
  using Status = base::Status;
  enum class Phase { kOpening, kOpen, kClosing, kOver };
  enum class FrameKind { kText, kBinary, kPing, kClose };
  struct Frame {
    FrameKind kind;
    std::string data;        // the channel has it once it is being written
    std::uint16_t code = 0;  // of a close
    std::size_t cost = 0;
  };

  void dialled(base::Result<boost::asio::ip::tcp::socket> socket);
  void refuse(const Status& why, int http_status);
  [[nodiscard]] Status queue(Frame frame);
  void push(Frame frame);
  void write_next();
  void read_next();
  void wind_up_within(base::Milliseconds time);

  base::EventLoop& loop_;
  NameResolver& resolver_;
  boost::asio::ssl::context& trust_;
  const std::string user_agent_;
  WebSocketRequest request_;
  WebSocketEvents* events_;  // null once nobody listens
  WebSocketUrl url_;
  std::string offered_;      // the value of the header, until it is open
  std::string subprotocol_;  // that was chosen
  Phase phase_ = Phase::kOpening;
  std::shared_ptr<Dialer> dialer_;             // shared with Asio's handlers
  std::shared_ptr<WebSocketChannel> channel_;  // shared with Asio's handlers
  base::TimerId deadline_ = 0;
  std::deque<Frame> frames_;  // the first is being written, if writing_
  std::size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool reading_ = false;
  bool paused_ = false;
  bool was_busy_ = false;  // writable() is owed
};

}  // namespace patchbay::net
