#include "adapters/isolation/runner_process.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace patchbay::adapters {
namespace {

using base::Result;
using base::Status;
using base::UniqueFd;

void take(const char* name, std::vector<std::string>& out) {
  if (const char* value = std::getenv(name)) {  // NOLINT(concurrency-mt-unsafe): nobody sets it
    out.push_back(std::string(name) + "=" + value);
  }
}

// Nothing of the host's environment reaches code that nobody has vetted, but what the dynamic
// linker and the sanitizers need.
std::vector<std::string> environment([[maybe_unused]] bool serves) {
  std::vector<std::string> out = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  for (const char* name :
       {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    take(name, out);
  }
#if defined(PATCHBAY_FAILPOINTS)
  // The first that serves: one that is started in its place is to live.
  static std::atomic<bool> armed{false};
  if (serves && !armed.exchange(true)) {
    take("PATCHBAY_FAILPOINTS_SET", out);
  }
#endif
  return out;
}

std::vector<char*> c_array(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    out.push_back(text.data());
  }
  out.push_back(nullptr);
  return out;
}

// Owns what posix_spawn() is told.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // From a copy above every number that is given away, so that none is overwritten before its turn.
  void give(int descriptor, int number) {
    if (descriptor < 0) {
      posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", O_RDWR, 0);
      return;
    }
    const UniqueFd& copy = copies_.emplace_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, 16));
    posix_spawn_file_actions_adddup2(&actions_, copy.get(), number);
  }
  void close_from(int number) { posix_spawn_file_actions_addclosefrom_np(&actions_, number); }

  int spawn(const std::string& program, std::vector<std::string>& arguments, pid_t& pid) {
    std::vector<std::string> variables = environment(arguments.at(1) == "--serve");
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, c_array(arguments).data(),
                         c_array(variables).data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  std::vector<UniqueFd> copies_;
};

}  // namespace

Result<ChildProcess> spawn_runner(const std::string& program, std::vector<std::string> arguments,
                                  int standard_output, int standard_error,
                                  const std::vector<int>& descriptors) {
  SpawnPlan plan;
  int number = 3;
  plan.give(-1, STDIN_FILENO);
  plan.give(standard_output, STDOUT_FILENO);
  plan.give(standard_error, STDERR_FILENO);
  for (const int descriptor : descriptors) {
    plan.give(descriptor, number++);
  }
  plan.close_from(number);
  arguments.insert(arguments.begin(), program);
  ChildProcess child;
  if (const int error = plan.spawn(program, arguments, child.pid); error != 0) {
    return Status::from_errno(error, program + " does not start; reinstall Patchbay");
  }
  // glibc 2.36 declares pidfd_open() without C linkage.
  child.pidfd = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.pidfd.valid()) {
    const Status problem = Status::from_errno(errno, "cannot watch " + program);
    ::kill(-child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    return problem;
  }
  return child;
}

void kill_process(const ChildProcess& child) {
  // glibc 2.36 declares pidfd_send_signal() without C linkage.
  ::syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0);
}

siginfo_t end_process(const ChildProcess& child) {
  kill_process(child);
  // Its process id cannot have been given away: it is reaped only after this.
  ::kill(-child.pid, SIGKILL);
  siginfo_t end{};
  while (::waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &end, WEXITED) != 0 &&
         errno == EINTR) {
  }
  return end;
}

std::string describe_end(const siginfo_t& end) {
  if (end.si_code == CLD_EXITED) {
    return "it ended its process (exit code " + std::to_string(end.si_status) + ")";
  }
  if (end.si_status == SIGKILL) {
    return "it was killed";
  }
  const char* name = ::sigdescr_np(end.si_status);
  return std::string("it crashed (") + (name != nullptr ? name : "unknown signal") + ")";
}

}  // namespace patchbay::adapters
