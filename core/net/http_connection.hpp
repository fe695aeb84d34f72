// One connection of the HTTP server: reads a request, hands it out, writes the answer, and again.
// Internal; the core thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event_loop.hpp"
#include "net/http_server.hpp"

namespace patchbay::net {

// Held by the server until closed, and by the handlers that Asio holds: therefore shared.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // What a connection needs from its server. Lives longer than the connection's use of it: it is
  // told of the closing first.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void handle(HttpServerRequest request, HttpResponder responder) = 0;
    virtual void closed(HttpConnection& connection) = 0;
  };

  HttpConnection(base::EventLoop& loop, const HttpServerOptions& options,
                 boost::asio::ip::tcp::socket socket, std::weak_ptr<Owner> owner);

  void start() { await_request(); }
  // Closes when idle, else after the answer that is under way.
  void finish();
  // Closes now.
  void drop();

 private:
  struct Responder;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  // What is under way on the socket ends after `time`, and finds timed_out_ set. Replaces the last
  // one. (Beast's own timeouts close the socket, and then nobody can be told.)
  void allow(base::Milliseconds time);
  void expire_after(base::Milliseconds time);
  void await_request();
  void read_header();
  void check_header_read(boost::beast::error_code error);
  void write_continue();
  void read_body();
  void hand_out();
  void answer(std::uint64_t serial, HttpServerAnswer answer);
  void refuse(unsigned status, std::string_view text);
  void refuse_after(boost::beast::error_code error);
  void write(Response response, bool without_body);
  void linger();
  void discard();

  base::EventLoop& loop_;
  const HttpServerOptions options_;
  boost::asio::ip::tcp::socket socket_;
  std::weak_ptr<Owner> owner_;
  std::string remote_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;      // of the current request
  std::optional<Response> response_;  // being written
  base::TimerId deadline_ = 0;        // of the current step
  std::uint64_t serial_ = 0;          // of the current request
  bool timed_out_ = false;
  bool awaiting_answer_ = false;
  bool idle_ = false;  // between requests
  bool finishing_ = false;
  bool closed_ = false;
  std::size_t discarded_ = 0;
};

}  // namespace patchbay::net
