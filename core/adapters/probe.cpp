#include "adapters/probe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "adapters/isolation/runner_process.hpp"
#include "adapters/isolation/sandbox.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;
using base::UniqueFd;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kVerdictBytes = 16 * 1024;
constexpr std::size_t kRefusalsTold = 4;
constexpr std::string_view kRemedy = ": take it out of the plugin folder, or get a working build";

struct Child {
  ChildProcess process;
  UniqueFd verdict;   // what it says, end of file when it closes
  UniqueFd refusals;  // what its library may not do
  std::string text;
  bool timed_out = false;
  Status spawn_problem;
};

// The end for the child; invalid: there are no more.
UniqueFd open_pipe(UniqueFd& ours, int flags) {
  std::array<int, 2> pipe_ends{-1, -1};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC | flags) != 0) {
    return {};
  }
  ours = UniqueFd(pipe_ends[0]);
  return UniqueFd(pipe_ends[1]);
}

Child start_probe(const std::string& runner, const ProbeCandidate& candidate) {
  Child child;
  const UniqueFd output = open_pipe(child.verdict, 0);
  const UniqueFd refusals = open_pipe(child.refusals, O_NONBLOCK);
  if (!output.valid() || !refusals.valid()) {
    child.spawn_problem = Status::from_errno(errno, "cannot probe it");
    return child;
  }
  auto process = spawn_runner(runner, {"--probe", candidate.library, candidate.channel},
                              output.get(), -1, {refusals.get()});
  if (process.ok()) {
    child.process = std::move(*process);
  } else {
    child.spawn_problem = process.status().with_context("cannot probe it");
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
    std::array<pollfd, 2> watched = {pollfd{child.process.pidfd.get(), POLLIN, 0},
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

// "; refused were there: socket, openat /opt/x/lib/libx.so", or nothing.
std::string refusals_of(const Child& child) {
  std::string out;
  Refusal refusal{};
  for (std::size_t count = 0; count < kRefusalsTold && ::read(child.refusals.get(), &refusal,
                                                              sizeof(refusal)) == sizeof(refusal);
       ++count) {
    refusal.call[sizeof(refusal.call) - 1] = '\0';
    refusal.path[sizeof(refusal.path) - 1] = '\0';
    const std::string path = base::to_valid_utf8(refusal.path);
    out += (count == 0 ? "" : ", ") + base::to_valid_utf8(refusal.call) +
           (path.empty() ? "" : " " + path);
  }
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out.empty() ? out
                     : "; a probe is confined and refused it " + out +
                           " (what a library links must be in the system's folders or be linked "
                           "statically, and before create() it may do nothing)";
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
    return failed(describe_end(end) + " when it was opened in a probe");
  }
  const auto verdict = base::parse_json(child.text);
  if (!verdict.ok() || !verdict->is_object() || !verdict->contains("ok")) {
    return failed(describe_end(end) + " when it was opened in a probe");
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
  if (child.process.pid < 0) {
    return child.spawn_problem;
  }
  await_end(child, deadline);
  const siginfo_t end = end_process(child.process);  // and what it left running
  const Status verdict = verdict_of(child, end, timeout);
  return verdict.ok() ? verdict : Status(verdict.code(), verdict.message() + refusals_of(child));
}

}  // namespace

std::vector<Status> probe_libraries(const std::string& runner,
                                    const std::vector<ProbeCandidate>& libraries,
                                    base::Milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  std::vector<Child> children;
  children.reserve(libraries.size());
  for (const ProbeCandidate& library : libraries) {
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
