// One WebSocket connection as Beast speaks it, over TCP or over TLS. Only here and behind here is
// Beast: each of the two is a source of its own, since its templates take long to compile.
// Internal; the core thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "net/websocket.hpp"

namespace boost::asio::ssl {
class context;
}

namespace patchbay::net {

struct WebSocketHello {
  HttpOrigin origin;
  std::string target;
  HttpHeaders headers;
  std::string user_agent;
  std::size_t max_message_bytes = 0;
  base::Milliseconds close_timeout{};
};

// Never called from inside a call to the channel.
class WebSocketChannelEvents {
 public:
  virtual ~WebSocketChannelEvents() = default;
  virtual void shaken(std::string subprotocol) = 0;  // that the server chose; empty: none
  virtual void not_shaken(const base::Status& why, int http_status) = 0;
  virtual void message(WebSocketKind kind, std::string data) = 0;
  virtual void ponged(std::string_view data) = 0;
  // The other side's close frame: ended() comes when the connection has been wound up.
  virtual void closing() = 0;
  virtual void written() = 0;
  // It can come more than once.
  virtual void ended(const WebSocketEnd& end) = 0;
};

// Shared with the handlers that Asio holds.
class WebSocketChannel {
 public:
  virtual ~WebSocketChannel() = default;
  virtual void shake_hands() = 0;
  // One message; one read at a time.
  virtual void read() = 0;
  // Of these three one at a time.
  virtual void write(WebSocketKind kind, std::string data) = 0;
  virtual void ping(std::string data) = 0;
  virtual void close(std::uint16_t code, const std::string& reason) = 0;
  // What the other side's close said, if it has come.
  [[nodiscard]] virtual WebSocketEnd end_so_far() const = 0;
  // Closes the connection; no events come any more.
  virtual void drop() = 0;
};

[[nodiscard]] std::shared_ptr<WebSocketChannel> make_plain_channel(
    boost::asio::ip::tcp::socket socket, WebSocketHello hello, WebSocketChannelEvents& events);
[[nodiscard]] std::shared_ptr<WebSocketChannel> make_tls_channel(
    boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& trust, WebSocketHello hello,
    WebSocketChannelEvents& events);

}  // namespace patchbay::net
