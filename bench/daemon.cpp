#include "daemon.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "statistics.hpp"

namespace patchbay::bench {
namespace {

constexpr int kPatienceMs = 60'000;
constexpr double kQuietWindowMs = 500;
constexpr double kQuietShare = 0.01;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::runtime_error("too long for a Unix socket: " + path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Where the daemon says that it is ready.
base::UniqueFd notify_socket(const std::string& path) {
  ::unlink(path.c_str());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot bind " + path);
  }
  return socket;
}

void wait_for_ready(int socket) {
  std::string said;
  while (said.find("READY=1") == std::string::npos) {
    pollfd readable{socket, POLLIN, 0};
    std::array<char, 1024> buffer{};
    if (::poll(&readable, 1, kPatienceMs) != 1) {
      throw std::runtime_error("the host did not become ready; see its log beside the data folder");
    }
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    said.assign(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  }
}

// In the child. Standard error goes to `log`.
[[noreturn]] void become(const std::vector<std::string>& arguments, const std::string& log) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // the host then ends its agents
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(output, 1);
  ::dup2(output, 2);
  std::vector<char*> words;
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: execv() leaves them alone
  }
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

double number_after(const std::string& text, const std::string& name) {
  const auto at = text.find(name);
  return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
}

std::string contents(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

Memory memory_of(pid_t pid) {
  const std::string status = contents("/proc/" + std::to_string(pid) + "/status");
  constexpr double kMbOfKib = 1024.0 / 1e6;
  return {number_after(status, "VmRSS:") * kMbOfKib, number_after(status, "RssAnon:") * kMbOfKib,
          number_after(status, "VmHWM:") * kMbOfKib};
}

}  // namespace

Daemon::Daemon(const Place& place, std::string data_folder, const std::string& config,
               std::string more_plugins)
    : place_(place), data_(std::move(data_folder)), more_plugins_(std::move(more_plugins)) {
  std::filesystem::create_directories(data_);
  const std::string file = data_ + ".json";
  std::ofstream(file) << config;
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

Daemon::~Daemon() {
  try {
    stop();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "patchbay-bench: %s\n", error.what());
  }
}

double Daemon::start() {
  const std::string socket_path = data_ + ".notify";
  const base::UniqueFd socket = notify_socket(socket_path);
  ::setenv("NOTIFY_SOCKET", socket_path.c_str(), 1);
  const auto begin = Clock::now();
  pid_ = ::fork();
  if (pid_ == 0) {
    std::vector<std::string> arguments{place_.build + "/bin/patchbay",
                                       "run",
                                       "--plugins",
                                       place_.build + "/plugins",
                                       "--data",
                                       data_,
                                       "--config",
                                       data_ + ".json"};
    if (!more_plugins_.empty()) {
      arguments.insert(arguments.end(), {"--plugins", more_plugins_});
    }
    become(arguments, data_ + ".log");
  }
  wait_for_ready(socket.get());
  return milliseconds_since(begin);
}

void Daemon::stop() {
  if (pid_ <= 0) {
    return;
  }
  const pid_t pid = std::exchange(pid_, -1);
  ::kill(pid, SIGTERM);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error("the host did not end well; see " + data_ + ".log");
  }
}

Memory Daemon::memory() const { return memory_of(pid_); }

Memory Daemon::memory_of_child(const std::string& program) const {
  const std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::istringstream children(contents(task.path().string() + "/children"));
    for (pid_t child = 0; children >> child;) {
      if (contents("/proc/" + std::to_string(child) + "/comm").starts_with(program)) {
        return memory_of(child);
      }
    }
  }
  return {};
}

void Daemon::forget_peak() const {
  std::ofstream("/proc/" + std::to_string(pid_) + "/clear_refs") << "5";
}

double Daemon::cpu_seconds() const {
  const std::string tasks = "/proc/" + std::to_string(pid_) + "/task";
  double nanoseconds = 0;
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    const std::string times = contents(task.path().string() + "/schedstat");
    nanoseconds += times.empty() ? 0 : std::stod(times);
  }
  return nanoseconds / 1e9;
}

void Daemon::wait_quiet() const {
  const auto begin = Clock::now();
  double used = cpu_seconds();
  for (auto window = Clock::now();;) {
    ::usleep(50'000);
    if (milliseconds_since(window) < kQuietWindowMs) {
      continue;
    }
    const double now = cpu_seconds();
    if (now - used < kQuietShare * kQuietWindowMs / 1000) {
      return;
    }
    if (milliseconds_since(begin) > kPatienceMs) {
      throw std::runtime_error("the host does not become quiet");
    }
    used = now;
    window = Clock::now();
  }
}

nlohmann::json Daemon::call(const std::string& method) const {
  const base::UniqueFd socket = connect_to(data_ + "/run/control.sock");
  const std::string request =
      R"({"type":"req","id":"1","method":")" + method + R"(","params":{}})" + "\n";
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    throw std::runtime_error("the control socket does not listen");
  }
  std::string answer;
  std::array<char, 4096> buffer{};
  while (answer.find('\n') == std::string::npos) {
    const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) {
      throw std::runtime_error("the control socket closed");
    }
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return nlohmann::json::parse(answer)["payload"];
}

void Daemon::wait_until(const std::function<bool(const nlohmann::json& status)>& holds,
                        const std::string& what) const {
  for (const auto begin = Clock::now(); !holds(call("status"));) {
    if (milliseconds_since(begin) > kPatienceMs) {
      throw std::runtime_error("waited in vain for " + what);
    }
    ::usleep(20'000);
  }
}

double run_to_end(const std::vector<std::string>& arguments) {
  const auto begin = Clock::now();
  const pid_t pid = ::fork();
  if (pid == 0) {
    become(arguments, "/dev/null");
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) {
    throw std::runtime_error(arguments[0] + " failed");
  }
  return milliseconds_since(begin);
}

base::UniqueFd connect_to(const std::string& path) {
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("nobody listens on " + path);
  }
  const timeval patience{kPatienceMs / 1000, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return socket;
}

}  // namespace patchbay::bench
