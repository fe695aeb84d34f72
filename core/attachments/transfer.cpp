#include "attachments/transfer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <linux/fs.h>
#include <memory>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace patchbay::attachments {
namespace {

using base::Code;
using base::Result;
using base::Status;

Status ended_early(std::uint64_t done, std::uint64_t size) {
  return {Code::kCorrupt, "the file ended after " + std::to_string(done) + " of " +
                              std::to_string(size) + " bytes"};
}

bool clone(int source, int target, std::uint64_t size) {
  if (::ioctl(target, FICLONE, source) != 0) {
    return false;
  }
  // The clone has all that the source has now, which may be more than was declared.
  struct stat facts{};
  return ::fstat(target, &facts) == 0 && static_cast<std::uint64_t>(facts.st_size) >= size &&
         ::ftruncate(target, static_cast<off_t>(size)) == 0;
}

// How many bytes went before the kernel declined (not an error: other ways are left).
Result<std::uint64_t> copy_in_kernel(int source, int target, std::uint64_t size) {
  off_t from = 0;
  off_t to = 0;
  while (static_cast<std::uint64_t>(from) < size) {
    const ssize_t moved =
        ::copy_file_range(source, &from, target, &to, size - static_cast<std::uint64_t>(from), 0);
    if (moved > 0 || (moved < 0 && errno == EINTR)) {
      continue;
    }
    if (moved < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)) {
      return Status::from_errno(errno, "copying a file");
    }
    break;
  }
  return static_cast<std::uint64_t>(from);
}

Status copy_through_memory(int source, int target, std::uint64_t done, std::uint64_t size) {
  const auto buffer = std::make_unique<std::array<char, kChunkBytes>>();
  if (::lseek(target, static_cast<off_t>(done), SEEK_SET) < 0) {
    return Status::from_errno(errno, "copying a file");
  }
  while (done < size) {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, size - done));
    const ssize_t got = ::pread(source, buffer->data(), wanted, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return Status::from_errno(errno, "copying a file");
    }
    if (got == 0) {
      return ended_early(done, size);
    }
    PATCHBAY_TRY(write_all(target, {buffer->data(), static_cast<std::size_t>(got)}));
    done += static_cast<std::uint64_t>(got);
  }
  return {};
}

}  // namespace

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return Status::from_errno(errno, "writing a file");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status clone_or_copy(int source, int target, std::uint64_t size) {
  if (clone(source, target, size)) {
    return {};
  }
  PATCHBAY_ASSIGN(const std::uint64_t done, copy_in_kernel(source, target, size));
  return done == size ? Status() : copy_through_memory(source, target, done, size);
}

}  // namespace patchbay::attachments
