// Stream: a byte stream to a TCP port or a Unix socket that the host connects. A member of the
// adapter:
//
//   Stream stream_{runtime()};
//   ...
//   Completion opened = co_await stream_.open("unix:/run/signald.sock");
//   for (;;) {
//     StreamEvent event = co_await stream_.next();
//     if (event.kind == StreamEventKind::kClosed) { break; }
//     ...
//     const std::int32_t sent = co_await stream_.send(line);
//   }
//
// After kClosed it may be opened again; wait between tries, longer each time. It is closed when the
// instance stops; next(), open() and waiting senders then end by Stopped.
#ifndef PATCHBAY_SDK_STREAM_HPP
#define PATCHBAY_SDK_STREAM_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "../ext/stream.h"
#include "event_queue.hpp"
#include "operation.hpp"
#include "room.hpp"

namespace patchbay::sdk {

// The values are those of the ABI.
enum class StreamEventKind : std::uint32_t {
  kData = PBAY_STREAM_DATA,
  kWritable = PBAY_STREAM_WRITABLE,  // never given by next()
  kClosed = PBAY_STREAM_CLOSED,
};

struct StreamEvent {
  StreamEventKind kind = StreamEventKind::kData;
  std::string data;  // bytes, or the reason of a close

  StreamEvent() = default;
  explicit StreamEvent(const Known<pbay_stream_event>& event)
      : kind(static_cast<StreamEventKind>(event->kind)), data(copy(event->data)) {}
};

class Stream final : public EventSink {
 public:
  // last: the phase in which it stays open. With Phase::kDraining the deliveries of a stopping
  // instance may still use it, and whoever reads next() has to end when they are done.
  explicit Stream(Runtime& runtime, Phase last = Phase::kRunning)
      : runtime_(runtime),
        stream_(runtime.extension<pbay_stream>(PBAY_EXT_STREAM)),
        last_(last),
        queue_(runtime, last),
        room_(runtime, last) {
    runtime_.add_sink(this);
  }
  ~Stream() { runtime_.remove_sink(this); }

  // endpoint: "tcp://host:port" or "unix:/path". What was open before is closed.
  [[nodiscard]] auto open(std::string_view endpoint) {
    const GiveUp give_up = last_ == Phase::kRunning ? GiveUp::kDraining : GiveUp::kEnding;
    const CancelFunction cancel = stream_ != nullptr ? stream_->close : nullptr;
    return Operation<Completion, Open>(runtime_, give_up, stream_ != nullptr, cancel,
                                       Open(*this, endpoint));
  }
  [[nodiscard]] bool is_open() const noexcept { return open_; }

  // One coroutine at a time, while it is open.
  [[nodiscard]] auto next() noexcept { return queue_.next(); }

  // Waits while the host's queue is full. PBAY_OK: queued; PBAY_E_NOT_FOUND: not open, or closed
  // meanwhile; PBAY_E_TOO_LARGE: more at once than the queue holds. The bytes of one coroutine keep
  // their order.
  [[nodiscard]] Task<std::int32_t> send(std::string bytes) {
    for (;;) {
      const std::int32_t code = try_send(bytes);
      if (code != PBAY_E_BUSY) {
        co_return code;
      }
      co_await room_.wait();
    }
  }
  // The same without waiting: PBAY_E_BUSY when the queue is full.
  std::int32_t try_send(std::string_view bytes) const noexcept {
    return open_ ? stream_->send(runtime_.host(), op_, to_abi(bytes)) : PBAY_E_NOT_FOUND;
  }
  // Closes after what is queued has been written; next() still gives kClosed.
  void close() const noexcept {
    if (open_) {
      stream_->close(runtime_.host(), op_);
    }
  }

  void event(const void* detail) override {
    StreamEvent event(*static_cast<const pbay_stream_event*>(detail));
    if (event.kind == StreamEventKind::kWritable) {
      room_.wake();
      return;
    }
    if (event.kind == StreamEventKind::kClosed) {
      forget();
    }
    if (!queue_.push(std::move(event))) {
      runtime_.log(PBAY_LOG_WARNING,
                   "a stream was closed: its bytes came faster than they were read");
      leave();
      end_unread();
    }
    if (!open_) {
      room_.wake();
    }
  }
  void stop() override {
    if (runtime_.phase() > last_) {
      leave();
      room_.wake();
      queue_.stop();
    }
  }

 private:
  class Open {
   public:
    Open(Stream& stream, std::string_view endpoint) : stream_(&stream), endpoint_(endpoint) {}

    void operator()(const pbay_host* host, pbay_op op) {
      stream_->leave();
      stream_->queue_.clear();
      stream_->op_ = op;
      stream_->runtime_.route(op, stream_);
      stream_->stream_->open(host, op, to_abi(endpoint_));
    }
    void completed(const Completion& completion) {
      if (completion.ok()) {
        stream_->open_ = stream_->op_ != 0;
      } else {
        stream_->forget();
      }
    }

   private:
    Stream* stream_;
    std::string endpoint_;
  };

  // Without another event.
  void leave() noexcept {
    if (op_ != 0) {
      runtime_.unroute(op_);
      stream_->close(runtime_.host(), std::exchange(op_, 0));
    }
    open_ = false;
  }
  // The host does not know it any more.
  void forget() noexcept {
    runtime_.unroute(std::exchange(op_, 0));
    open_ = false;
  }
  // Bytes are missing, so whoever reads finds the end alone.
  void end_unread() {
    queue_.clear();
    StreamEvent end;
    end.kind = StreamEventKind::kClosed;
    end.data = "too many events were not read";
    static_cast<void>(queue_.push(std::move(end)));
  }

  Runtime& runtime_;
  const pbay_stream* stream_;
  Phase last_;
  EventQueue<StreamEvent> queue_;
  Room room_;
  pbay_op op_ = 0;  // of the stream that is open, or being opened
  bool open_ = false;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_STREAM_HPP
