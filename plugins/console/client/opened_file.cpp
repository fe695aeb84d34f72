#include "console/client/opened_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace patchbay::console {

std::string OpenedFile::open(const std::string& path) {
  close();
  // Non-blocking: a FIFO would wait for its writer.
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info{};
  if (fd_ < 0 || ::fstat(fd_, &info) != 0) {
    std::string why = std::strerror(errno);
    close();
    return why;
  }
  if (!S_ISREG(info.st_mode)) {
    close();
    return S_ISDIR(info.st_mode) ? "it is a folder" : "it is no file";
  }
  size_ = static_cast<std::uint64_t>(info.st_size);
  return {};
}

void OpenedFile::close() {
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
  size_ = 0;
}

std::string OpenedFile::read(std::uint64_t offset, std::size_t most) const {
  std::string bytes(offset < size_ ? std::min<std::uint64_t>(most, size_ - offset) : 0, '\0');
  const ssize_t size =
      fd_ < 0 ? -1 : ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace patchbay::console
