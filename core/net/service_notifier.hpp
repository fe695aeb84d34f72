// Tells systemd how the daemon is (sd_notify), without libsystemd. Outside systemd it does nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/status.hpp"

namespace patchbay::net {

// [any thread] after construction.
class ServiceNotifier {
 public:
  // From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.
  static ServiceNotifier from_environment();
  // socket: a path, or "@name" for an abstract socket; empty: nobody is told.
  explicit ServiceNotifier(std::string socket,
                           std::optional<base::Milliseconds> watchdog_timeout = std::nullopt)
      : socket_(std::move(socket)), watchdog_timeout_(watchdog_timeout) {}

  // `status` is one line for `systemctl status`; may be empty.
  [[nodiscard]] base::Status ready(std::string_view status) const;
  [[nodiscard]] base::Status reloading() const;  // ready() ends it
  [[nodiscard]] base::Status stopping() const;
  [[nodiscard]] base::Status watchdog() const;

  // Set: call watchdog() this often, half of what systemd allows.
  [[nodiscard]] std::optional<base::Milliseconds> watchdog_interval() const;

 private:
  [[nodiscard]] base::Status notify(std::string_view state) const;

  std::string socket_;
  std::optional<base::Milliseconds> watchdog_timeout_;
};

}  // namespace patchbay::net
