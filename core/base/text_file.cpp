#include "base/text_file.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace patchbay::base {
namespace {

// Far more than anything that is read by this; a device has no end.
constexpr std::size_t kMostBytes = 64 * 1024 * 1024;

}  // namespace

Result<std::string> read_text_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return Status::from_errno(errno, "cannot read " + path);
  }
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
      if (text.size() > kMostBytes) {
        return Status(Code::kTooLarge, "cannot read " + path + ": it has more than 64 MiB");
      }
    } else if (count == 0) {
      return text;
    } else if (errno != EINTR) {
      return Status::from_errno(errno, "cannot read " + path);
    }
  }
}

}  // namespace patchbay::base
