// The HTTP listener for webhooks. All of it belongs to the core thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "net/http_message.hpp"

namespace patchbay::base {
class EventLoop;
}

namespace patchbay::net {

// GET, HEAD or POST; others are answered 405 before a handler sees them.
struct HttpServerRequest {
  std::string method;
  std::string target;   // path and query as received
  HttpHeaders headers;  // names in lower case, in the order received
  std::string body;     // raw
  std::string remote;   // "192.0.2.1:50000", "[2001:db8::1]:50000"
};

struct HttpServerAnswer {
  int status = 200;
  HttpHeaders
      headers;       // not Connection, Content-Length, Transfer-Encoding: the server writes these
  std::string body;  // not sent for HEAD, its length is
};

// Answers the request it came with. Only the first call counts; none within the deadline, and one
// that is destroyed without a call, means 503. Calling it after the server has gone does nothing.
using HttpResponder = base::UniqueFunction<void(HttpServerAnswer)>;
using HttpServerHandler = base::UniqueFunction<void(HttpServerRequest, HttpResponder)>;

struct HttpServerOptions {
  std::string address = "127.0.0.1";                                // numeric, IPv4 or IPv6
  std::uint16_t port = 0;                                           // 0: any that is free
  std::size_t max_connections = limits::kHttpServerConnections;     // more get 503 and are closed
  std::uint32_t max_header_bytes = limits::kHttpServerHeaderBytes;  // else 431
  std::uint64_t max_body_bytes = limits::kWebhookBodyBytes;         // else 413
  base::Milliseconds idle_timeout = limits::kHttpServerIdle;        // between requests
  base::Milliseconds header_timeout = limits::kHttpServerHeader;    // from its first byte, else 408
  base::Milliseconds body_timeout = limits::kHttpServerBody;        // from the header on, else 408
  base::Milliseconds answer_timeout = limits::kWebhookAnswer;       // of the handler, else 503
  base::Milliseconds write_timeout = limits::kHttpServerWrite;      // of an answer, else closed
};

class HttpServer {
 public:
  // Listens when it returns. The error names address and port, and the remedy. `loop` outlives it.
  [[nodiscard]] static base::Result<std::unique_ptr<HttpServer>> listen(base::EventLoop& loop,
                                                                        HttpServerOptions options,
                                                                        HttpServerHandler handler);
  // Drops every connection.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::size_t connections() const;

  // Accepts nothing more, closes idle connections, answers what has been asked, then calls
  // `stopped`, later, once. Every connection has deadlines, so it comes.
  void stop(base::UniqueFunction<void()> stopped);

 private:
  struct State;
  explicit HttpServer(std::shared_ptr<State> state);
  // Shared with the handlers that Asio holds, which may run after this object is gone.
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::net
