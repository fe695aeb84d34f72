// Frames with descriptors over a stream socket: between the daemon and a runner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/isolation/wire.hpp"
#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {

// Which function is called, or whose answer it is.
enum class FrameKind : std::uint16_t {
  // Daemon → runner. Each is answered by kReturn with the same id, when the adapter has returned.
  kCreate = 1,
  kStart,
  kStop,
  kDestroy,
  kDeliver,
  kFetch,
  kOnComplete,
  kOnEvent,
  kCancel,
  kCapabilities,
  kTyping,
  // Either way: the answer to a question with this id.
  kReturn,
  // Runner → daemon: functions of pbay_host.
  kLog,
  kSubmit,
  kSetState,
  kOpPart,
  kOpComplete,
  kReport,
  kMetadata,
  kChatReachable,
  kStopped,
  kHasExtension,  // a question
  // Of its extensions.
  kTimerStart,
  kTimerCancel,
  kHttpRequest,
  kHttpCancel,
  kKvGet,
  kKvPut,
  kKvCompareAndSet,
  kKvRemove,
  kStagingOpen,   // a question
  kStagingWrite,  // a question
  kStagingCommit,
  kStagingAbort,
  kListenerListen,
  kListenerSend,  // a question
  kListenerHangUp,
  kListenerClose,
  kWebhookOpen,
  kWebhookRespond,
  kWebhookClose,
  kWebSocketOpen,
  kWebSocketSend,  // a question
  kWebSocketPing,  // a question
  kWebSocketClose,
  kStreamOpen,
  kStreamSend,  // a question
  kStreamClose,
};

struct Frame {
  FrameKind kind{};
  std::uint64_t id = 0;  // of the question and its answer; else an operation, or 0
  std::string body;
  std::vector<base::UniqueFd> descriptors;

  [[nodiscard]] wire::Reader reader() const { return {body, descriptors}; }
};

class FrameSocket {
 public:
  // Takes a connected, blocking stream socket.
  explicit FrameSocket(base::UniqueFd socket) : socket_(std::move(socket)) {}

  // [any thread] Whole frames, one after the other; waits while the other side does not read.
  // kUnavailable: the other side has gone; kTooLarge: nothing was sent.
  base::Status send(FrameKind kind, std::uint64_t id, const wire::Writer& body);
  // [one thread] Waits for the next. kUnavailable: the other side has gone; kCorrupt: it sends what
  // is no frame.
  base::Result<Frame> receive();
  // [any thread] Both directions end; a send() or receive() that waits comes back.
  void shut_down();

  [[nodiscard]] int descriptor() const { return socket_.get(); }
  // [the thread of receive()] Whether a part of a frame was read already.
  [[nodiscard]] bool has_buffered() const { return begin_ != buffer_.size(); }

 private:
  struct Header;
  base::Status fill(std::size_t bytes);

  base::UniqueFd socket_;
  std::mutex sending_;
  std::string buffer_;  // read, and from begin_ on not yet given out
  std::size_t begin_ = 0;
  std::deque<base::UniqueFd> descriptors_;  // that came with what is in the buffer
};

}  // namespace patchbay::adapters
