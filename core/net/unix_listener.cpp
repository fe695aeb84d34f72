#include "net/unix_listener.hpp"

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "net/accept_pause.hpp"
#include "net/unix_address.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using base::Code;
using base::Result;
using base::Status;

constexpr base::Milliseconds kHangUpPatience{10'000};  // for a peer that does not read
constexpr int kUnixBacklog = 64;

base::UniqueFd unix_socket() {
  return base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Ok if the file at `path` is a socket that nobody listens on: it may be removed.
Status check_stale(const std::string& path, const UnixAddress& address) {
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) {
    return errno == ENOENT ? Status() : Status::from_errno(errno, path);
  }
  if (!S_ISSOCK(facts.st_mode)) {
    return {Code::kAlreadyExists, "cannot listen on " + path +
                                      ": something that is not a socket lies there; move it away"};
  }
  const base::UniqueFd probe = unix_socket();
  if (!probe.valid()) {
    return Status::from_errno(errno, path);
  }
  if (::connect(probe.get(), address.generic(), UnixAddress::size()) == 0 || errno == EAGAIN) {
    return {Code::kAlreadyExists,
            "cannot listen on " + path + ": another process answers there; stop it first"};
  }
  return errno == ECONNREFUSED || errno == ENOENT ? Status() : Status::from_errno(errno, path);
}

Result<base::UniqueFd> bind_and_listen(const std::string& path) {
  PATCHBAY_ASSIGN(const UnixAddress address, unix_address(path));
  base::UniqueFd fd = unix_socket();
  // On Linux the socket's own mode becomes the file's, so there is no moment of a wider one.
  if (!fd.valid() || ::fchmod(fd.get(), 0600) != 0) {
    return Status::from_errno(errno, "a socket for " + path);
  }
  int bound = ::bind(fd.get(), address.generic(), UnixAddress::size());
  if (bound != 0 && errno == EADDRINUSE) {
    PATCHBAY_TRY(check_stale(path, address));
    ::unlink(path.c_str());
    bound = ::bind(fd.get(), address.generic(), UnixAddress::size());
  }
  if (bound != 0 || ::listen(fd.get(), kUnixBacklog) != 0) {
    return Status::from_errno(errno, "cannot listen on " + path);
  }
  return fd;
}

struct Connection {
  explicit Connection(stream_protocol::socket accepted) : socket(std::move(accepted)) {}
  stream_protocol::socket socket;
  std::string out;
  std::size_t out_begin = 0;
  bool waiting_to_read = false;
  bool waiting_to_write = false;
  bool paused = false;
  bool input_ended = false;
  bool hung_up = false;
  bool was_busy = false;            // writable() is owed
  bool tells_when_written = false;  // … when nothing is queued
  base::TimerId patience = 0;

  [[nodiscard]] std::size_t queued() const { return out.size() - out_begin; }
};

}  // namespace

struct UnixListener::State : std::enable_shared_from_this<State> {
  State(base::EventLoop& event_loop, std::string socket_path, UnixListenerOptions listener_options,
        UnixListenerEvents& to)
      : loop(event_loop),
        path(std::move(socket_path)),
        options(listener_options),
        events(&to),
        acceptor(event_loop.context()) {}

  // Runs a member with the state kept alive, if it and its listener still are.
  template <class Function>
  auto guarded(Function function) {
    return [weak = weak_from_this(), function](auto&&... arguments) {
      const auto self = weak.lock();
      if (self && self->events != nullptr) {
        function(*self, std::forward<decltype(arguments)>(arguments)...);
      }
    };
  }

  void accept() {
    if (accept_paused || std::exchange(accepting, true)) {
      return;
    }
    acceptor.async_accept(
        guarded([](State& self, const boost::system::error_code& error,
                   stream_protocol::socket socket) { self.accepted(error, std::move(socket)); }));
  }

  void accepted(const boost::system::error_code& error, stream_protocol::socket socket) {
    accepting = false;
    if (error) {
      base::log_warning("socket.accept_failed", {{"path", path}, {"reason", error.message()}});
      loop.run_after(kAcceptPause, guarded([](State& self) { self.accept(); }));
      return;
    }
    accept();
    if (live.size() >= options.max_connections) {
      base::log_warning("socket.too_many_connections",
                        {{"path", path}, {"limit", options.max_connections}});
      return;
    }
    boost::system::error_code ignored;
    socket.native_non_blocking(true, ignored);
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    const ConnectionId id = next_id++;
    live.emplace(id, Connection(std::move(socket)));
    wait_to_read(id);
    events->accepted(id);
  }

  Connection* find(ConnectionId id) {
    const auto found = live.find(id);
    return found == live.end() ? nullptr : &found->second;
  }

  void wait_to_read(ConnectionId id) {
    Connection* connection = find(id);
    if (connection == nullptr || connection->waiting_to_read || connection->paused ||
        connection->input_ended || connection->hung_up) {
      return;
    }
    connection->waiting_to_read = true;
    connection->socket.async_wait(
        stream_protocol::socket::wait_read,
        guarded([id](State& self, const boost::system::error_code&) { self.read(id); }));
  }

  void read(ConnectionId id) {
    Connection* connection = find(id);
    if (connection == nullptr) {
      return;
    }
    connection->waiting_to_read = false;
    if (connection->paused || connection->hung_up) {
      return;
    }
    const ssize_t got =
        ::recv(connection->socket.native_handle(), input.data(), input.size(), MSG_DONTWAIT);
    if (got > 0) {
      wait_to_read(id);
      events->received(id, {input.data(), static_cast<std::size_t>(got)});
    } else if (got == 0) {
      connection->input_ended = true;
      events->ended(id);
    } else if (errno == EAGAIN || errno == EINTR) {
      wait_to_read(id);
    } else if (errno == ECONNRESET) {
      close(id, {});
    } else {
      close(id, Status::from_errno(errno, "reading from " + path));
    }
  }

  Status send(ConnectionId id, std::string_view bytes) {
    Connection* connection = find(id);
    if (connection == nullptr || connection->hung_up) {
      return {Code::kNotFound, "the connection on " + path + " is closed"};
    }
    if (bytes.size() > options.max_buffered_bytes) {
      return {Code::kTooLarge, "more bytes at once than a connection's buffer holds (" +
                                   std::to_string(options.max_buffered_bytes) + ")"};
    }
    if (connection->queued() + bytes.size() > options.max_buffered_bytes) {
      connection->was_busy = true;
      return {Code::kBusy, "the other side of " + path + " reads too slowly: wait until writable"};
    }
    connection->out.erase(0, std::exchange(connection->out_begin, 0));
    connection->out += bytes;
    wait_to_write(id);
    return {};
  }

  void wait_to_write(ConnectionId id) {
    Connection* connection = find(id);
    if (connection == nullptr || connection->waiting_to_write) {
      return;
    }
    connection->waiting_to_write = true;
    connection->socket.async_wait(
        stream_protocol::socket::wait_write,
        guarded([id](State& self, const boost::system::error_code&) { self.write(id); }));
  }

  void write(ConnectionId id) {
    Connection* connection = find(id);
    if (connection == nullptr) {
      return;
    }
    connection->waiting_to_write = false;
    const ssize_t sent =
        ::send(connection->socket.native_handle(), connection->out.data() + connection->out_begin,
               connection->queued(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      const bool gone = errno == EPIPE || errno == ECONNRESET;
      close(id, gone ? Status() : Status::from_errno(errno, "writing to " + path));
      return;
    }
    connection->out_begin += static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    if (connection->queued() > 0) {
      wait_to_write(id);
    } else {
      connection->out = {};  // an idle connection holds no memory
      connection->out_begin = 0;
      if (connection->hung_up) {
        close(id, {});
        return;
      }
    }
    const bool has_room =
        connection->was_busy && connection->queued() <= options.max_buffered_bytes / 2;
    const bool is_written = connection->tells_when_written && connection->queued() == 0;
    if (has_room || is_written) {
      connection->was_busy = connection->was_busy && !has_room;
      connection->tells_when_written = connection->tells_when_written && !is_written;
      events->writable(id);
    }
  }

  void hang_up(ConnectionId id) {
    Connection* connection = find(id);
    if (connection == nullptr || std::exchange(connection->hung_up, true)) {
      return;
    }
    if (connection->queued() == 0) {
      loop.post(guarded([id](State& self) { self.close(id, {}); }));
      return;
    }
    connection->patience =
        loop.run_after(kHangUpPatience, guarded([id](State& self) {
                         self.close(id, Status(Code::kTimeout, "the other side of " + self.path +
                                                                   " did not read its rest"));
                       }));
  }

  void close(ConnectionId id, const Status& why) {
    const auto found = live.find(id);
    if (found == live.end()) {
      return;
    }
    loop.cancel(found->second.patience);
    live.erase(found);
    events->closed(id, why);
  }

  void shut_down() {
    events = nullptr;
    boost::system::error_code error;
    acceptor.close(error);
    for (auto& [id, connection] : live) {
      loop.cancel(connection.patience);
    }
    live.clear();
    struct stat facts{};
    if (::lstat(path.c_str(), &facts) == 0 && facts.st_ino == inode && facts.st_dev == device) {
      ::unlink(path.c_str());
    }
  }

  base::EventLoop& loop;
  const std::string path;
  const UnixListenerOptions options;
  UnixListenerEvents* events;  // null once the listener is gone
  stream_protocol::acceptor acceptor;
  bool accepting = false;
  bool accept_paused = false;
  std::unordered_map<ConnectionId, Connection> live;
  ConnectionId next_id = 1;
  ino_t inode = 0;
  dev_t device = 0;
  std::array<char, 64 * 1024> input{};  // one for all: what is read is given away at once
};

UnixListener::UnixListener(std::shared_ptr<State> state) : state_(std::move(state)) {}

UnixListener::~UnixListener() { state_->shut_down(); }

Result<std::unique_ptr<UnixListener>> UnixListener::listen(base::EventLoop& loop, std::string path,
                                                           UnixListenerOptions options,
                                                           UnixListenerEvents& events) {
  PATCHBAY_ASSIGN(base::UniqueFd fd, bind_and_listen(path));
  auto state = std::make_shared<State>(loop, std::move(path), options, events);
  struct stat facts{};
  if (::lstat(state->path.c_str(), &facts) != 0) {
    return Status::from_errno(errno, state->path);
  }
  state->inode = facts.st_ino;
  state->device = facts.st_dev;
  boost::system::error_code error;
  state->acceptor.assign(stream_protocol(), fd.release(), error);
  if (error) {
    return Status(Code::kIo,
                  "cannot wait for connections on " + state->path + ": " + error.message());
  }
  state->accept();
  return std::unique_ptr<UnixListener>(new UnixListener(std::move(state)));
}

Status UnixListener::send(ConnectionId connection, std::string_view bytes) {
  return state_->send(connection, bytes);
}

void UnixListener::tell_when_written(ConnectionId id) {
  if (Connection* connection = state_->find(id)) {
    connection->tells_when_written = true;
    state_->wait_to_write(id);
  }
}

void UnixListener::drop(ConnectionId id) {
  state_->loop.post(state_->guarded([id](State& self) { self.close(id, {}); }));
}

void UnixListener::hang_up(ConnectionId connection) { state_->hang_up(connection); }

void UnixListener::pause_accepting() { state_->accept_paused = true; }

void UnixListener::resume_accepting() {
  state_->accept_paused = false;
  state_->accept();
}

void UnixListener::pause_reading(ConnectionId id) {
  if (Connection* connection = state_->find(id)) {
    connection->paused = true;
  }
}

void UnixListener::resume_reading(ConnectionId id) {
  if (Connection* connection = state_->find(id)) {
    connection->paused = false;
    state_->wait_to_read(id);
  }
}

const std::string& UnixListener::path() const { return state_->path; }

std::size_t UnixListener::connections() const { return state_->live.size(); }

}  // namespace patchbay::net
