#include "net/stream.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "net/stream_state.hpp"
#include "net/unix_address.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Result;
using base::Status;
using boost::asio::ip::tcp;

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;

}  // namespace

Stream::State::State(base::EventLoop& loop, NameResolver& resolver, StreamRequest wanted,
                     StreamEvents& to)
    : loop_(loop),
      resolver_(resolver),
      request_(std::move(wanted)),
      events_(&to),
      socket_(loop.context()) {}

Stream::State::~State() { shut_down(); }

void Stream::State::open() {
  const auto later = [this](auto task) {
    loop_.post([weak = weak_from_this(), task = std::move(task)] {
      if (const auto self = weak.lock()) {
        task(*self);
      }
    });
  };
  auto endpoint = parse_stream_endpoint(request_.endpoint);
  if (!endpoint.ok()) {
    later([why = endpoint.status()](State& self) { self.refuse(why); });
    return;
  }
  endpoint_ = std::move(endpoint).value();
  if (endpoint_.is_unix()) {
    const Status opened = open_unix();
    later([opened](State& self) { opened.ok() ? self.connected() : self.refuse(opened); });
    return;
  }
  deadline_ = loop_.run_after(request_.timeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->refuse({Code::kTimeout, self->endpoint_.str() + ": no connection within " +
                                        std::to_string(self->request_.timeout.count()) + " ms"});
    }
  });
  dialer_ = std::make_shared<Dialer>(loop_, resolver_, endpoint_.host, endpoint_.port,
                                     request_.allow, [this](Result<tcp::socket> socket) {
                                       if (socket.ok()) {
                                         socket_ = Socket(std::move(socket).value());
                                         connected();
                                       } else {
                                         refuse(socket.status().with_context(endpoint_.str()));
                                       }
                                     });
  dialer_->start();
}

// A Unix socket answers at once, or not at all.
Status Stream::State::open_unix() {
  PATCHBAY_TRY(request_.allow_socket ? request_.allow_socket(endpoint_.path) : Status());
  PATCHBAY_ASSIGN(const UnixAddress address, unix_address(endpoint_.path));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return Status::from_errno(errno, "a socket");
  }
  if (::connect(fd, address.generic(), UnixAddress::size()) != 0) {
    const Status why = Status::from_errno(errno, endpoint_.str() + ": no connection");
    ::close(fd);
    return {Code::kUnavailable, why.message()};
  }
  boost::system::error_code error;
  socket_.assign(Socket::protocol_type(AF_UNIX, 0), fd, error);
  if (error) {
    ::close(fd);
    return {Code::kIo, endpoint_.str() + ": cannot wait for bytes: " + error.message()};
  }
  return {};
}

void Stream::State::connected() {
  const auto keep = shared_from_this();
  dialer_.reset();
  loop_.cancel(std::exchange(deadline_, 0));
  phase_ = Phase::kOpen;
  events_->opened();
  wait_to_read();
}

void Stream::State::refuse(const Status& why) {
  const auto keep = shared_from_this();
  StreamEvents* events = events_;
  shut_down();
  if (events != nullptr) {
    events->refused(why);
  }
}

void Stream::State::shut_down() {
  events_ = nullptr;
  phase_ = Phase::kOver;
  loop_.cancel(std::exchange(deadline_, 0));
  if (const auto dialer = std::exchange(dialer_, nullptr)) {
    dialer->cancel();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Stream::State::wait_to_read() {
  if (phase_ != Phase::kOpen || waiting_to_read_ || paused_ || input_ended_) {
    return;
  }
  waiting_to_read_ = true;
  socket_.async_wait(Socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& /*error*/) {
                       self->waiting_to_read_ = false;
                       self->read();
                     });
}

void Stream::State::read() {
  if (phase_ != Phase::kOpen || paused_) {
    return;
  }
  std::array<char, kReadBytes> input;  // NOLINT: filled by recv()
  const ssize_t got = ::recv(socket_.native_handle(), input.data(), input.size(), MSG_DONTWAIT);
  if (got > 0) {
    wait_to_read();
    events_->received({input.data(), static_cast<std::size_t>(got)});
  } else if (got == 0) {
    input_ended_ = true;
    events_->ended();
  } else if (errno == EAGAIN || errno == EINTR) {
    wait_to_read();
  } else {
    end(Status::from_errno(errno, "reading from " + endpoint_.str()));
  }
}

Status Stream::State::send(std::string_view bytes) {
  if (phase_ != Phase::kOpen) {
    return {Code::kNotFound, endpoint_.str() + ": the stream is not open"};
  }
  if (bytes.size() > request_.max_queued_bytes) {
    return {Code::kTooLarge, "more bytes at once than a stream's buffer holds (" +
                                 std::to_string(request_.max_queued_bytes) + ")"};
  }
  if (out_.size() - out_begin_ + bytes.size() > request_.max_queued_bytes) {
    was_busy_ = true;
    return {Code::kBusy, endpoint_.str() + " reads too slowly: wait until writable"};
  }
  out_.erase(0, std::exchange(out_begin_, 0));
  out_ += bytes;
  wait_to_write();
  return {};
}

void Stream::State::wait_to_write() {
  if (waiting_to_write_ || phase_ == Phase::kOver) {
    return;
  }
  waiting_to_write_ = true;
  socket_.async_wait(Socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& /*error*/) {
                       self->waiting_to_write_ = false;
                       self->write();
                     });
}

void Stream::State::write() {
  if (phase_ == Phase::kOver) {
    return;
  }
  const ssize_t sent = ::send(socket_.native_handle(), out_.data() + out_begin_,
                              out_.size() - out_begin_, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    end(Status::from_errno(errno, "writing to " + endpoint_.str()));
    return;
  }
  out_begin_ += static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  const std::size_t queued = out_.size() - out_begin_;
  if (queued > 0) {
    wait_to_write();
  } else {
    out_ = {};  // an idle connection holds no memory
    out_begin_ = 0;
    if (phase_ == Phase::kClosing) {
      end({});
      return;
    }
  }
  if (was_busy_ && phase_ == Phase::kOpen && queued <= request_.max_queued_bytes / 2) {
    was_busy_ = false;
    events_->writable();
  }
}

void Stream::State::close() {
  if (phase_ != Phase::kOpen) {
    return;
  }
  phase_ = Phase::kClosing;
  deadline_ = loop_.run_after(request_.flush_timeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->end({Code::kTimeout, self->endpoint_.str() + ": the other side did not read its rest"});
    }
  });
  wait_to_write();
}

void Stream::State::end(const Status& why) {
  const auto keep = shared_from_this();
  StreamEvents* events = events_;
  shut_down();
  if (events != nullptr) {
    events->closed(why);
  }
}

void Stream::State::resume() {
  paused_ = false;
  wait_to_read();
}

// ---- the handle ---------------------------------------------------------------------------------

Stream::Stream(std::shared_ptr<State> state) : state_(std::move(state)) {}
Stream::~Stream() { state_->shut_down(); }

Status Stream::send(std::string_view bytes) { return state_->send(bytes); }
void Stream::close() { state_->close(); }
void Stream::pause_reading() { state_->pause(); }
void Stream::resume_reading() { state_->resume(); }

}  // namespace patchbay::net
