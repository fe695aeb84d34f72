#include "agents/child.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <linux/close_range.h>
#include <map>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "agents/process_runtime.hpp"
#include "base/limits.hpp"

namespace patchbay::agents {
namespace {

using base::Status;
using base::UniqueFd;

// Everything that the child needs after fork(), where only async-signal-safe calls are allowed.
struct ChildPlan {
  const char* program;
  char* const* argv;
  char* const* envp;
  const char* working_directory;
  int log;
  int null;
  int gate;   // read end: a byte means "go", end of file means that the host died
  int error;  // write end, close-on-exec: errno of a failed exec
  rlimit open_files;
};

[[noreturn]] void run_child(const ChildPlan& plan) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // stays over exec
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::setrlimit(RLIMIT_NOFILE, &plan.open_files);
  char go = 0;
  // The host writes the run record first: an agent that no record names must never run.
  if (::read(plan.gate, &go, 1) != 1) {
    ::_exit(127);
  }
  ::dup2(plan.null, STDIN_FILENO);
  ::dup2(plan.log, STDOUT_FILENO);
  ::dup2(plan.log, STDERR_FILENO);
  // Not every library opens with O_CLOEXEC: an agent gets no socket and no file of the host's.
  if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
      ::chdir(plan.working_directory) == 0) {
    ::execve(plan.program, plan.argv, plan.envp);
  }
  const int error_number = errno;
  if (::write(plan.error, &error_number, sizeof error_number) < 0) {
    ::_exit(126);
  }
  ::_exit(127);
}

base::Result<UniqueFd> open_log(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && std::cmp_greater(info.st_size, limits::kAgentLogBytes)) {
    std::filesystem::rename(path, path + ".old", error);
  }
  UniqueFd log(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!log.valid()) {
    return Status::from_errno(errno, "cannot open the agent's log " + path);
  }
  return log;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

base::Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Status::from_errno(errno, "cannot make a pipe");
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// What an agent inherits: nothing of the host's secrets.
std::vector<std::string> make_environment(const std::map<std::string, std::string>& env) {
  static constexpr const char* kInherited[] = {"PATH",    "HOME",   "LANG",  "LC_ALL", "USER",
                                               "LOGNAME", "TMPDIR", "SHELL", "TZ"};
  std::vector<std::string> result;
  for (const char* name : kInherited) {
    const char* value = ::getenv(name);
    if (value != nullptr && env.find(name) == env.end()) {
      result.push_back(std::string(name) + "=" + value);
    }
  }
  for (const auto& [name, value] : env) {
    result.push_back(name + "=" + value);
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

}  // namespace

base::Result<WaitingChild> fork_child(const StartSpec& spec, const std::string& run_variable,
                                      std::optional<rlim_t> open_files) {
  PATCHBAY_ASSIGN(const std::string program, find_program(spec.command.at(0)));
  PATCHBAY_ASSIGN(const UniqueFd log, open_log(spec.log_file));
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  PATCHBAY_ASSIGN(Pipe gate, make_pipe());
  PATCHBAY_ASSIGN(Pipe error, make_pipe());
  std::vector<std::string> arguments = spec.command;
  std::vector<std::string> environment = make_environment(spec.env);
  environment.push_back(run_variable);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) {
    return Status::from_errno(errno, "cannot read the limit on open files");
  }
  files.rlim_cur = open_files.value_or(files.rlim_cur);
  const ChildPlan plan{program.c_str(),
                       argv.data(),
                       envp.data(),
                       spec.working_directory.c_str(),
                       log.get(),
                       null.get(),
                       gate.read.get(),
                       error.write.get(),
                       files};
  const pid_t pid = ::fork();
  if (pid < 0) {
    return Status::from_errno(errno, "cannot start an agent process");
  }
  if (pid == 0) {
    // The child's copy of the write end would keep the gate from closing when the host dies.
    ::close(gate.write.get());
    run_child(plan);
  }
  return WaitingChild{pid, "cannot run " + program + " in " + spec.working_directory,
                      std::move(gate.write), std::move(error.read)};
}

Status let_go(WaitingChild& child) {
  int exec_error = 0;
  if (::write(child.gate.get(), "g", 1) != 1 ||
      ::read(child.error.get(), &exec_error, sizeof exec_error) == sizeof exec_error) {
    return Status::from_errno(exec_error, child.failure);
  }
  return {};
}

}  // namespace patchbay::agents
