// Tells when an agent may have committed something: a hint, never the truth (the drain is).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.hpp"
#include "base/random.hpp"
#include "base/status.hpp"
#include "session/session_storage.hpp"

namespace patchbay::delivery {

class SessionWatcher {
 public:
  virtual ~SessionWatcher() = default;
  using Changed = std::function<void(const session::SessionAddress&)>;

  // [core thread, once, before the first watch] Where hints go: on the core thread.
  virtual void on_change(Changed changed) = 0;
  // [core thread] From its return on every change is told; what was there before is not: so watch
  // first, then drain. Watching what is watched changes nothing. A folder that cannot be watched is
  // polled; a failure means that it is not there at all.
  virtual base::Status watch(const session::SessionAddress& session) = 0;
  virtual void unwatch(const session::SessionAddress& session) = 0;
};

struct WatcherOptions {
  // A burst of events is one hint, this long after its first.
  std::chrono::microseconds settle_least{60};
  std::chrono::microseconds settle_most{120};
  // More sessions than this are polled; fs.inotify.max_user_watches bounds it anyway.
  std::size_t max_watches = 4096;
  base::Milliseconds poll_interval{50};
  bool poll_always = false;
};

// inotify; a poll on the storage threads for filesystems that give no events (9p, NFS, FUSE,
// virtiofs, SMB, …) and beyond max_watches. `pool` and the rest outlive it.
base::Result<std::unique_ptr<SessionWatcher>> make_inotify_watcher(
    base::EventLoop& loop, base::Executor& pool, base::Random& random,
    session::SessionStorage& sessions, WatcherOptions options = {});

// Whether changes made by somebody else on a filesystem of this type (statfs's f_type) are told to
// inotify here.
[[nodiscard]] bool filesystem_gives_events(long filesystem_type);

}  // namespace patchbay::delivery
