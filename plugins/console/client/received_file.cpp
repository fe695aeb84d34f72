#include "console/client/received_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <stdlib.h>
#include <unistd.h>
#include <utility>

namespace patchbay::console {
namespace {

constexpr int kMostAlike = 10'000;

std::string safe_name(const std::string& name) {
  std::string result = std::filesystem::path(name).filename();
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      c = '_';
    }
  }
  return result.empty() || result == "." || result == ".." ? "file" : result;
}

}  // namespace

std::optional<ReceivedFile> ReceivedFile::create(const std::string& folder,
                                                 const std::string& name) {
  std::string temporary = folder + "/.patchbay-XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) {
    return std::nullopt;
  }
  return ReceivedFile(fd, folder, safe_name(name), std::move(temporary));
}

ReceivedFile::ReceivedFile(int fd, std::string folder, std::string name, std::string temporary)
    : fd_(fd),
      folder_(std::move(folder)),
      name_(std::move(name)),
      temporary_(std::move(temporary)) {}

ReceivedFile::ReceivedFile(ReceivedFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      folder_(std::move(other.folder_)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, {})),
      path_(std::move(other.path_)),
      size_(other.size_) {}

ReceivedFile::~ReceivedFile() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
}

bool ReceivedFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return true;
}

bool ReceivedFile::finish() {
  const std::filesystem::path name(name_);
  for (int i = 1; i <= kMostAlike; ++i) {
    const std::string candidate =
        i == 1 ? name_ : name.stem().string() + "-" + std::to_string(i) + name.extension().string();
    std::string path = folder_ + "/" + candidate;
    // link() never replaces what is there.
    if (::link(temporary_.c_str(), path.c_str()) == 0) {
      ::unlink(temporary_.c_str());
      temporary_.clear();
      path_ = std::move(path);
      return true;
    }
    if (errno != EEXIST) {
      return false;
    }
  }
  return false;
}

void ReceivedFile::undo() {
  ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace patchbay::console
