// A WebSocket client (RFC 6455). All of it belongs to the core thread.
//
// Without extensions: no compression. Not through the proxy of the configuration. Redirects are not
// followed. Dead connections are noticed by TCP's keep-alive; pings above that are the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "net/host_allow.hpp"
#include "net/http_message.hpp"

namespace patchbay::net {

struct WebSocketRequest {
  std::string url;                                                 // ws:// or wss://
  HttpHeaders headers;                                             // see check_upgrade_headers()
  std::size_t max_message_bytes = limits::kWebSocketMessageBytes;  // in; a longer one ends it
  // Out, frames' overhead included. One message may be larger, when nothing else is queued.
  std::size_t max_queued_bytes = limits::kWebSocketBufferBytes;
  base::Milliseconds timeout = limits::kWebSocketHandshake;  // of everything until it is open
  base::Milliseconds close_timeout = limits::kWebSocketClose;
  HostAllow allow;  // unset: every host
};

// kInvalidArgument: what is no header, or what the client itself writes (Host, Upgrade, Connection,
// Sec-WebSocket-*). Sec-WebSocket-Protocol offers subprotocols: once, names with commas between
// them.
[[nodiscard]] base::Status check_upgrade_headers(const HttpHeaders& headers);

enum class WebSocketKind : std::uint8_t { kText, kBinary };

inline constexpr std::uint16_t kWebSocketNoStatus = 1005;   // a close without a code
inline constexpr std::uint16_t kWebSocketNoClose = 1006;    // the connection ended without a close
inline constexpr std::size_t kWebSocketControlBytes = 125;  // of a ping
inline constexpr std::size_t kWebSocketReasonBytes = 123;   // of a close

struct WebSocketEnd {
  std::uint16_t code = kWebSocketNoClose;  // received
  std::string reason;                      // the other side's words
  base::Status why;                        // not ok: it did not end by a close of either side
};

// What happens on a WebSocket. Calls come on the core thread, one at a time, never from inside a
// call to the WebSocket; each of them may call the WebSocket, and destroy it.
class WebSocketEvents {
 public:
  virtual ~WebSocketEvents() = default;
  // One of these two is the first; after refused() nothing follows. http_status: of an answer that
  // was no upgrade, else 0. Codes: kRefused by `allow`, kInvalidArgument, kTimeout, kUnavailable.
  // The text names scheme, host and port and never path or query. kUnavailable is also a server
  // that chose a subprotocol which it was not offered.
  virtual void opened() = 0;
  virtual void refused(const base::Status& why, int http_status) = 0;
  virtual void received(WebSocketKind kind, std::string data) = 0;
  virtual void pong(std::string_view data) = 0;
  // After a send() or ping() that was answered kBusy: at least half of the queue is free again.
  virtual void writable() = 0;
  // Nothing follows.
  virtual void closed(const WebSocketEnd& end) = 0;
};

// Made by a Connector.
class WebSocket {
 public:
  struct State;
  // Shared with the handlers that Asio holds.
  explicit WebSocket(std::shared_ptr<State> state);
  // Drops the connection without a close frame and without events.
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  // Queues the message, or nothing. kNotFound: not open, or closing. kBusy: the queue would hold
  // more than its cap; writable() comes. kInvalidArgument: a text that is not UTF-8, which the
  // other side would end the connection for.
  [[nodiscard]] base::Status send(WebSocketKind kind, std::string data);
  // The same; kInvalidArgument: longer than kWebSocketControlBytes.
  [[nodiscard]] base::Status ping(std::string data);
  // After what is queued has been written; received() comes no more, closed() does, at the latest
  // after close_timeout. A code that a client may not send becomes 1000, a reason is cut to
  // kWebSocketReasonBytes.
  void close(std::uint16_t code, std::string_view reason);
  // Which of the subprotocols that were offered the server chose; empty: none, or not open yet.
  [[nodiscard]] const std::string& subprotocol() const;
  // Stops and goes on reading messages, for a receiver whose own queue is full. While it is
  // stopped, pings of the other side are not answered either.
  void pause_reading();
  void resume_reading();

 private:
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::net
