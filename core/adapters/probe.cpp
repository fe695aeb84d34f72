#include "adapters/probe.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "adapters/isolation/runner_process.hpp"
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
  ChildProcess process;
  UniqueFd verdict;  // what it says, end of file when it closes
  std::string text;
  bool timed_out = false;
  Status spawn_problem;
};

Child start_probe(const std::string& runner, const ProbeCandidate& candidate) {
  Child child;
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) {
    child.spawn_problem = Status::from_errno(errno, "cannot probe it");
    return child;
  }
  child.verdict = UniqueFd(pipe_ends[0]);
  const UniqueFd output(pipe_ends[1]);
  auto process =
      spawn_runner(runner, {"--probe", candidate.library, candidate.channel}, output.get(), -1, {});
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
  return verdict_of(child, end, timeout);
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
