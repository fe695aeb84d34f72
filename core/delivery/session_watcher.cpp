#include "delivery/session_watcher.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unordered_map>

#include "attachments/confined_folder.hpp"
#include "base/lifetime.hpp"
#include "base/log.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using session::SessionAddress;

// An agent commits by deleting, truncating or overwriting its journal, or by closing the database.
constexpr std::uint32_t kMask =
    IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_TO | IN_MODIFY | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::string_view kDatabase = "outbound.db";
// A poll that saw nothing change still wakes after so many: attributes may be cached.
constexpr int kPollsPerWake = 40;

using Folder = std::shared_ptr<attachments::ConfinedFolder>;

// What a commit changes, seen without opening the file (closing it would drop SQLite's locks).
struct Signature {
  std::array<std::int64_t, 8> values{};
  bool operator==(const Signature&) const = default;
};

Signature signature_of(int folder) {
  Signature signature;
  std::size_t at = 0;
  for (const char* name : {"outbound.db", "outbound.db-journal"}) {
    struct stat entry{};
    if (::fstatat(folder, name, &entry, AT_SYMLINK_NOFOLLOW) != 0) {
      entry = {};
    }
    signature.values[at++] = static_cast<std::int64_t>(entry.st_ino);
    signature.values[at++] = entry.st_size;
    signature.values[at++] = entry.st_mtim.tv_sec;
    signature.values[at++] = entry.st_mtim.tv_nsec;
  }
  return signature;
}

class InotifyWatcher final : public SessionWatcher {
 public:
  InotifyWatcher(base::EventLoop& loop, base::Executor& pool, base::Random& random,
                 session::SessionStorage& sessions, WatcherOptions options, int inotify)
      : loop_(loop),
        pool_(pool),
        random_(random),
        sessions_(sessions),
        options_(options),
        inotify_(loop.context(), inotify) {
    read_more();
  }

  void on_change(Changed changed) override { changed_ = std::move(changed); }
  Status watch(const SessionAddress& session) override;
  void unwatch(const SessionAddress& session) override;

 private:
  struct Watched {
    int watch = -1;                   // of inotify; -1: polled
    Folder folder;                    // of polled ones
    std::shared_ptr<Signature> seen;  // written by the poll, one at a time
    int polls = 0;
    bool hinted = false;  // a hint is on its way
  };

  [[nodiscard]] int add_watch(const attachments::ConfinedFolder& folder) const;
  void read_more();
  void take_events(std::size_t bytes);
  void take_event(const inotify_event& event, std::string_view name);
  void hint(const SessionAddress& session);
  void hint_all();
  void arm_poll();
  void poll();

  base::EventLoop& loop_;
  base::Executor& pool_;
  base::Random& random_;
  session::SessionStorage& sessions_;
  WatcherOptions options_;
  Changed changed_ = [](const SessionAddress&) {};
  boost::asio::posix::stream_descriptor inotify_;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer_{};
  std::map<SessionAddress, Watched> watched_;
  std::unordered_map<int, SessionAddress> by_watch_;
  bool poll_armed_ = false;
  base::Lifetime lifetime_;
};

int InotifyWatcher::add_watch(const attachments::ConfinedFolder& folder) const {
  struct statfs filesystem{};
  if (options_.poll_always || by_watch_.size() >= options_.max_watches ||
      ::fstatfs(folder.fd(), &filesystem) != 0 || !filesystem_gives_events(filesystem.f_type)) {
    return -1;
  }
  // The folder that was opened, whatever its path leads to by now.
  const std::string path = "/proc/self/fd/" + std::to_string(folder.fd());
  return ::inotify_add_watch(const_cast<InotifyWatcher*>(this)->inotify_.native_handle(),
                             path.c_str(), kMask);
}

Status InotifyWatcher::watch(const SessionAddress& session) {
  if (watched_.contains(session)) {
    return {};
  }
  PATCHBAY_ASSIGN(Folder folder, sessions_.folder(session));
  Watched watched;
  watched.watch = add_watch(*folder);
  if (watched.watch >= 0) {
    by_watch_[watched.watch] = session;
  } else {
    watched.seen = std::make_shared<Signature>(signature_of(folder->fd()));
    watched.folder = std::move(folder);
  }
  watched_.emplace(session, std::move(watched));
  arm_poll();
  return {};
}

void InotifyWatcher::unwatch(const SessionAddress& session) {
  const auto found = watched_.find(session);
  if (found == watched_.end()) {
    return;
  }
  if (found->second.watch >= 0) {
    ::inotify_rm_watch(inotify_.native_handle(), found->second.watch);
    by_watch_.erase(found->second.watch);
  }
  watched_.erase(found);
}

void InotifyWatcher::read_more() {
  inotify_.async_read_some(
      boost::asio::buffer(buffer_),
      lifetime_.guard([this](const boost::system::error_code& error, std::size_t bytes) {
        if (error) {
          base::log_error("delivery.inotify_failed", {{"reason", error.message()}});
          hint_all();
          return;
        }
        take_events(bytes);
        read_more();
      }));
}

void InotifyWatcher::take_events(std::size_t bytes) {
  std::size_t at = 0;
  while (at + sizeof(inotify_event) <= bytes) {
    inotify_event event{};
    std::memcpy(&event, buffer_.data() + at, sizeof event);
    const char* name = buffer_.data() + at + sizeof event;
    take_event(event, std::string_view(name, ::strnlen(name, event.len)));
    at += sizeof event + event.len;
  }
}

void InotifyWatcher::take_event(const inotify_event& event, std::string_view name) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    hint_all();
    return;
  }
  const auto found = by_watch_.find(event.wd);
  if (found == by_watch_.end()) {
    return;
  }
  if ((event.mask & IN_IGNORED) != 0) {
    // The folder is gone (an archived session); watching it again finds the new one.
    watched_.erase(found->second);
    by_watch_.erase(found);
    return;
  }
  if (name.starts_with(kDatabase)) {
    hint(found->second);
  }
}

// A commit is several events; reading in the middle of them would disturb agents that do not wait
// for locks.
void InotifyWatcher::hint(const SessionAddress& session) {
  Watched& watched = watched_.at(session);
  if (watched.hinted) {
    return;
  }
  watched.hinted = true;
  const auto room = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, (options_.settle_most - options_.settle_least).count()));
  const std::chrono::microseconds wait =
      options_.settle_least +
      std::chrono::microseconds(static_cast<std::int64_t>(random_.below(room + 1)));
  loop_.run_at(loop_.now() + wait, lifetime_.guard([this, session] {
    if (const auto found = watched_.find(session); found != watched_.end()) {
      found->second.hinted = false;
      changed_(session);
    }
  }));
}

void InotifyWatcher::hint_all() {
  base::log_warning("delivery.events_lost",
                    {{"sessions", watched_.size()}, {"remedy", "all running sessions are read"}});
  for (const auto& [session, watched] : watched_) {
    hint(session);
  }
}

void InotifyWatcher::arm_poll() {
  if (poll_armed_ || by_watch_.size() == watched_.size()) {
    return;
  }
  poll_armed_ = true;
  loop_.run_after(options_.poll_interval, lifetime_.guard([this] { poll(); }));
}

void InotifyWatcher::poll() {
  struct Polled {
    SessionAddress session;
    Folder folder;
    std::shared_ptr<Signature> seen;
    bool changed = false;
  };
  auto polled = std::make_shared<std::vector<Polled>>();  // shared with the thread that looks
  for (auto& [session, watched] : watched_) {
    if (watched.watch < 0) {
      const bool anyway = ++watched.polls % kPollsPerWake == 0;
      polled->push_back({session, watched.folder, watched.seen, anyway});
    }
  }
  auto looked = lifetime_.guard([this, polled] {
    poll_armed_ = false;
    for (const Polled& one : *polled) {
      if (one.changed && watched_.contains(one.session)) {
        hint(one.session);
      }
    }
    arm_poll();
  });
  pool_.post([&loop = loop_, polled = std::move(polled), looked = std::move(looked)]() mutable {
    for (Polled& one : *polled) {
      const Signature now = signature_of(one.folder->fd());
      one.changed = one.changed || !(now == *one.seen);
      *one.seen = now;
    }
    polled.reset();
    loop.post(std::move(looked));
  });
}

}  // namespace

bool filesystem_gives_events(long filesystem_type) {
  switch (static_cast<unsigned long>(filesystem_type) & 0xffffffffUL) {
    case 0x01021997UL:  // 9p
    case 0x6969UL:      // NFS
    case 0x65735546UL:  // FUSE, virtiofs
    case 0xff534d42UL:  // CIFS
    case 0xfe534d42UL:  // SMB2
    case 0x517bUL:      // SMB
    case 0x00c36400UL:  // Ceph
    case 0x5346414fUL:  // AFS
    case 0x786f4256UL:  // VirtualBox shared folders
    case 0xbacbacbcUL:  // VMware shared folders
      return false;
    default:
      return true;
  }
}

Result<std::unique_ptr<SessionWatcher>> make_inotify_watcher(base::EventLoop& loop,
                                                             base::Executor& pool,
                                                             base::Random& random,
                                                             session::SessionStorage& sessions,
                                                             WatcherOptions options) {
  const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) {
    return Status::from_errno(errno, "cannot watch session folders (inotify_init1)");
  }
  return std::unique_ptr<SessionWatcher>(
      std::make_unique<InotifyWatcher>(loop, pool, random, sessions, options, inotify));
}

}  // namespace patchbay::delivery
