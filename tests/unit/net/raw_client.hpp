// A blocking TCP client whose every byte a test decides; used on a thread beside the loop.
#pragma once

#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/unique_fd.hpp"

namespace patchbay::net {

class RawClient {
 public:
  explicit RawClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{20, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Everything until `text` has come; what came until the end if it never does.
  std::string read_until(std::string_view text) {
    while (unread_.find(text) == std::string::npos && fill()) {
    }
    const std::size_t at = unread_.find(text);
    const std::size_t end = at == std::string::npos ? unread_.size() : at + text.size();
    std::string result = unread_.substr(0, end);
    unread_.erase(0, end);
    return result;
  }

  // What is there now, without waiting.
  std::string read_available() {
    char bytes[4096];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
    return got > 0 ? std::string(bytes, static_cast<std::size_t>(got)) : std::string();
  }

  std::string read_to_end() {
    while (fill()) {
    }
    return std::exchange(unread_, {});
  }

  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }

 private:
  bool fill() {
    char bytes[16384];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof(bytes), 0);
    if (got <= 0) {
      return false;
    }
    unread_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  base::UniqueFd fd_;
  bool connected_ = false;
  std::string unread_;
};

}  // namespace patchbay::net
