#include "net/http_connection.hpp"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kReadAtOnce = std::size_t{16} * 1024;
// A peer that is still sending when it is refused would lose the answer to a reset, so what it
// sends is read and dropped, within these.
constexpr std::size_t kLingerBytes = std::size_t{1024} * 1024;
constexpr std::chrono::seconds kLinger{2};
// How often what took too long is cancelled, until it has ended.
constexpr base::Milliseconds kCancelAgain{10};

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

bool is_written_by_server(std::string_view name) {
  const std::string lower = base::to_lower(name);
  return lower == "connection" || lower == "content-length" || lower == "transfer-encoding";
}

bool is_sendable(const HttpServerAnswer& answer) {
  return answer.status >= 200 && answer.status <= 599 &&
         std::all_of(answer.headers.begin(), answer.headers.end(),
                     [](const HttpHeader& header) { return check_header(header).ok(); });
}

HttpServerRequest take_request(http::request<http::string_body>&& message, std::string remote) {
  HttpServerRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    request.headers.push_back(
        {base::to_lower(std::string_view(field.name_string().data(), field.name_string().size())),
         std::string(field.value())});
  }
  request.body = std::move(message.body());
  request.remote = std::move(remote);
  return request;
}

}  // namespace

// Carries the answer back to the request that it belongs to. Destroyed unused, it says so.
struct HttpConnection::Responder {
  Responder(std::weak_ptr<HttpConnection> to, std::uint64_t of)
      : connection(std::move(to)), serial(of) {}
  Responder(Responder&&) noexcept = default;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  Responder& operator=(Responder&&) = delete;
  ~Responder() {
    if (const auto target = connection.lock()) {
      // Later: it may be destroyed anywhere, also by the connection itself.
      target->loop_.post([weak = connection, of = serial] {
        if (const auto later = weak.lock()) {
          later->answer(of, {503, {}, "no answer\n"});
        }
      });
    }
  }
  void operator()(HttpServerAnswer answer) {
    if (const auto target = std::exchange(connection, {}).lock()) {
      target->answer(serial, std::move(answer));
    }
  }

  std::weak_ptr<HttpConnection> connection;
  std::uint64_t serial;
};

HttpConnection::HttpConnection(base::EventLoop& loop, const HttpServerOptions& options,
                               asio::ip::tcp::socket socket, std::weak_ptr<Owner> owner)
    : loop_(loop),
      options_(options),
      socket_(std::move(socket)),
      owner_(std::move(owner)),
      buffer_(options.max_header_bytes + kReadAtOnce) {
  beast::error_code error;
  remote_ = to_text(socket_.remote_endpoint(error));
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
}

void HttpConnection::allow(base::Milliseconds time) {
  loop_.cancel(deadline_);
  timed_out_ = false;
  expire_after(time);
}

// Again and again until it shows: what has just ended in order to go on cannot be cancelled, and a
// client that never rests could have it so each time.
void HttpConnection::expire_after(base::Milliseconds time) {
  deadline_ = loop_.run_after(time, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->timed_out_ = true;
      beast::error_code ignored;
      self->socket_.cancel(ignored);
      self->expire_after(kCancelAgain);
    }
  });
}

void HttpConnection::await_request() {
  if (finishing_) {
    drop();
    return;
  }
  if (buffer_.size() > 0) {  // pipelined behind the last request
    read_header();
    return;
  }
  idle_ = true;
  allow(options_.idle_timeout);
  socket_.async_read_some(buffer_.prepare(kReadAtOnce),
                          [self = shared_from_this()](beast::error_code error, std::size_t size) {
                            self->idle_ = false;
                            if (error) {
                              self->drop();
                              return;
                            }
                            self->buffer_.commit(size);
                            self->read_header();
                          });
}

void HttpConnection::read_header() {
  parser_.emplace();
  parser_->header_limit(options_.max_header_bytes);
  parser_->body_limit(options_.max_body_bytes);
  allow(options_.header_timeout);
  http::async_read_header(socket_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code error, std::size_t) {
                            self->check_header_read(error);
                          });
}

void HttpConnection::check_header_read(beast::error_code error) {
  if (error) {
    refuse_after(error);
    return;
  }
  const http::verb method = parser_->get().method();
  if (method != http::verb::get && method != http::verb::head && method != http::verb::post) {
    refuse(405, "only GET, HEAD and POST are answered here\n");
    return;
  }
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    write_continue();
    return;
  }
  read_body();
}

void HttpConnection::write_continue() {
  response_.emplace(http::status::continue_, parser_->get().version());
  allow(options_.write_timeout);
  http::async_write(socket_, *response_,
                    [self = shared_from_this()](beast::error_code error, std::size_t) {
                      if (error) {
                        self->drop();
                      } else {
                        self->read_body();
                      }
                    });
}

void HttpConnection::read_body() {
  allow(options_.body_timeout);
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code error, std::size_t) {
                     if (error) {
                       self->refuse_after(error);
                     } else {
                       self->hand_out();
                     }
                   });
}

void HttpConnection::hand_out() {
  const auto owner = owner_.lock();
  if (!owner || closed_) {
    return;
  }
  awaiting_answer_ = true;
  const std::uint64_t serial = ++serial_;
  loop_.cancel(deadline_);
  deadline_ = loop_.run_after(options_.answer_timeout, [weak = weak_from_this(), serial] {
    if (const auto self = weak.lock()) {
      base::log_warning("webhook.unanswered", {{"remote", self->remote_}});
      self->answer(serial, {503, {}, "no answer in time\n"});
    }
  });
  http::request<http::string_body> message = parser_->release();
  // What the answer needs to know of the request stays with the parser's replacement.
  parser_.emplace();
  parser_->get().method(message.method());
  parser_->get().version(message.version());
  parser_->get().keep_alive(message.keep_alive());
  owner->handle(take_request(std::move(message), remote_), Responder(weak_from_this(), serial));
}

void HttpConnection::answer(std::uint64_t serial, HttpServerAnswer answer) {
  if (serial != serial_ || !awaiting_answer_ || closed_) {
    return;
  }
  awaiting_answer_ = false;
  loop_.cancel(deadline_);
  if (!is_sendable(answer)) {
    base::log_warning("webhook.bad_answer",
                      {{"remote", remote_}, {"reason", "status or header not allowed by HTTP"}});
    answer = {500, {}, "bad answer\n"};
  }
  const auto& request = parser_->get();
  Response response(static_cast<http::status>(answer.status), request.version());
  for (const HttpHeader& header : answer.headers) {
    if (!is_written_by_server(header.name)) {
      response.insert(header.name, header.value);
    }
  }
  response.body() = std::move(answer.body);
  response.keep_alive(request.keep_alive() && !finishing_);
  write(std::move(response), request.method() == http::verb::head);
}

// The connection's state is not to be trusted after a refused request, so it is closed.
void HttpConnection::refuse(unsigned status, std::string_view text) {
  const auto& request = parser_->get();
  Response response(static_cast<http::status>(status), 11);
  response.set(http::field::content_type, "text/plain");
  if (status == 405) {
    response.set(http::field::allow, "GET, HEAD, POST");
  }
  response.body() = text;
  response.keep_alive(false);
  write(std::move(response), request.method() == http::verb::head);
}

void HttpConnection::refuse_after(beast::error_code error) {
  if (closed_) {
    return;
  }
  if (timed_out_) {
    refuse(408, "the request did not come in time\n");
  } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    refuse(431, "the request's header is too large\n");
  } else if (error == http::error::body_limit) {
    refuse(413, "the request's body is too large\n");
  } else if (error == http::error::end_of_stream || error == http::error::partial_message ||
             error.category() != make_error_code(http::error::bad_method).category()) {
    drop();
  } else {
    refuse(400, "this is not an HTTP request\n");
  }
}

void HttpConnection::write(Response response, bool without_body) {
  const unsigned status = response.result_int();
  if (status == 204 || status == 304) {
    response.body().clear();
  } else {
    response.content_length(response.body().size());
  }
  if (without_body) {
    response.body().clear();
  }
  response_ = std::move(response);
  allow(options_.write_timeout);
  http::async_write(socket_, *response_,
                    [self = shared_from_this()](beast::error_code error, std::size_t) {
                      if (error) {
                        self->drop();
                      } else if (self->response_->keep_alive()) {
                        self->await_request();
                      } else {
                        self->linger();
                      }
                    });
}

void HttpConnection::linger() {
  beast::error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) {
    drop();
    return;
  }
  allow(kLinger);
  discard();
}

void HttpConnection::discard() {
  buffer_.clear();
  socket_.async_read_some(buffer_.prepare(kReadAtOnce),
                          [self = shared_from_this()](beast::error_code error, std::size_t size) {
                            self->discarded_ += size;
                            if (error || self->discarded_ > kLingerBytes) {
                              self->drop();
                            } else {
                              self->discard();
                            }
                          });
}

void HttpConnection::finish() {
  finishing_ = true;
  if (idle_) {
    drop();
  }
}

void HttpConnection::drop() {
  if (std::exchange(closed_, true)) {
    return;
  }
  loop_.cancel(deadline_);
  beast::error_code ignored;
  socket_.close(ignored);
  if (const auto owner = owner_.lock()) {
    owner->closed(*this);
  }
}

}  // namespace patchbay::net
