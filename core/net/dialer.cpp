#include "net/dialer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/limits.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Code;
using base::Result;
using base::Status;

// A peer that is gone without a word (power, a NAT that forgot) is noticed by the kernel, within
// two minutes, also where the protocol above is silent for hours.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 4;
constexpr int kUnacknowledgedMilliseconds = 120'000;

void set_option(int fd, int level, int option, int value) {
  // One that a kernel does not have is no reason not to connect.
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

void set_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMilliseconds);
}

}  // namespace

Dialer::Dialer(base::EventLoop& loop, NameResolver& resolver, std::string host, std::uint16_t port,
               HostAllow allow, Done done)
    : loop_(loop),
      resolver_(resolver),
      host_(std::move(host)),
      port_(port),
      allow_(std::move(allow)),
      done_(std::move(done)),
      socket_(loop.context()) {}

void Dialer::start() {
  if (Status verdict = allow_ ? allow_(host_, "") : Status(); !verdict.ok()) {
    loop_.post([self = shared_from_this(), verdict] { self->finish(verdict); });
    return;
  }
  question_ = resolver_.resolve(
      host_, port_, [weak = weak_from_this()](Result<NameResolver::Endpoints> endpoints) {
        if (const auto self = weak.lock()) {
          self->resolved(std::move(endpoints));
        }
      });
}

void Dialer::cancel() {
  done_ = nullptr;
  resolver_.forget(question_);
  loop_.cancel(attempt_timer_);
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Dialer::resolved(Result<NameResolver::Endpoints> endpoints) {
  if (!endpoints.ok()) {
    finish(endpoints.status());
    return;
  }
  endpoints_ = std::move(endpoints).value();
  try_next();
}

void Dialer::try_next() {
  while (next_ < endpoints_.size()) {
    const tcp::endpoint& endpoint = endpoints_[next_++];
    if (Status verdict = allow_ ? allow_(host_, endpoint.address().to_string()) : Status();
        !verdict.ok()) {
      refusal_ = std::move(verdict);
      continue;
    }
    if (Status opened = open_socket(endpoint); !opened.ok()) {
      failure_ = std::move(opened);
      continue;
    }
    connect(endpoint);
    return;
  }
  finish(failure_.ok() ? refusal_ : failure_);
}

Status Dialer::open_socket(const tcp::endpoint& endpoint) {
  const tcp protocol = endpoint.protocol();
  const int fd = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return Status::from_errno(errno, "a socket");
  }
  set_options(fd);
  socket_ = tcp::socket(loop_.context());
  boost::system::error_code error;
  socket_.assign(protocol, fd, error);
  if (error) {
    ::close(fd);
    return {Code::kIo, "cannot wait for a connection: " + error.message()};
  }
  return {};
}

void Dialer::connect(const tcp::endpoint& endpoint) {
  attempt_timed_out_ = false;
  if (next_ < endpoints_.size()) {
    attempt_timer_ = loop_.run_after(limits::kConnectAttempt, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->attempt_timed_out_ = true;
        boost::system::error_code ignored;
        self->socket_.cancel(ignored);
      }
    });
  }
  socket_.async_connect(endpoint,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          self->connected(error);
                        });
}

void Dialer::connected(const boost::system::error_code& error) {
  if (!done_) {
    return;
  }
  loop_.cancel(std::exchange(attempt_timer_, 0));
  if (!error) {
    finish(std::move(socket_));
    return;
  }
  failure_ = attempt_timed_out_
                 ? Status(Code::kUnavailable, "no connection: the address did not answer")
                 : Status(Code::kUnavailable,
                          Status::from_errno(error.value(), "no connection").message());
  try_next();
}

void Dialer::finish(Result<tcp::socket> result) {
  if (done_) {
    const Done done = std::exchange(done_, nullptr);
    done(std::move(result));
  }
}

}  // namespace patchbay::net
