// Frames with descriptors over a stream socket: between the daemon and a runner.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
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
  // Runner → daemon: the on_complete() of which the daemon wants to know that begins now.
  kTaken,
  // Runner → daemon: what the adapter asked for under this operation, of a kind that is told, is
  // too large to pass.
  kTooLarge,
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

// What a call that is larger is refused with: kTooLarge.
[[nodiscard]] base::Status too_large_to_pass();

// After an error of send(), post() or flush(), but kTooLarge and kBusy, nothing is sent any more.
class FrameSocket {
 public:
  // What keeps frames from leaving.
  enum class Unsent { kNothing, kNotRead, kNoMemory };

  // Takes a connected stream socket.
  explicit FrameSocket(base::UniqueFd socket) : socket_(std::move(socket)) {}

  // [any thread] Whole frames, one after the other; waits while the other side does not read, and a
  // while if the system has no room for more. kUnavailable: the other side has gone; kTooLarge:
  // nothing was sent; kTimeout: it could not be sent within `patience`.
  base::Status send(FrameKind kind, std::uint64_t id, const wire::Writer& body,
                    std::optional<std::chrono::milliseconds> patience = std::nullopt);
  // [any thread] The same for a small frame without descriptors, but never waits: what the other
  // side does not read yet goes with what is sent later, or at flush(). kBusy: too much waits.
  base::Status post(FrameKind kind, std::uint64_t id, const wire::Writer& body);
  // [any thread] Sends what can be sent without waiting.
  base::Status flush();
  // [any thread] kNotRead: flush() when the descriptor can be written; kNoMemory: a little later.
  [[nodiscard]] Unsent unsent();

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
  struct Outgoing {
    std::string own;        // the header, and a body that nobody keeps
    std::string_view body;  // of a sender that waits; it keeps the descriptors, too
    std::vector<int> descriptors;
    std::size_t sent = 0;
    [[nodiscard]] std::size_t size() const { return own.size() + body.size(); }
  };
  static std::string header(FrameKind kind, std::uint64_t id, const wire::Writer& body);
  base::Status write_some();               // under sending_
  base::Status give_up(base::Status why);  // under sending_
  base::Status fill(std::size_t bytes);

  base::UniqueFd socket_;
  std::mutex sending_;                // never held while somebody waits
  std::deque<Outgoing> outgoing_;     // guarded by sending_
  std::uint64_t accepted_ = 0;        // guarded by sending_: frames that came into outgoing_
  std::uint64_t sent_ = 0;            // guarded by sending_: of these
  Unsent unsent_ = Unsent::kNothing;  // guarded by sending_
  base::Status broken_;               // guarded by sending_
  std::string buffer_;                // read, and from begin_ on not yet given out
  std::size_t begin_ = 0;
  std::deque<base::UniqueFd> descriptors_;  // that came with what is in the buffer
};

}  // namespace patchbay::adapters
