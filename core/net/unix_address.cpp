#include "net/unix_address.hpp"

#include <cstring>

namespace patchbay::net {

base::Result<UnixAddress> unix_address(const std::string& path) {
  UnixAddress result;
  constexpr std::size_t kMost = sizeof(result.address.sun_path) - 1;
  if (path.empty() || path.find('\0') != std::string::npos) {
    return base::Status(base::Code::kInvalidArgument,
                        "the path of a Unix socket is empty or has a NUL");
  }
  if (path.size() > kMost) {
    return base::Status(base::Code::kInvalidArgument,
                        path + " is " + std::to_string(path.size()) +
                            " bytes long, and a Unix socket's path can have " +
                            std::to_string(kMost) + ": choose a folder with a shorter path");
  }
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path, path.data(), path.size());
  return result;
}

}  // namespace patchbay::net
