#include "host/instance_lock.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include "base/text.hpp"

namespace patchbay::host {

namespace {

// A process that a killed host was just starting holds the lock until it has become its program.
constexpr int kTries = 50;
constexpr std::chrono::milliseconds kPause{20};

// False: errno says why.
bool lock(int fd) {
  for (int tries = 1; ::flock(fd, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK || tries == kTries) {
      return false;
    }
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace

base::Result<InstanceLock> InstanceLock::take(const std::string& data_dir) {
  const std::string path = data_dir + "/patchbay.lock";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) {
    return base::Status::from_errno(errno, "cannot open " + path);
  }
  if (!lock(fd.get())) {
    if (errno != EWOULDBLOCK) {
      return base::Status::from_errno(errno, "cannot lock " + path);
    }
    std::array<char, 32> holder{};
    const ssize_t size = ::pread(fd.get(), holder.data(), holder.size(), 0);
    const std::string_view pid =
        base::trim({holder.data(), static_cast<std::size_t>(size > 0 ? size : 0)});
    return base::Status(base::Code::kRefused, "a host already runs on " + data_dir + " (process " +
                                                  std::string(pid) +
                                                  "); stop it, or give another folder with --data");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return base::Status::from_errno(errno, "cannot write " + path);
  }
  return InstanceLock(std::move(fd));
}

}  // namespace patchbay::host
