#include "net/unix_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "net/unix_address.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Result;
using base::Status;
using Clock = std::chrono::steady_clock;

// Ready for `events`, or over.
Status wait_for(int fd, short events, Clock::time_point deadline, const std::string& path) {
  while (true) {
    const auto left = std::chrono::ceil<base::Milliseconds>(deadline - Clock::now()).count();
    pollfd waited{fd, events, 0};
    const int ready =
        ::poll(&waited, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return {Code::kTimeout, "no answer on " + path + " in time; is the daemon busy or stopped?"};
    }
    if (errno != EINTR) {
      return Status::from_errno(errno, path);
    }
  }
}

Status connect_failed(int error_number, const std::string& path) {
  switch (error_number) {
    case ENOENT:
    case ECONNREFUSED:
      return {Code::kUnavailable,
              "nobody listens on " + path + ": the daemon is not running, or uses another folder"};
    case EAGAIN:
      return {Code::kTimeout, "no connection on " + path + " in time; is the daemon busy?"};
    case EACCES:
      return {Code::kRefused, "no permission for " + path + ": use the user that runs the daemon"};
    default:
      return Status::from_errno(error_number, path);
  }
}

bool peer_has_gone(int error_number) { return error_number == EPIPE || error_number == ECONNRESET; }

}  // namespace

Result<UnixStream> UnixStream::connect(const std::string& path, base::Milliseconds timeout) {
  PATCHBAY_ASSIGN(const UnixAddress address, unix_address(path));
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return Status::from_errno(errno, "a socket for " + path);
  }
  // A full backlog makes connect() wait, for as long as sending may.
  const auto count = std::max<std::int64_t>(1, timeout.count());
  const timeval wait{count / 1000, (count % 1000) * 1000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
  int connected = -1;
  do {
    connected = ::connect(fd.get(), address.generic(), UnixAddress::size());
  } while (connected != 0 && errno == EINTR);
  if (connected != 0) {
    return connect_failed(errno, path);
  }
  return UnixStream(std::move(fd), path);
}

Status UnixStream::send(std::string_view bytes, base::Milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      PATCHBAY_TRY(wait_for(fd_.get(), POLLOUT, deadline, path_));
    } else if (peer_has_gone(errno)) {
      return {Code::kUnavailable, "the other side of " + path_ + " has closed the connection"};
    } else if (errno != EINTR) {
      return Status::from_errno(errno, path_);
    }
  }
  return {};
}

Result<std::string> UnixStream::read_some(base::Milliseconds timeout) {
  if (!buffer_.empty()) {
    return std::exchange(buffer_, {});
  }
  const auto deadline = Clock::now() + timeout;
  std::array<char, 16 * 1024> bytes{};
  while (true) {
    const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got >= 0) {
      return std::string(bytes.data(), static_cast<std::size_t>(got));
    }
    if (errno == EAGAIN) {
      PATCHBAY_TRY(wait_for(fd_.get(), POLLIN, deadline, path_));
    } else if (peer_has_gone(errno)) {
      return std::string();
    } else if (errno != EINTR) {
      return Status::from_errno(errno, path_);
    }
  }
}

Result<std::optional<std::string>> UnixStream::read_line(base::Milliseconds timeout,
                                                         std::size_t max_bytes) {
  const auto deadline = Clock::now() + timeout;
  std::size_t scanned = 0;
  while (true) {
    const std::size_t end = buffer_.find('\n', scanned);
    if (std::min(end, buffer_.size()) > max_bytes) {
      return Status(Code::kTooLarge, "a line on " + path_ + " is longer than " +
                                         std::to_string(max_bytes) + " bytes");
    }
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return std::optional<std::string>(std::move(line));
    }
    std::string line = std::exchange(buffer_, {});
    scanned = line.size();
    const auto left = std::chrono::ceil<base::Milliseconds>(deadline - Clock::now());
    auto more = read_some(std::max(left, base::Milliseconds(0)));
    buffer_ = std::move(line);
    if (!more.ok()) {
      return more.status();
    }
    if (more->empty()) {
      return std::optional<std::string>();
    }
    buffer_ += *more;
  }
}

void UnixStream::finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }

}  // namespace patchbay::net
