#include "adapters/isolation/frame_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
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
using ControlBuffer = std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)>;

Status gone() { return {Code::kUnavailable, "the other side has gone"}; }

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

struct FrameSocket::Header {
  std::uint32_t size;  // of the body
  std::uint16_t kind;
  std::uint16_t descriptors;
  std::uint64_t id;
};

Status FrameSocket::send(FrameKind kind, std::uint64_t id, const wire::Writer& body) {
  const std::string& bytes = body.bytes();
  const std::vector<int>& descriptors = body.descriptors();
  if (bytes.size() > limits::kRunnerFrameBytes || descriptors.size() > kMostDescriptors) {
    return {Code::kTooLarge, "more than can pass between Patchbay and an isolated adapter"};
  }
  const Header header{static_cast<std::uint32_t>(bytes.size()), static_cast<std::uint16_t>(kind),
                      static_cast<std::uint16_t>(descriptors.size()), id};
  std::string head(reinterpret_cast<const char*>(&header), sizeof(header));
  std::array<iovec, 2> pieces{iovec{head.data(), head.size()},
                              iovec{const_cast<char*>(bytes.data()), bytes.size()}};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  attach(message, control, descriptors);

  const std::lock_guard lock(sending_);
  std::size_t left = head.size() + bytes.size();
  while (left != 0) {
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) {
        continue;
      }
      return gone();
    }
    left -= static_cast<std::size_t>(sent);
    message.msg_control = nullptr;  // it went with the first byte
    message.msg_controllen = 0;
    auto passed = static_cast<std::size_t>(sent);
    for (iovec& piece : pieces) {
      const std::size_t of_this = std::min(passed, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + of_this;
      piece.iov_len -= of_this;
      passed -= of_this;
    }
  }
  return {};
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
