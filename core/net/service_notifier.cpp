#include "net/service_notifier.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace patchbay::net {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::uint64_t> to_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

ServiceNotifier ServiceNotifier::from_environment() {
  std::optional<base::Milliseconds> timeout;
  const auto microseconds = to_number(environment("WATCHDOG_USEC"));
  // The variables may have been inherited from a service that started us as a child.
  const auto process = to_number(environment("WATCHDOG_PID"));
  if (microseconds && *microseconds > 0 &&
      (!process || *process == static_cast<std::uint64_t>(::getpid()))) {
    timeout = std::chrono::floor<base::Milliseconds>(
        std::chrono::microseconds(static_cast<std::int64_t>(*microseconds)));
  }
  return ServiceNotifier(environment("NOTIFY_SOCKET"), timeout);
}

base::Status ServiceNotifier::ready(std::string_view status) const {
  std::string state = "READY=1";
  if (!status.empty()) {
    state += "\nSTATUS=";
    state += status;
    std::replace(state.begin() + sizeof("READY=1\n") - 1, state.end(), '\n', ' ');
  }
  return notify(state);
}

base::Status ServiceNotifier::reloading() const {
  // systemd takes RELOADING=1 of Type=notify-reload only with the time of the message.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 +
                            static_cast<std::int64_t>(now.tv_nsec) / 1000;
  return notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

base::Status ServiceNotifier::stopping() const { return notify("STOPPING=1"); }

base::Status ServiceNotifier::watchdog() const { return notify("WATCHDOG=1"); }

std::optional<base::Milliseconds> ServiceNotifier::watchdog_interval() const {
  if (!watchdog_timeout_) {
    return std::nullopt;
  }
  return std::max(base::Milliseconds(1), *watchdog_timeout_ / 2);
}

base::Status ServiceNotifier::notify(std::string_view state) const {
  if (socket_.empty()) {
    return {};
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if ((socket_.front() != '/' && socket_.front() != '@') ||
      socket_.size() >= sizeof(address.sun_path)) {
    return {base::Code::kInvalidArgument,
            "NOTIFY_SOCKET is neither an absolute path nor an abstract name, or it is too long; "
            "start the daemon as a systemd service, or unset it"};
  }
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') {
    address.sun_path[0] = '\0';  // an abstract name: its length counts, not a final NUL
  }
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size() +
                                             (socket_.front() == '@' ? 0 : 1));
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return base::Status::from_errno(errno, "a socket for telling systemd");
  }
  const auto sent = ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                             reinterpret_cast<const sockaddr*>(&address), length);
  if (sent != static_cast<ssize_t>(state.size())) {
    return base::Status::from_errno(errno, "telling systemd over " + socket_);
  }
  return {};
}

}  // namespace patchbay::net
