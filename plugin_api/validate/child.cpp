#include "child.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <exception>
#include <fcntl.h>
#include <new>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <typeinfo>
#include <unistd.h>

#include "patchbay/testkit/lent_memory.hpp"

namespace patchbay::validate {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testkit::Rule;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // the shadow memory is terabytes, and everything takes longer
#else
constexpr bool kSanitized = false;
#endif
constexpr milliseconds kCheckTime = std::chrono::seconds(kSanitized ? 300 : 60);
constexpr std::int64_t kCallMs = 5000;  // adapter.h: the instance is quarantined
constexpr rlim_t kMemoryBytes = rlim_t{2} << 30U;
constexpr rlim_t kFileBytes = rlim_t{64} << 20U;
constexpr std::size_t kShownOutput = 1000;

// ---- in the child ----

Reporter* g_reporter = nullptr;  // for the handlers, which get no argument

[[noreturn]] void at_terminate() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  std::string what = "an exception left the adapter";
  if (type != nullptr) {
    int status = 0;
    char* name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    what += std::string(": ") + (status == 0 ? name : type->name());
    std::free(name);
  }
  g_reporter->last_words(Rule::kExceptions, what);
  std::abort();
}

void at_fault(int signal, siginfo_t* info, void*) {
  if (testkit::LentMemory::was_lent(info->si_addr)) {
    g_reporter->last_words(Rule::kLentMemory,
                           "it touched what an earlier call had lent, after that call returned");
  }
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

void watch_faults() {
  static char stack[64 * 1024];
  stack_t other{};
  other.ss_sp = stack;
  other.ss_size = sizeof(stack);
  ::sigaltstack(&other, nullptr);
  struct sigaction action{};
  action.sa_sigaction = at_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigaction(SIGSEGV, &action, nullptr);
  ::sigaction(SIGBUS, &action, nullptr);
  std::set_terminate(at_terminate);
}

void limit(int what, rlim_t most) {
  const rlimit limits{most, most};
  ::setrlimit(static_cast<__rlimit_resource>(what), &limits);
}

[[noreturn]] void be_child(const std::function<void(Reporter&)>& body, int pipe, int output,
                           Progress& progress) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, kFileBytes);
  if (!kSanitized) {
    limit(RLIMIT_DATA, kMemoryBytes);
  }
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  Reporter reporter(pipe, progress);
  g_reporter = &reporter;
  watch_faults();
  body(reporter);
  std::fflush(nullptr);
  reporter.done();
  // Not through exit(): what the library does there is not what is checked.
  ::_exit(0);
}

// ---- in the parent ----

// What the child printed.
std::string text_of(int output) {
  const off_t size = ::lseek(output, 0, SEEK_END);
  std::string out(static_cast<std::size_t>(std::max<off_t>(size, 0)), '\0');
  const ssize_t count = ::pread(output, out.data(), out.size(), 0);
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return out;
}

class Watch {
 public:
  Watch(pid_t child, int pipe, int output, Progress& progress)
      : child_(child), pipe_(pipe), output_(output), progress_(progress) {}

  Outcome run() {
    const auto began = steady_clock::now();
    int status = 0;
    while (::waitpid(child_, &status, WNOHANG) == 0) {
      pollfd waiting{pipe_, POLLIN, 0};
      ::poll(&waiting, 1, 10);
      read_lines();
      if (!killed_) {
        stop_if_late(steady_clock::now() - began);
      }
    }
    ::kill(-child_, SIGKILL);  // what it may have started
    read_lines();
    judge(status);
    outcome_.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
    return std::move(outcome_);
  }

 private:
  void read_lines() {
    char bytes[4096];
    for (ssize_t count = 0; (count = ::read(pipe_, bytes, sizeof(bytes))) > 0;) {
      text_.append(bytes, static_cast<std::size_t>(count));
    }
    for (std::size_t end = 0; (end = text_.find('\n')) != std::string::npos;) {
      try {
        take(json::parse(text_.substr(0, end), nullptr, false));
      } catch (const json::exception&) {
        add(Rule::kOutput, "it wrote to a descriptor that is not its own");
      }
      text_.erase(0, end + 1);
    }
  }

  void take(const json& line) {
    if (!line.is_object()) {
      return;
    }
    done_ = done_ || line.contains("done");
    last_words_ = last_words_ || line.contains("last");
    outcome_.skipped = line.value("skip", outcome_.skipped);
    if (line.contains("note")) {
      outcome_.notes.push_back(line.value("note", ""));
    }
    if (line.contains("rule")) {
      const bool last = line.contains("last");
      add(static_cast<Rule>(line.value("rule", 0)), line.value("what", "") + (last ? where() : ""));
    }
  }

  void add(Rule rule, std::string what) {
    const auto same = std::find_if(
        outcome_.findings.begin(), outcome_.findings.end(),
        [&](const Finding& finding) { return finding.rule == rule && finding.what == what; });
    if (same != outcome_.findings.end()) {
      ++same->times;
    } else {
      outcome_.findings.push_back({rule, std::move(what), 1});
    }
  }

  void stop_if_late(steady_clock::duration so_far) {
    const std::int64_t began = progress_.call_began_ms;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t now_ms = now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
    if (began != 0 && now_ms - began > kCallMs) {
      add(Rule::kCallTime, "a call did not return within 5 s" + where());
    } else if (so_far > kCheckTime) {
      add(Rule::kRest, "the check did not end within " + std::to_string(kCheckTime.count() / 1000) +
                           " s" + where());
    } else {
      return;
    }
    killed_ = true;
    ::kill(-child_, SIGKILL);
    ::kill(child_, SIGKILL);
  }

  // ", in deliver() (cancelled deliveries)"
  [[nodiscard]] std::string where() const {
    const std::string entry = progress_.entry;
    const std::string step = progress_.step;
    return (entry.empty() ? "" : ", in " + entry + "()") + (step.empty() ? "" : " (" + step + ")");
  }

  void judge(int status) {
    const std::string printed = text_of(output_);
    const std::string tail =
        printed.empty()
            ? ""
            : "; it printed: " + printed.substr(0, std::min(printed.size(), kShownOutput));
    if (WIFEXITED(status) && done_) {
      if (!printed.empty()) {
        add(Rule::kOutput, tail.substr(2));
      }
    } else if (killed_ || last_words_) {
      return;
    } else if (WIFEXITED(status)) {
      add(Rule::kExit, "it ended the process with status " + std::to_string(WEXITSTATUS(status)) +
                           where() + tail);
    } else if (WTERMSIG(status) == SIGABRT) {
      add(Rule::kExit, "it aborted the process" + where() + tail);
    } else {
      add(Rule::kCrash,
          std::string("it crashed: ") + ::strsignal(WTERMSIG(status)) + where() + tail);
    }
  }

  pid_t child_;
  int pipe_;
  int output_;
  Progress& progress_;
  Outcome outcome_;
  std::string text_;
  bool done_ = false;
  bool last_words_ = false;
  bool killed_ = false;
};

Outcome no_child(const char* what) {
  Outcome out;
  out.findings.push_back({Rule::kScript, std::string("this machine gives no ") + what, 1});
  return out;
}

}  // namespace

Outcome run_in_child(const std::function<void(Reporter&)>& body) {
  void* shared =
      ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int pipe[2];
  const int output = ::memfd_create("patchbay-validate", MFD_CLOEXEC);
  if (shared == MAP_FAILED || output < 0 || ::pipe2(pipe, O_CLOEXEC) != 0) {
    return no_child("memory or descriptors");
  }
  auto* progress = new (shared) Progress{};
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    be_child(body, pipe[1], output, *progress);
  }
  ::close(pipe[1]);
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  Outcome out = child > 0 ? Watch(child, pipe[0], output, *progress).run() : no_child("process");
  ::close(pipe[0]);
  ::close(output);
  ::munmap(shared, sizeof(Progress));
  return out;
}

}  // namespace patchbay::validate
