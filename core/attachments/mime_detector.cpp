#include "attachments/mime_detector.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <magic.h>
#include <span>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::attachments {
namespace {

constexpr std::size_t kLooksAtBytes = 64 * 1024;

std::size_t read_beginning(int fd, std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got =
        ::pread(fd, buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

}  // namespace

void MimeDetector::CloseMagic::operator()(magic_set* magic) const { ::magic_close(magic); }

std::string MimeDetector::detect(int fd) {
  const auto buffer = std::make_unique<std::array<char, kLooksAtBytes>>();
  const std::size_t size = read_beginning(fd, *buffer);
  if (size == 0) {
    return {};
  }
  const std::lock_guard lock(mutex_);
  last_used_ = clock_.now();
  if (magic_ == nullptr && !cannot_open_) {
    magic_.reset(::magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF |
                              MAGIC_NO_CHECK_TAR));
    if (magic_ == nullptr || ::magic_load(magic_.get(), nullptr) != 0) {
      const char* reason = magic_ == nullptr ? nullptr : ::magic_error(magic_.get());
      base::log_warning("attachments.no_magic",
                        {{"reason", reason == nullptr ? "out of memory" : reason},
                         {"effect", "MIME types come from file names; install libmagic-mgc"}});
      magic_.reset();
      cannot_open_ = true;
    }
  }
  if (magic_ == nullptr) {
    return {};
  }
  const char* type = ::magic_buffer(magic_.get(), buffer->data(), size);
  return type == nullptr ? std::string() : std::string(type);
}

void MimeDetector::close_if_idle() {
  const std::lock_guard lock(mutex_);
  if (magic_ != nullptr && clock_.now() - last_used_ >= limits::kMimeDetectorIdle) {
    magic_.reset();
  }
}

bool MimeDetector::is_open() {
  const std::lock_guard lock(mutex_);
  return magic_ != nullptr;
}

}  // namespace patchbay::attachments
