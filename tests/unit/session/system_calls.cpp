#include "system_calls.hpp"

#include <atomic>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace patchbay::session {
namespace {

std::atomic<std::uint64_t> folders{0};
std::atomic<std::uint64_t> files{0};
std::atomic<std::uint64_t> reads{0};
std::atomic<std::uint64_t> slept{0};
std::atomic<std::uint64_t> task_nap{0};  // publishes task_of_nap
std::function<void()> task_of_nap;

int count_sync(int fd) {
  struct stat facts{};
  if (::fstat(fd, &facts) != 0) {
    return -1;
  }
  ++(S_ISDIR(facts.st_mode) ? folders : files);
  return 0;
}

}  // namespace

std::uint64_t folder_syncs() { return folders; }
std::uint64_t file_syncs() { return files; }
std::uint64_t pages_read() { return reads; }
std::uint64_t naps() { return slept; }

void at_nap(std::uint64_t nap, std::function<void()> task) {
  task_of_nap = std::move(task);
  task_nap = nap;
}

namespace {

void count_nap() {
  if (++slept == task_nap) {
    std::exchange(task_of_nap, nullptr)();
  }
}

}  // namespace

}  // namespace patchbay::session

extern "C" {

__attribute__((visibility("default"))) int fsync(int fd) {
  return patchbay::session::count_sync(fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd) {
  return patchbay::session::count_sync(fd);
}

__attribute__((visibility("default"))) int nanosleep(const timespec* time, timespec* left) {
  patchbay::session::count_nap();
  return static_cast<int>(::syscall(SYS_nanosleep, time, left));
}

__attribute__((visibility("default"))) ssize_t pread64(int fd, void* buffer, size_t size,
                                                       off64_t offset) {
  ++patchbay::session::reads;
  return ::syscall(SYS_pread64, fd, buffer, size, offset);
}
}
