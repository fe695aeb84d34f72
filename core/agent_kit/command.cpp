#include "agent_kit/command.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::agent_kit {
namespace {

using base::Milliseconds;
using base::Result;
using base::Status;
using base::UniqueFd;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kChunk = 16 * 1024;
constexpr std::size_t kErrorLineBytes = 500;
constexpr Milliseconds kForever{60'000};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Status::from_errno(errno, "making a pipe");
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void make_nonblocking(const UniqueFd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

// This process's environment with the request's variables in front.
std::vector<std::string> environment_of(const CommandRequest& request) {
  std::vector<std::string> result;
  result.reserve(request.environment.size());
  for (const auto& [name, value] : request.environment) {
    result.push_back(name + "=" + value.substr(0, value.find('\0')));
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!request.environment.contains(std::string(text.substr(0, text.find('='))))) {
      result.emplace_back(text);
    }
  }
  return result;
}

// posix_spawn's two option objects.
class SpawnOptions {
 public:
  SpawnOptions(int input, int output, int error) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, error, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t usual;
    ::sigemptyset(&usual);
    for (const int signal : {SIGTERM, SIGINT, SIGPIPE}) {
      ::sigaddset(&usual, signal);
    }
    ::posix_spawnattr_setsigdefault(&attributes_, &usual);
  }
  SpawnOptions(const SpawnOptions&) = delete;
  SpawnOptions& operator=(const SpawnOptions&) = delete;
  ~SpawnOptions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Result<pid_t> spawn(const CommandRequest& request, int input, int output, int error) {
  std::vector<std::string> environment = environment_of(request);
  std::vector<char*> environment_pointers;
  environment_pointers.reserve(environment.size() + 1);
  for (std::string& entry : environment) {
    environment_pointers.push_back(entry.data());
  }
  environment_pointers.push_back(nullptr);
  std::string shell = "sh";
  std::string flag = "-c";
  std::string command = request.command;
  std::array<char*, 4> arguments = {shell.data(), flag.data(), command.data(), nullptr};
  const SpawnOptions options(input, output, error);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, "/bin/sh", options.actions(), options.attributes(),
                                   arguments.data(), environment_pointers.data());
  if (failed != 0) {
    return Status::from_errno(failed, "starting \"" + request.command + "\"");
  }
  return pid;
}

// The last line that is not blank, of text that comes in pieces.
class LastLine {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      if (c != '\n') {
        if (line_.size() < kErrorLineBytes) {
          line_ += c;
        }
        continue;
      }
      end_line();
    }
  }
  std::string take() {
    end_line();
    return std::move(last_);
  }

 private:
  void end_line() {
    if (const std::string_view text = base::trim(line_); !text.empty()) {
      last_ = base::to_valid_utf8(text);
    }
    line_.clear();
  }
  std::string line_;
  std::string last_;
};

class RunningCommand {
 public:
  RunningCommand(const CommandRequest& request, pid_t pid, UniqueFd pid_fd, UniqueFd input,
                 UniqueFd output, UniqueFd error)
      : request_(request),
        pid_(pid),
        pid_fd_(std::move(pid_fd)),
        input_(std::move(input)),
        output_(std::move(output)),
        error_(std::move(error)),
        unwritten_(request.input),
        next_sign_(std::chrono::steady_clock::now()) {
    for (const UniqueFd* fd : {&input_, &output_, &error_}) {
      make_nonblocking(*fd);
    }
    feed();
  }

  CommandResult run() {
    while (!turn()) {
    }
    read_output();
    read_error();
    ::kill(-pid_, SIGKILL);  // the group, before its leader's number can be used again
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result_.last_error_line = last_line_.take();
    return std::move(result_);
  }

 private:
  // Waits for one thing to happen; true when the command has ended.
  bool turn() {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now >= next_sign_ && request_.sign_of_life) {
      request_.sign_of_life();
      next_sign_ = now + request_.sign_of_life_every;
    }
    if (result_.stopped && now >= kill_at_) {
      ::kill(-pid_, SIGKILL);
      kill_at_ = now + kForever;
    }
    // poll() passes over negative descriptors.
    std::array<pollfd, 5> polled = {pollfd{pid_fd_.get(), POLLIN, 0},
                                    pollfd{result_.stopped ? -1 : request_.stop_fd, POLLIN, 0},
                                    pollfd{output_.get(), POLLIN, 0},
                                    pollfd{error_.get(), POLLIN, 0},
                                    pollfd{input_.get(), POLLOUT, 0}};
    ::poll(polled.data(), polled.size(), milliseconds_to_next(now));
    if (polled[1].revents != 0) {
      result_.stopped = true;
      kill_at_ = std::chrono::steady_clock::now() + request_.stop_grace;
      ::kill(-pid_, SIGTERM);
    }
    if (polled[2].revents != 0) {
      read_output();
    }
    if (polled[3].revents != 0) {
      read_error();
    }
    if (polled[4].revents != 0) {
      feed();
    }
    return polled[0].revents != 0;
  }

  [[nodiscard]] int milliseconds_to_next(SteadyTime now) const {
    SteadyTime next = now + kForever;
    if (request_.sign_of_life) {
      next = std::min(next, next_sign_);
    }
    if (result_.stopped) {
      next = std::min(next, kill_at_);
    }
    return static_cast<int>(
        std::max(Milliseconds{0}, std::chrono::ceil<Milliseconds>(next - now)).count());
  }

  void feed() {
    while (!unwritten_.empty()) {
      const ssize_t written = ::write(input_.get(), unwritten_.data(), unwritten_.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written < 0 && errno == EAGAIN) {
        return;
      }
      if (written < 0) {
        break;  // it does not want to read
      }
      unwritten_.remove_prefix(static_cast<std::size_t>(written));
    }
    unwritten_ = {};
    input_.reset();
  }

  // Hands on what can be read now.
  template <class Take>
  void read_all(UniqueFd& fd, const Take& take) {
    std::array<char, kChunk> chunk{};
    while (fd.valid()) {
      const ssize_t size = ::read(fd.get(), chunk.data(), chunk.size());
      if (size < 0 && errno == EINTR) {
        continue;
      }
      if (size < 0 && errno == EAGAIN) {
        return;
      }
      if (size <= 0) {
        fd.reset();
        return;
      }
      take(std::string_view(chunk.data(), static_cast<std::size_t>(size)));
    }
  }

  void read_output() {
    read_all(output_, [this](std::string_view text) {
      const std::size_t room = request_.output_limit - result_.output.size();
      result_.output += text.substr(0, room);
      result_.output_cut = result_.output_cut || text.size() > room;
    });
  }

  void read_error() {
    read_all(error_, [this](std::string_view text) {
      last_line_.add(text);
      // What cannot be written to the log is lost; there is nobody to tell.
      static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) < 0);
    });
  }

  const CommandRequest& request_;
  const pid_t pid_;
  UniqueFd pid_fd_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd error_;
  std::string_view unwritten_;
  SteadyTime next_sign_;
  SteadyTime kill_at_;
  LastLine last_line_;
  CommandResult result_;
};

}  // namespace

Result<CommandResult> run_command(const CommandRequest& request) {
  PATCHBAY_ASSIGN(Pipe input, make_pipe());
  PATCHBAY_ASSIGN(Pipe output, make_pipe());
  PATCHBAY_ASSIGN(Pipe error, make_pipe());
  PATCHBAY_ASSIGN(const pid_t pid,
                  spawn(request, input.read.get(), output.write.get(), error.write.get()));
  // The command's ends are the command's alone, or their closing would never be seen.
  input.read.reset();
  output.write.reset();
  error.write.reset();
  UniqueFd pid_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pid_fd.valid()) {
    const Status failed = Status::from_errno(errno, "following \"" + request.command + "\"");
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return failed;
  }
  RunningCommand running(request, pid, std::move(pid_fd), std::move(input.write),
                         std::move(output.read), std::move(error.read));
  return running.run();
}

}  // namespace patchbay::agent_kit
