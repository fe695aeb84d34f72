#include "net/http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <unordered_map>
#include <utility>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "net/accept_pause.hpp"
#include "net/http_connection.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Code;
using base::Result;
using base::Status;

constexpr int kHttpBacklog = 1024;

Status listen_failed(const HttpServerOptions& options, const boost::system::error_code& error) {
  const std::string where = options.address + " port " + std::to_string(options.port);
  if (error == asio::error::address_in_use) {
    return {Code::kAlreadyExists,
            "cannot listen on " + where + ": another program does; stop it or choose another port"};
  }
  if (error == asio::error::access_denied) {
    return {Code::kRefused, "cannot listen on " + where +
                                ": not permitted; choose a port over 1023, or grant "
                                "CAP_NET_BIND_SERVICE"};
  }
  return {Code::kIo, "cannot listen on " + where + ": " + error.message()};
}

}  // namespace

struct HttpServer::State final : HttpConnection::Owner, std::enable_shared_from_this<State> {
  State(base::EventLoop& event_loop, HttpServerOptions server_options, HttpServerHandler to)
      : loop(event_loop),
        options(std::move(server_options)),
        handler(std::move(to)),
        acceptor(event_loop.context()) {}

  Status open() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) {
      return {Code::kInvalidArgument, "cannot listen on \"" + options.address +
                                          "\": it is not a numeric address like 127.0.0.1 or ::1"};
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
      acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
      acceptor.bind(endpoint, error);
    }
    if (!error) {
      acceptor.listen(kHttpBacklog, error);
    }
    if (error) {
      return listen_failed(options, error);
    }
    ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    port = acceptor.local_endpoint(error).port();
    return {};
  }

  void accept() {
    acceptor.async_accept(
        [weak = weak_from_this()](const boost::system::error_code& error, tcp::socket socket) {
          const auto self = weak.lock();
          if (self && self->acceptor.is_open()) {
            self->accepted(error, std::move(socket));
          }
        });
  }

  void accepted(const boost::system::error_code& error, tcp::socket socket) {
    if (error) {
      base::log_warning("webhook.accept_failed", {{"reason", error.message()}});
      loop.run_after(kAcceptPause, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self && self->acceptor.is_open()) {
          self->accept();
        }
      });
      return;
    }
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    if (live.size() >= options.max_connections) {
      // Best effort: nothing waits for a peer that is one too many.
      static constexpr std::string_view kFull =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
          "Connection: close\r\n\r\n";
      ::send(socket.native_handle(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      const auto connection =
          std::make_shared<HttpConnection>(loop, options, std::move(socket), weak_from_this());
      live.emplace(connection.get(), connection);
      connection->start();
    }
    accept();
  }

  void handle(HttpServerRequest request, HttpResponder responder) override {
    handler(std::move(request), std::move(responder));
  }

  void closed(HttpConnection& connection) override {
    live.erase(&connection);
    if (live.empty() && stopped) {
      loop.post(std::exchange(stopped, nullptr));
    }
  }

  void stop(base::UniqueFunction<void()> then) {
    boost::system::error_code error;
    acceptor.close(error);
    if (live.empty()) {
      loop.post(std::move(then));
      return;
    }
    stopped = std::move(then);
    const auto all = live;  // finish() may take some away
    for (const auto& [address, connection] : all) {
      connection->finish();
    }
  }

  void close() {
    boost::system::error_code error;
    acceptor.close(error);
    stopped = nullptr;
    const auto all = std::exchange(live, {});
    for (const auto& [address, connection] : all) {
      connection->drop();
    }
  }

  base::EventLoop& loop;
  const HttpServerOptions options;
  HttpServerHandler handler;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  // Shared with the handlers that Asio holds for them.
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> live;
  base::UniqueFunction<void()> stopped;  // set while stopping
};

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() { state_->close(); }

Result<std::unique_ptr<HttpServer>> HttpServer::listen(base::EventLoop& loop,
                                                       HttpServerOptions options,
                                                       HttpServerHandler handler) {
  auto state = std::make_shared<State>(loop, std::move(options), std::move(handler));
  PATCHBAY_TRY(state->open());
  state->accept();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

std::uint16_t HttpServer::port() const { return state_->port; }

std::size_t HttpServer::connections() const { return state_->live.size(); }

void HttpServer::stop(base::UniqueFunction<void()> stopped) { state_->stop(std::move(stopped)); }

}  // namespace patchbay::net
