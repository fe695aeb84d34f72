#include "adapters/isolation/frame_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

#include "base/limits.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;

// Linux passes at most 253 at a time (SCM_MAX_FD).
constexpr std::size_t kMostDescriptors = 250;
constexpr std::size_t kReadBytes = 64 * 1024;
// Answers that the other side does not read. Each of its threads waits for one at most.
constexpr std::size_t kMostOutgoing = 1024;
// How long the system may have no room: descriptors that others of this user pass and nobody takes.
// Less than a call of an adapter may take, so that this is said, not that the adapter hangs.
constexpr std::chrono::seconds kMemoryAwaited = limits::kAdapterHungCall - std::chrono::seconds(1);
constexpr std::chrono::milliseconds kMemoryPause{1};
using Clock = std::chrono::steady_clock;
using ControlBuffer = std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)>;

Status gone() { return {Code::kUnavailable, "the other side has gone"}; }

// The kernel counts descriptors that were passed and not taken for each user (unix(7),
// ETOOMANYREFS): what one process leaves lying can keep another from passing any.
bool is_no_memory(int error) {
  return error == ETOOMANYREFS || error == ENOBUFS || error == ENOMEM;
}

// How long a sender waits.
class Patience {
 public:
  explicit Patience(std::optional<std::chrono::milliseconds> patience)
      : until_(patience ? Clock::now() + *patience : kForEver) {}

  // Not ok: long enough.
  Status check(FrameSocket::Unsent why) {
    const auto now = Clock::now();
    if (now >= until_) {
      return {Code::kTimeout, "the other side does not read"};
    }
    if (why != FrameSocket::Unsent::kNoMemory) {
      memory_until_ = kForEver;
    } else if (memory_until_ == kForEver) {
      memory_until_ = now + kMemoryAwaited;
    } else if (now >= memory_until_) {
      return {Code::kTimeout,
              "the system takes nothing more between processes of this user: see which of them "
              "pass descriptors to others that do not take them"};
    }
    return {};
  }

  void wait(int socket, FrameSocket::Unsent why) const {
    if (why == FrameSocket::Unsent::kNoMemory) {
      ::poll(nullptr, 0, static_cast<int>(kMemoryPause.count()));
      return;
    }
    int milliseconds = -1;
    if (until_ != kForEver) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - Clock::now());
      milliseconds = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    pollfd room{socket, POLLOUT, 0};
    ::poll(&room, 1, milliseconds);
  }

 private:
  static constexpr Clock::time_point kForEver = Clock::time_point::max();

  Clock::time_point until_;
  Clock::time_point memory_until_ = kForEver;
};

void attach(msghdr& message, ControlBuffer& control, const std::vector<int>& descriptors) {
  if (descriptors.empty()) {
    return;
  }
  const std::size_t bytes = sizeof(int) * descriptors.size();
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
}

void take_descriptors(msghdr& message, std::deque<base::UniqueFd>& out) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      out.emplace_back(descriptor);
    }
  }
}

}  // namespace

Status too_large_to_pass() {
  return {Code::kTooLarge, "more than can pass between Patchbay and an isolated adapter at once: " +
                               std::to_string(limits::kRunnerFrameBytes >> 20U) + " MiB and " +
                               std::to_string(kMostDescriptors) + " files"};
}

struct FrameSocket::Header {
  std::uint32_t size;  // of the body
  std::uint16_t kind;
  std::uint16_t descriptors;
  std::uint64_t id;
};

std::string FrameSocket::header(FrameKind kind, std::uint64_t id, const wire::Writer& body) {
  const Header out{static_cast<std::uint32_t>(body.bytes().size()),
                   static_cast<std::uint16_t>(kind),
                   static_cast<std::uint16_t>(body.descriptors().size()), id};
  return {reinterpret_cast<const char*>(&out), sizeof(out)};
}

Status FrameSocket::give_up(Status why) {
  broken_ = std::move(why);
  outgoing_.clear();  // with what the senders keep, who come back now
  unsent_ = Unsent::kNothing;
  return broken_;
}

Status FrameSocket::write_some() {
  PATCHBAY_TRY(broken_);
  unsent_ = Unsent::kNothing;
  while (!outgoing_.empty()) {
    Outgoing& next = outgoing_.front();
    const std::size_t of_own = std::min(next.sent, next.own.size());
    const std::string_view own = std::string_view(next.own).substr(of_own);
    const std::string_view body = next.body.substr(next.sent - of_own);
    std::array<iovec, 2> pieces{iovec{const_cast<char*>(own.data()), own.size()},
                                iovec{const_cast<char*>(body.data()), body.size()}};
    ControlBuffer control;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    if (next.sent == 0) {
      attach(message, control, next.descriptors);  // they go with the first byte
    }
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) {
        continue;
      }
      if (errno != EAGAIN && !is_no_memory(errno)) {
        return give_up(gone());
      }
      unsent_ = errno == EAGAIN ? Unsent::kNotRead : Unsent::kNoMemory;
      return {};
    }
    next.sent += static_cast<std::size_t>(sent);
    if (next.sent == next.size()) {
      outgoing_.pop_front();
      ++sent_;
    }
  }
  return {};
}

Status FrameSocket::send(FrameKind kind, std::uint64_t id, const wire::Writer& body,
                         std::optional<std::chrono::milliseconds> patience) {
  if (body.is_too_large() || body.descriptors().size() > kMostDescriptors) {
    return too_large_to_pass();
  }
  Patience waiting(patience);
  std::unique_lock lock(sending_);
  PATCHBAY_TRY(broken_);
  outgoing_.push_back({header(kind, id, body), body.bytes(), body.descriptors()});
  const std::uint64_t number = ++accepted_;
  while (true) {
    PATCHBAY_TRY(write_some());
    if (sent_ >= number) {
      return {};
    }
    const Unsent why = unsent_;
    if (Status long_enough = waiting.check(why); !long_enough.ok()) {
      return give_up(std::move(long_enough));
    }
    lock.unlock();
    waiting.wait(socket_.get(), why);
    lock.lock();
  }
}

Status FrameSocket::post(FrameKind kind, std::uint64_t id, const wire::Writer& body) {
  const std::lock_guard lock(sending_);
  PATCHBAY_TRY(broken_);
  if (outgoing_.size() >= kMostOutgoing) {
    return {Code::kBusy, "the other side does not read"};
  }
  outgoing_.push_back({header(kind, id, body) + body.bytes(), {}, {}});
  ++accepted_;
  return write_some();
}

Status FrameSocket::flush() {
  const std::lock_guard lock(sending_);
  return write_some();
}

FrameSocket::Unsent FrameSocket::unsent() {
  const std::lock_guard lock(sending_);
  return unsent_;
}

Status FrameSocket::fill(std::size_t bytes) {
  while (buffer_.size() - begin_ < bytes) {
    if (begin_ != 0) {
      buffer_.erase(0, std::exchange(begin_, 0));
    }
    const std::size_t had = buffer_.size();
    buffer_.resize(had + std::max(kReadBytes, std::min(bytes - had, kReadBytes * 16)));
    iovec piece{buffer_.data() + had, buffer_.size() - had};
    ControlBuffer control;
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t read = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    const int error = errno;
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
    if (read > 0) {
      take_descriptors(message, descriptors_);
      if (descriptors_.size() > 2 * kMostDescriptors) {
        return {Code::kCorrupt, "it passes descriptors that belong to no frame"};
      }
    } else if (read == 0 || error != EINTR) {
      return gone();
    }
  }
  return {};
}

Result<Frame> FrameSocket::receive() {
  PATCHBAY_TRY(fill(sizeof(Header)));
  Header header{};
  std::memcpy(&header, buffer_.data() + begin_, sizeof(header));
  if (header.size > limits::kRunnerFrameBytes) {
    return Status(Code::kCorrupt, "it sent a frame that is larger than any can be");
  }
  PATCHBAY_TRY(fill(sizeof(header) + header.size));
  Frame frame;
  frame.kind = static_cast<FrameKind>(header.kind);
  frame.id = header.id;
  frame.body.assign(buffer_, begin_ + sizeof(header), header.size);
  begin_ += sizeof(header) + header.size;
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
  }
  if (buffer_.empty() && buffer_.capacity() > kReadBytes * 2) {
    std::string().swap(buffer_);  // one large frame is no reason to keep its memory
  }
  if (header.descriptors > descriptors_.size()) {
    return Status(Code::kCorrupt, "it sent a frame without the descriptors that belong to it");
  }
  for (std::uint16_t i = 0; i < header.descriptors; ++i) {
    frame.descriptors.push_back(std::move(descriptors_.front()));
    descriptors_.pop_front();
  }
  return frame;
}

void FrameSocket::shut_down() { ::shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace patchbay::adapters
