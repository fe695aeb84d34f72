#include "adapters/probe.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "base/json.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;
using base::UniqueFd;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kVerdictBytes = 16 * 1024;
constexpr std::string_view kRemedy = ": take it out of the plugin folder, or get a working build";

struct Child {
  pid_t pid = -1;
  UniqueFd process;  // readable when it has ended
  UniqueFd verdict;  // what it says, end of file when it closes
  std::string text;
  bool timed_out = false;
  Status spawn_problem;
};

// Nothing of the host's environment reaches code that nobody has vetted, but what the dynamic
// linker and the sanitizers need.
std::vector<std::string> probe_environment() {
  std::vector<std::string> out = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  for (const char* name :
       {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) {  // NOLINT(concurrency-mt-unsafe): before threads
      out.push_back(std::string(name) + "=" + value);
    }
  }
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

int spawn_in_own_group(const std::string& program, std::vector<std::string> arguments, int output,
                       pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> environment = probe_environment();
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes,
                                  c_array(arguments).data(), c_array(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// glibc 2.36 declares pidfd_open() without C linkage.
int open_process(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

void kill_group(const Child& child) {
  // Its process id cannot have been given away: it is reaped only after this.
  ::kill(-child.pid, SIGKILL);
}

Child start_probe(const std::string& runner, const std::string& library) {
  Child child;
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
    child.spawn_problem = Status::from_errno(errno, "cannot probe it");
    return child;
  }
  child.verdict = UniqueFd(pipe_ends[0]);
  const UniqueFd output(pipe_ends[1]);
  const int error =
      spawn_in_own_group(runner, {runner, "--probe", library}, output.get(), child.pid);
  if (error != 0) {
    child.pid = -1;
    child.spawn_problem = Status::from_errno(
        error, "cannot probe it, since " + runner + " does not start; reinstall Patchbay");
    return child;
  }
  child.process = UniqueFd(open_process(child.pid));
  if (!child.process.valid()) {
    child.spawn_problem = Status::from_errno(errno, "cannot watch its probe");
    kill_group(child);
    ::waitpid(child.pid, nullptr, 0);
    child.pid = -1;
  }
  return child;
}

// False at the end of the file.
bool read_verdict(Child& child) {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(child.verdict.get(), buffer.data(), buffer.size());
  if (count < 0) {
    return errno == EINTR;
  }
  if (child.text.size() < kVerdictBytes) {
    child.text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return count != 0;
}

// Until the process has ended or its time is over.
void await_end(Child& child, SteadyClock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    std::array<pollfd, 2> watched = {pollfd{child.process.get(), POLLIN, 0},
                                     pollfd{child.verdict.get(), POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(),
                             static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready == 0) {
      child.timed_out = true;
      return;
    }
    if (watched[1].revents != 0 && !read_verdict(child)) {
      child.verdict.reset();
    }
    if (watched[0].revents != 0) {
      break;
    }
  }
  // What it wrote before it ended; a grandchild that holds the pipe is not waited for.
  while (child.verdict.valid()) {
    pollfd rest{child.verdict.get(), POLLIN, 0};
    if (::poll(&rest, 1, 0) != 1 || !read_verdict(child)) {
      child.verdict.reset();
    }
  }
}

Status verdict_of(const Child& child, const siginfo_t& end, base::Milliseconds timeout) {
  const auto failed = [](const std::string& what) {
    return Status(Code::kRefused, what + std::string(kRemedy));
  };
  if (child.timed_out) {
    return failed("it did not come back within " + std::to_string(timeout.count()) +
                  " ms when it was opened in a probe");
  }
  if (end.si_code != CLD_EXITED) {
    const char* name = ::sigdescr_np(end.si_status);
    return failed("it crashed when it was opened in a probe (" +
                  std::string(name != nullptr ? name : "unknown signal") + ")");
  }
  const auto verdict = base::parse_json(child.text);
  if (!verdict.ok() || !verdict->is_object() || !verdict->contains("ok")) {
    return failed("it ended its process when it was opened in a probe (exit code " +
                  std::to_string(end.si_status) + ")");
  }
  if (verdict->at("ok") == true) {
    return {};
  }
  const auto reason = verdict->find("reason");
  return {Code::kRefused, reason != verdict->end() && reason->is_string()
                              ? reason->get<std::string>()
                              : "its probe refused it without a reason"};
}

Status finish(Child& child, SteadyClock::time_point deadline, base::Milliseconds timeout) {
  if (child.pid < 0) {
    return child.spawn_problem;
  }
  await_end(child, deadline);
  kill_group(child);  // it, or what it left running
  siginfo_t end{};
  while (::waitid(P_PIDFD, static_cast<id_t>(child.process.get()), &end, WEXITED) != 0 &&
         errno == EINTR) {
  }
  return verdict_of(child, end, timeout);
}

}  // namespace

std::vector<Status> probe_libraries(const std::string& runner,
                                    const std::vector<std::string>& libraries,
                                    base::Milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  std::vector<Child> children;
  children.reserve(libraries.size());
  for (const std::string& library : libraries) {
    children.push_back(start_probe(runner, library));
  }
  std::vector<Status> out;
  out.reserve(children.size());
  for (Child& child : children) {
    out.push_back(finish(child, deadline, timeout));
  }
  return out;
}

}  // namespace patchbay::adapters
