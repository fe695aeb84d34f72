// The address of a Unix socket that has a path. Internal.
#pragma once

#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/status.hpp"

namespace patchbay::net {

struct UnixAddress {
  sockaddr_un address{};
  [[nodiscard]] const sockaddr* generic() const {
    return reinterpret_cast<const sockaddr*>(&address);
  }
  [[nodiscard]] static socklen_t size() { return sizeof(sockaddr_un); }
};

// kInvalidArgument: empty, with a NUL, or longer than the kernel takes.
[[nodiscard]] base::Result<UnixAddress> unix_address(const std::string& path);

}  // namespace patchbay::net
