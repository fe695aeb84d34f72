#include "agents/run_processes.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <unistd.h>

namespace patchbay::agents {
namespace {

// The processes for which is_root is true, and all below them.
std::vector<ProcessInfo> with_descendants(const std::vector<ProcessInfo>& processes,
                                          const std::function<bool(const ProcessInfo&)>& is_root) {
  std::multimap<pid_t, const ProcessInfo*> children;
  std::vector<const ProcessInfo*> unvisited;
  for (const ProcessInfo& process : processes) {
    children.emplace(process.parent, &process);
    if (is_root(process)) {
      unvisited.push_back(&process);
    }
  }
  std::set<pid_t> visited;
  std::vector<ProcessInfo> result;
  while (!unvisited.empty()) {
    const ProcessInfo& process = *unvisited.back();
    unvisited.pop_back();
    if (!visited.insert(process.pid).second) {
      continue;
    }
    result.push_back(process);
    const auto [first, last] = children.equal_range(process.pid);
    for (auto child = first; child != last; ++child) {
      unvisited.push_back(child->second);
    }
  }
  return result;
}

}  // namespace

std::string run_variable(const std::string& token) { return "PATCHBAY_RUN=" + token; }

bool RunProcesses::is_root(const ProcessInfo& process) const {
  return process.pid == leader_.pid || process.session == leader_.pid ||
         known_.contains({process.pid, process.start_time}) ||
         (process.parent == ::getpid() && was_started_with(process.pid, run_variable(token_)));
}

RunProcesses::Seen RunProcesses::look() {
  const auto processes = all_processes();
  Seen seen;
  const auto own =
      with_descendants(processes, [this](const ProcessInfo& process) { return is_root(process); });
  known_.clear();
  for (const ProcessInfo& process : own) {
    known_.emplace(process.pid, process.start_time);
    if (!process.has_ended()) {
      seen.alive.push_back(process);
    }
  }
  // The leader's zombies come to the host when it ends, and have no environment to be known by.
  const pid_t own_session = ::getsid(0);
  for (const ProcessInfo& process : processes) {
    if (process.has_ended() && process.parent == ::getpid() && process.pid != leader_.pid &&
        process.session != own_session && process.start_time >= leader_.start_time) {
      seen.ended.push_back(process);
    }
  }
  return seen;
}

std::vector<ProcessInfo> leftovers_of_run(pid_t leader, std::uint64_t start_time,
                                          const std::string& token) {
  const auto now = read_process(leader);
  const bool reused = now && now->start_time != start_time;
  auto left = with_descendants(all_processes(), [&](const ProcessInfo& process) {
    return (!reused && process.session == leader) ||
           (!token.empty() && was_started_with(process.pid, run_variable(token)));
  });
  std::erase_if(left, [](const ProcessInfo& process) {
    return process.has_ended() || process.pid == ::getpid();
  });
  return left;
}

}  // namespace patchbay::agents
