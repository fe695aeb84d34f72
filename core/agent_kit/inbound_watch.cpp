#include "agent_kit/inbound_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <poll.h>
#include <string_view>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <utility>

#include "base/log.hpp"

namespace patchbay::agent_kit {
namespace {

using base::Milliseconds;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr Milliseconds kWithEvents{30'000};
constexpr Milliseconds kWithoutEvents{1'000};
constexpr std::uint32_t kMask =
    IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_ONLYDIR;

// Filesystems whose other side can write without this kernel knowing (statfs(2)).
bool gives_no_events(const std::string& folder) {
  static constexpr std::array<std::uint32_t, 6> kRemote = {
      0x01021997,  // 9p
      0x65735546,  // FUSE, virtiofs
      0x00006969,  // NFS
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB2
      0x00C36400,  // Ceph
  };
  struct statfs facts{};
  if (::statfs(folder.c_str(), &facts) != 0) {
    return true;
  }
  const auto type = static_cast<std::uint32_t>(facts.f_type);
  return std::find(kRemote.begin(), kRemote.end(), type) != kRemote.end();
}

}  // namespace

Result<InboundWatch> InboundWatch::open(const std::string& folder) {
  UniqueFd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid() || ::inotify_add_watch(inotify.get(), folder.c_str(), kMask) < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return Status::from_errno(errno, "watching " + folder);
    }
    base::log_warning("agent.no_inotify", {{"reason", Status::from_errno(errno, folder).message()},
                                           {"effect", "messages are seen up to a second later"}});
    inotify.reset();
  }
  const bool no_events = !inotify.valid() || gives_no_events(folder);
  InboundWatch watch(folder + "/inbound.db", std::move(inotify),
                     no_events ? kWithoutEvents : kWithEvents);
  static_cast<void>(watch.file_changed());
  return watch;
}

InboundWatch::InboundWatch(std::string database, UniqueFd inotify, Milliseconds slow_look)
    : database_(std::move(database)), inotify_(std::move(inotify)), slow_look_(slow_look) {}

bool InboundWatch::take_events() {
  if (!inotify_.valid()) {
    return false;
  }
  alignas(inotify_event) std::array<char, 16 * (sizeof(inotify_event) + NAME_MAX + 1)> buffer{};
  bool concerned = false;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return concerned;
    }
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      const auto* event = reinterpret_cast<const inotify_event*>(&buffer[at]);
      const std::string_view name = event->len == 0 ? std::string_view() : &event->name[0];
      // The agent's own writing of outbound.db is in the same folder and no news.
      concerned = concerned || name.starts_with("inbound.db") || (event->mask & IN_Q_OVERFLOW) != 0;
      at += sizeof(inotify_event) + event->len;
    }
  }
}

bool InboundWatch::file_changed() {
  struct stat facts{};
  if (::stat(database_.c_str(), &facts) != 0) {
    return false;
  }
  const std::int64_t time = facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec;
  const bool changed = time != seen_time_ || facts.st_size != seen_size_;
  seen_time_ = time;
  seen_size_ = facts.st_size;
  return changed;
}

Wake InboundWatch::wait(int stop_fd, Milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
    const Milliseconds wait_for = std::clamp(left, Milliseconds{0}, slow_look_);
    // poll() passes over negative descriptors.
    std::array<pollfd, 2> polled = {pollfd{stop_fd, POLLIN, 0}, pollfd{inotify_.get(), POLLIN, 0}};
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(wait_for.count()));
    if (polled[0].revents != 0 && ready > 0) {
      return Wake::kStopped;
    }
    if (ready > 0 && take_events()) {
      static_cast<void>(file_changed());
      return Wake::kChanged;
    }
    if (ready == 0 && file_changed()) {
      return Wake::kChanged;
    }
    if (left <= Milliseconds{0}) {
      return Wake::kTimeout;
    }
  }
}

}  // namespace patchbay::agent_kit
