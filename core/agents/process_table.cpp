#include "agents/process_table.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.hpp"
#include "base/text_file.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::agents {
namespace {

// Nothing for a process that is gone, or goes while it is looked at.
std::string read_file(const std::string& path) {
  auto text = base::read_text_file(path);
  return text.ok() ? *std::move(text) : std::string();
}

}  // namespace

std::optional<ProcessInfo> read_process(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  // "pid (comm) state ppid pgrp session …": comm may hold spaces and parentheses (proc(5)).
  const std::size_t after_name = stat.rfind(')');
  if (after_name == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(stat.substr(after_name + 1));
  ProcessInfo info;
  info.pid = pid;
  std::string skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> info.state >> info.parent >> skipped >> info.session;  // fields 3 to 6
  for (int field = 7; field <= 13; ++field) {
    fields >> skipped;
  }
  fields >> user >> system;  // 14, 15
  for (int field = 16; field <= 19; ++field) {
    fields >> skipped;
  }
  fields >> info.threads >> skipped >> info.start_time;  // 20 to 22
  if (!fields) {
    return std::nullopt;
  }
  info.cpu_ticks = user + system;
  return info;
}

std::vector<ProcessInfo> all_processes() {
  std::vector<ProcessInfo> result;
  std::error_code error;
  const std::filesystem::directory_iterator end;
  // Not a range-for, whose steps throw.
  for (std::filesystem::directory_iterator entry("/proc", error); !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) {
      continue;
    }
    if (const auto info = read_process(pid)) {
      result.push_back(*info);
    }
  }
  return result;
}

bool was_started_with(pid_t pid, const std::string& variable) {
  const std::string environment = read_file("/proc/" + std::to_string(pid) + "/environ");
  std::string_view left = environment;
  while (!left.empty()) {
    const std::string_view entry = left.substr(0, left.find('\0'));
    if (entry == variable) {
      return true;
    }
    left.remove_prefix(std::min(left.size(), entry.size() + 1));
  }
  return false;
}

void kill_process(const ProcessInfo& process) {
  const base::UniqueFd same(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  const auto now = read_process(process.pid);
  if (same.valid() && now && now->start_time == process.start_time) {
    ::syscall(SYS_pidfd_send_signal, same.get(), SIGKILL, nullptr, 0);
  }
}

std::uint64_t io_bytes_of(pid_t pid) {
  std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/io"));
  std::uint64_t total = 0;
  std::string key;
  std::uint64_t value = 0;
  while (lines >> key >> value) {
    if (key == "rchar:" || key == "wchar:") {
      total += value;
    }
  }
  return total;
}

std::string boot_id() {
  return std::string(base::trim(read_file("/proc/sys/kernel/random/boot_id")));
}

}  // namespace patchbay::agents
