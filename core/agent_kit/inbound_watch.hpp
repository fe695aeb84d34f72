// Tells when the host may have written to inbound.db: inotify on the folder, and a slow look at the
// file's time where a mount gives no events.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::agent_kit {

enum class Wake : std::uint8_t { kChanged, kTimeout, kStopped };

class InboundWatch {
 public:
  // Watch first, then look: what comes in between is not missed. Without inotify (none left, or a
  // filesystem without it) the slow look alone serves.
  static base::Result<InboundWatch> open(const std::string& folder);

  // Until inbound.db or its journal was touched since the last call, stop_fd is readable (-1:
  // none), or the time is over.
  [[nodiscard]] Wake wait(int stop_fd, base::Milliseconds timeout);

  // For an event loop of one's own: readable when something happened in the folder; then call
  // take_events(). True: it concerned inbound.db.
  [[nodiscard]] int fd() const { return inotify_.get(); }
  bool take_events();
  // How often to look without an event: 1 s where the filesystem is known to give none (9p,
  // virtiofs, NFS, CIFS, FUSE), else 30 s.
  [[nodiscard]] base::Milliseconds slow_look() const { return slow_look_; }

 private:
  InboundWatch(std::string database, base::UniqueFd inotify, base::Milliseconds slow_look);
  bool file_changed();

  std::string database_;
  base::UniqueFd inotify_;
  base::Milliseconds slow_look_;
  std::int64_t seen_time_ = 0;  // nanoseconds
  std::int64_t seen_size_ = 0;
};

}  // namespace patchbay::agent_kit
