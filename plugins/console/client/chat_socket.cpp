#include "console/client/chat_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/json_value.hpp"

namespace patchbay::console {

bool ChatSocket::connect(const std::string& path) {
  close();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return false;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) {
    return false;
  }
  // The socket interface's own cast.
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close();
    return false;
  }
  reader_ = FrameReader(kAnswerBytes);
  return true;
}

void ChatSocket::close() {
  unwritten_.clear();
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

void ChatSocket::send(const nlohmann::json& frame, std::string_view body) {
  unwritten_ += common::to_text(frame) + "\n";
  unwritten_ += body;
  flush();
}

void ChatSocket::flush() {
  while (fd_ >= 0 && !unwritten_.empty()) {
    const ssize_t sent = ::send(fd_, unwritten_.data(), unwritten_.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      unwritten_.erase(0, static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      close();
    }
  }
}

void ChatSocket::receive() {
  std::array<char, 64 * 1024> buffer{};
  const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (size > 0) {
    reader_.append({buffer.data(), static_cast<std::size_t>(size)});
  } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
    close();
  }
}

}  // namespace patchbay::console
