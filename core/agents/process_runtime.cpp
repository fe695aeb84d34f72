#include "agents/process_runtime.hpp"

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <filesystem>
#include <map>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/child.hpp"
#include "agents/process_table.hpp"
#include "agents/run_processes.hpp"
#include "agents/run_record.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::agents {
namespace {

using base::Code;
using base::Status;
using base::UniqueFd;

constexpr base::Milliseconds kGoneCheck{5};  // doubling,
constexpr base::Milliseconds kLongestGoneCheck{1000};
constexpr std::size_t kTokenLength = 24;
constexpr int kLeftoverRounds = 1000;  // of 10 ms: how long processes may take to die of SIGKILL

// Calls `kill_all`, which says what it found alive, until that is nothing or the patience is over.
template <class KillAll>
std::vector<ProcessInfo> until_gone(const KillAll& kill_all) {
  std::vector<ProcessInfo> left = kill_all();
  for (int round = 1; !left.empty() && round < kLeftoverRounds; ++round) {
    ::poll(nullptr, 0, 10);
    left = kill_all();
  }
  return left;
}

// Session ids hold no slash, nor do agent group ids.
std::string record_name(const session::SessionAddress& session) {
  return session.agent.str() + "." + session.id.str();
}

}  // namespace

struct ProcessRuntime::State {
  State(base::EventLoop& core, std::string records, std::optional<rlim_t> files)
      : loop(core), folder(std::move(records)), open_files(files) {}

  struct Run {
    pid_t pid = 0;
    std::string record;
    RunProcesses processes;
    boost::asio::posix::stream_descriptor pidfd;
    base::UniqueFunction<void(AgentExit)> on_exit;
    AgentExit exit;
    base::Milliseconds next_check = kGoneCheck;
  };

  void watch(RunId id);
  void reap(RunId id);
  void finish_when_gone(RunId id);
  // Kills and reaps what is left of a run whose leader has ended; what was still alive.
  std::vector<ProcessInfo> end_rest(Run& run);
  [[nodiscard]] bool is_leader(pid_t pid) const;

  base::EventLoop& loop;
  std::string folder;
  std::optional<rlim_t> open_files;
  base::Random random{base::system_seed()};
  RunId next = 1;
  std::map<RunId, Run> runs;
};

ProcessRuntime::ProcessRuntime(base::EventLoop& loop, std::string records_folder,
                               std::optional<rlim_t> open_files)
    : state_(std::make_unique<State>(loop, std::move(records_folder), open_files)) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

ProcessRuntime::~ProcessRuntime() {
  for (auto& [id, run] : state_->runs) {
    static_cast<void>(run.processes.look());  // below the leader, while there is one
    ::kill(-run.pid, SIGKILL);
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(run.pid), &ended, WEXITED | WNOWAIT);
    const bool gone = until_gone([&, &run = run] { return state_->end_rest(run); }).empty();
    ::waitpid(run.pid, nullptr, 0);
    if (gone) {  // else the next host ends it
      remove_run_record(state_->folder, run.record);
    }
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

base::Result<int> ProcessRuntime::kill_leftovers() {
  const std::string boot = boot_id();
  int found = 0;
  for (const NamedRunRecord& named : read_run_records(state_->folder)) {
    const RunRecord& record = named.record;
    if (record.boot_id == boot) {
      bool any = false;
      const auto left = until_gone([&] {
        auto alive = leftovers_of_run(record.pid, record.start_time, record.token);
        std::for_each(alive.begin(), alive.end(), kill_process);
        any = any || !alive.empty();
        return alive;
      });
      found += any ? 1 : 0;
      if (!left.empty()) {
        return Status(Code::kBusy, "process " + std::to_string(left.front().pid) +
                                       " of an earlier agent (" + named.name +
                                       ") does not die; end it and start again");
      }
    }
    remove_run_record(state_->folder, named.name);
  }
  return found;
}

base::Result<RunId> ProcessRuntime::start(const StartSpec& spec,
                                          base::UniqueFunction<void(AgentExit)> on_exit) {
  const std::string token = state_->random.token(kTokenLength);
  const std::string record = record_name(spec.session);
  PATCHBAY_ASSIGN(WaitingChild child, fork_child(spec, run_variable(token), state_->open_files));
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  const auto process = read_process(child.pid);
  Status started;
  if (!pidfd.valid() || !process) {
    started = Status::from_errno(errno, "cannot watch the agent's process");
  } else {
    started = write_run_record(state_->folder, record,
                               {child.pid, process->start_time, boot_id(), token});
  }
  if (started.ok()) {
    started = let_go(child);
  }
  if (!started.ok()) {
    ::kill(child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    remove_run_record(state_->folder, record);
    return started;
  }
  const RunId id = state_->next++;
  state_->runs.emplace(
      id, State::Run{child.pid,
                     record,
                     RunProcesses(*process, token),
                     boost::asio::posix::stream_descriptor(state_->loop.context(), pidfd.release()),
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
  if (::waitid(P_PID, static_cast<id_t>(run.pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0) {
    if (info.si_pid == 0) {
      // It runs: epoll may tell of a descriptor that was closed here while a child that was just
      // forked still held it, under the number that this one has now.
      watch(id);
      return;
    }
    if (info.si_code == CLD_EXITED) {
      run.exit.exit_code = info.si_status;
    } else {
      run.exit.signal = info.si_status;
    }
  }
  finish_when_gone(id);
}

bool ProcessRuntime::State::is_leader(pid_t pid) const {
  return std::any_of(runs.begin(), runs.end(),
                     [pid](const auto& entry) { return entry.second.pid == pid; });
}

std::vector<ProcessInfo> ProcessRuntime::State::end_rest(Run& run) {
  RunProcesses::Seen seen = run.processes.look();
  std::for_each(seen.alive.begin(), seen.alive.end(), kill_process);
  for (const ProcessInfo& process : seen.ended) {
    if (!is_leader(process.pid)) {
      ::waitpid(process.pid, nullptr, WNOHANG);
    }
  }
  return std::move(seen.alive);
}

void ProcessRuntime::State::finish_when_gone(RunId id) {
  Run& run = runs.at(id);
  if (const auto left = end_rest(run); !left.empty()) {
    const base::Milliseconds wait = run.next_check;
    run.next_check = std::min(2 * wait, kLongestGoneCheck);
    if (wait < kLongestGoneCheck && run.next_check == kLongestGoneCheck) {
      base::log_warning("agent.process_does_not_die",
                        {{"process", left.front().pid},
                         {"run", run.record},
                         {"remedy", "its session waits until the process is ended"}});
    }
    loop.run_after(wait, [this, id] { finish_when_gone(id); });
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
    static_cast<void>(found->second.processes.look());  // below the leader, while there is one
    ::kill(-found->second.pid, SIGTERM);
  }
}

void ProcessRuntime::kill(RunId run) {
  if (const auto found = state_->runs.find(run); found != state_->runs.end()) {
    static_cast<void>(found->second.processes.look());
    ::kill(-found->second.pid, SIGKILL);
  }
}

std::optional<AgentActivity> ProcessRuntime::activity(RunId run) const {
  const auto found = state_->runs.find(run);
  if (found == state_->runs.end()) {
    return std::nullopt;
  }
  AgentActivity activity;
  for (const ProcessInfo& process : found->second.processes.look().alive) {
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
