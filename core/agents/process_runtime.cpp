#include "agents/process_runtime.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <linux/close_range.h>
#include <map>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/process_table.hpp"
#include "agents/run_record.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::agents {
namespace {

using base::Code;
using base::Status;
using base::UniqueFd;

constexpr off_t kLogBytes = 1024 * 1024;  // a log file over this is set aside at the next start
constexpr base::Milliseconds kGoneCheck{5};
constexpr int kLeftoverRounds = 1000;  // of 10 ms: how long processes may take to die of SIGKILL

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
};

[[noreturn]] void run_child(const ChildPlan& plan) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
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
  if (::stat(path.c_str(), &info) == 0 && info.st_size > kLogBytes) {
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

// Session ids hold no slash, nor do agent group ids.
std::string record_name(const session::SessionAddress& session) {
  return session.agent.str() + "." + session.id.str();
}

}  // namespace

struct ProcessRuntime::State {
  State(base::EventLoop& core, std::string records) : loop(core), folder(std::move(records)) {}

  struct Run {
    pid_t pid = 0;
    std::string record;
    boost::asio::posix::stream_descriptor pidfd;
    base::UniqueFunction<void(AgentExit)> on_exit;
    AgentExit exit;
  };

  void watch(RunId id);
  void reap(RunId id);
  void finish_when_gone(RunId id);

  base::EventLoop& loop;
  std::string folder;
  RunId next = 1;
  std::map<RunId, Run> runs;
};

ProcessRuntime::ProcessRuntime(base::EventLoop& loop, std::string records_folder)
    : state_(std::make_unique<State>(loop, std::move(records_folder))) {}

ProcessRuntime::~ProcessRuntime() {
  for (auto& [id, run] : state_->runs) {
    ::kill(-run.pid, SIGKILL);
    ::waitpid(run.pid, nullptr, 0);
    remove_run_record(state_->folder, run.record);
  }
}

base::Result<int> ProcessRuntime::kill_leftovers() {
  const std::string boot = boot_id();
  int found = 0;
  for (const NamedRunRecord& named : read_run_records(state_->folder)) {
    const RunRecord& record = named.record;
    const auto leader = read_process(record.pid);
    // The number of a session leader is not used again while its session has members; a leader with
    // another start time means that the whole session was gone before.
    const bool reused = leader && leader->start_time != record.start_time;
    if (record.boot_id == boot && !reused) {
      int round = 0;
      for (auto left = processes_of_session(record.pid); !left.empty();
           left = processes_of_session(record.pid)) {
        found += round == 0 ? 1 : 0;
        for (const ProcessInfo& process : left) {
          ::kill(process.pid, SIGKILL);
        }
        if (++round == kLeftoverRounds) {
          return Status(Code::kBusy, "process " + std::to_string(left.front().pid) +
                                         " of an earlier agent (" + named.name +
                                         ") does not die; end it and start again");
        }
        ::poll(nullptr, 0, 10);
      }
    }
    remove_run_record(state_->folder, named.name);
  }
  return found;
}

base::Result<RunId> ProcessRuntime::start(const StartSpec& spec,
                                          base::UniqueFunction<void(AgentExit)> on_exit) {
  PATCHBAY_ASSIGN(const std::string program, find_program(spec.command.at(0)));
  PATCHBAY_ASSIGN(const UniqueFd log, open_log(spec.log_file));
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  PATCHBAY_ASSIGN(Pipe gate, make_pipe());
  PATCHBAY_ASSIGN(Pipe error, make_pipe());
  std::vector<std::string> arguments = spec.command;
  std::vector<std::string> environment = make_environment(spec.env);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  const ChildPlan plan{
      program.c_str(), argv.data(), envp.data(),     spec.working_directory.c_str(),
      log.get(),       null.get(),  gate.read.get(), error.write.get()};
  const pid_t pid = ::fork();
  if (pid < 0) {
    return Status::from_errno(errno, "cannot start an agent process");
  }
  if (pid == 0) {
    // The child's copy of the write end would keep the gate from closing when the host dies.
    ::close(gate.write.get());
    run_child(plan);
  }
  gate.read.reset();
  error.write.reset();

  const RunId id = state_->next++;
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  const auto process = read_process(pid);
  Status started;
  if (pidfd < 0 || !process) {
    started = Status::from_errno(errno, "cannot watch the agent's process");
  } else {
    started = write_run_record(state_->folder, record_name(spec.session),
                               {pid, process->start_time, boot_id()});
  }
  int exec_error = 0;
  if (started.ok()) {
    if (::write(gate.write.get(), "g", 1) != 1 ||
        ::read(error.read.get(), &exec_error, sizeof exec_error) == sizeof exec_error) {
      started =
          Status::from_errno(exec_error, "cannot run " + program + " in " + spec.working_directory);
    }
  }
  if (!started.ok()) {
    UniqueFd closed(pidfd);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    remove_run_record(state_->folder, record_name(spec.session));
    return started;
  }
  state_->runs.emplace(
      id, State::Run{pid,
                     record_name(spec.session),
                     boost::asio::posix::stream_descriptor(state_->loop.context(), pidfd),
                     std::move(on_exit),
                     {}});
  state_->watch(id);
  return id;
}

void ProcessRuntime::State::watch(RunId id) {
  runs.at(id).pidfd.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                               [this, id](boost::system::error_code error) {
                                 if (!error) {
                                   reap(id);
                                 }
                               });
}

void ProcessRuntime::State::reap(RunId id) {
  Run& run = runs.at(id);
  // WNOWAIT keeps the zombie, and with it the number of the session, until its members are gone.
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(run.pid), &info, WEXITED | WNOWAIT) == 0) {
    if (info.si_code == CLD_EXITED) {
      run.exit.exit_code = info.si_status;
    } else {
      run.exit.signal = info.si_status;
    }
  }
  finish_when_gone(id);
}

void ProcessRuntime::State::finish_when_gone(RunId id) {
  Run& run = runs.at(id);
  const auto left = processes_of_session(run.pid);
  if (!left.empty()) {
    for (const ProcessInfo& process : left) {
      ::kill(process.pid, SIGKILL);
    }
    loop.run_after(kGoneCheck, [this, id] { finish_when_gone(id); });
    return;
  }
  ::waitpid(run.pid, nullptr, 0);
  remove_run_record(folder, run.record);
  const AgentExit exit = run.exit;
  const auto on_exit = std::move(run.on_exit);
  runs.erase(id);
  on_exit(exit);
}

void ProcessRuntime::terminate(RunId run) {
  if (const auto found = state_->runs.find(run); found != state_->runs.end()) {
    ::kill(-found->second.pid, SIGTERM);
  }
}

void ProcessRuntime::kill(RunId run) {
  if (const auto found = state_->runs.find(run); found != state_->runs.end()) {
    ::kill(-found->second.pid, SIGKILL);
  }
}

std::optional<AgentActivity> ProcessRuntime::activity(RunId run) const {
  const auto found = state_->runs.find(run);
  if (found == state_->runs.end()) {
    return std::nullopt;
  }
  AgentActivity activity;
  for (const ProcessInfo& process : processes_of_session(found->second.pid)) {
    activity.cpu_ticks += process.cpu_ticks;
    activity.io_bytes += io_bytes_of(process.pid);
  }
  return activity;
}

base::Result<std::string> find_program(const std::string& program) {
  namespace fs = std::filesystem;
  if (program.find('/') != std::string::npos) {
    if (::access(program.c_str(), X_OK) != 0) {
      return Status::from_errno(errno, "agent command " + program);
    }
    return fs::absolute(program).string();
  }
  std::vector<std::string> folders;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  folders.push_back(self.parent_path());
  const char* path_variable = ::getenv("PATH");
  std::string_view path = path_variable == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path_variable;
  while (!path.empty()) {
    const std::string_view folder = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(path.size(), folder.size() + 1));
    if (!folder.empty()) {
      folders.emplace_back(folder);
    }
  }
  for (const std::string& folder : folders) {
    const std::string candidate = folder + "/" + program;
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return Status(Code::kNotFound, "agent command " + program + " is neither beside " +
                                     self.string() +
                                     " nor in PATH; give its path in agents.<id>.command");
}

}  // namespace patchbay::agents
