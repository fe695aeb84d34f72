#include "console/client/chat_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <poll.h>
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
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) {
    return false;
  }
  // The socket interface's own cast.
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close();
    return false;
  }
  reader_ = FrameReader();
  return true;
}

void ChatSocket::close() {
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

bool ChatSocket::send(const nlohmann::json& frame, std::string_view data) {
  std::string bytes = common::to_text(frame) + "\n";
  bytes += data;
  std::string_view rest = bytes;
  while (fd_ >= 0 && !rest.empty()) {
    const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) {
      close();
    } else if (sent > 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  return fd_ >= 0;
}

bool ChatSocket::receive() {
  std::array<char, 64 * 1024> buffer{};
  const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size > 0) {
    reader_.append({buffer.data(), static_cast<std::size_t>(size)});
  } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
    close();
  }
  if (!reader_.broken().empty()) {
    close();
  }
  return fd_ >= 0;
}

}  // namespace patchbay::console
