// WebSocket: a client connection that the host makes. A member of the adapter:
//
//   WebSocket socket_{runtime()};
//   ...
//   WebSocketOptions options("wss://gateway.example.org/?v=10");
//   Completion opened = co_await socket_.open(options);   // value: the HTTP status of a refusal;
//                                                         // text: the subprotocol that was chosen
//   if (opened.ok()) {
//     for (;;) {
//       WebSocketEvent event = co_await socket_.next();
//       if (event.kind == WebSocketEventKind::kClosed) { break; }
//       ...
//       const std::int32_t sent = co_await socket_.send_text(answer);
//     }
//   }
//
// After kClosed it may be opened again; wait between tries, longer each time. When the instance
// stops the connection is dropped without a close frame, so that the platform keeps a session that
// can be resumed; next(), open() and waiting senders then end by Stopped.
#ifndef PATCHBAY_SDK_WEBSOCKET_HPP
#define PATCHBAY_SDK_WEBSOCKET_HPP

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../ext/websocket.h"
#include "event_queue.hpp"
#include "http_request.hpp"
#include "operation.hpp"
#include "room.hpp"

namespace patchbay::sdk {

// The values are those of the ABI.
enum class WebSocketEventKind : std::uint32_t {
  kText = PBAY_WEBSOCKET_TEXT,
  kBinary = PBAY_WEBSOCKET_BINARY,
  kPong = PBAY_WEBSOCKET_PONG,
  kWritable = PBAY_WEBSOCKET_WRITABLE,  // never given by next()
  kClosed = PBAY_WEBSOCKET_CLOSED,
};

struct WebSocketEvent {
  WebSocketEventKind kind = WebSocketEventKind::kText;
  std::uint32_t close_code = 0;  // of kClosed
  std::string data;              // the message, or the reason of a close

  WebSocketEvent() = default;
  explicit WebSocketEvent(const Known<pbay_websocket_event>& event)
      : kind(static_cast<WebSocketEventKind>(event->kind)),
        close_code(event->close_code),
        data(copy(event->data)) {}
};

struct WebSocketOptions {
  std::string url;
  std::vector<Header> headers;
  std::int64_t max_message_bytes = 0;    // 0: the host's default
  std::chrono::milliseconds timeout{0};  // of opening; 0: the host's default

  explicit WebSocketOptions(std::string where) : url(std::move(where)) {}
};

class WebSocket final : public EventSink {
 public:
  // last: the phase in which it stays open. With Phase::kDraining the deliveries of a stopping
  // instance may still use it, and whoever reads next() has to end when they are done.
  explicit WebSocket(Runtime& runtime, Phase last = Phase::kRunning)
      : runtime_(runtime),
        websocket_(runtime.extension<pbay_websocket>(PBAY_EXT_WEBSOCKET)),
        last_(last),
        queue_(runtime, last),
        room_(runtime, last) {
    runtime_.add_sink(this);
  }
  ~WebSocket() { runtime_.remove_sink(this); }

  // What was open before is dropped.
  [[nodiscard]] auto open(const WebSocketOptions& options) {
    const GiveUp give_up = last_ == Phase::kRunning ? GiveUp::kDraining : GiveUp::kEnding;
    return Operation<Completion, Open>(runtime_, give_up, websocket_ != nullptr, &cancel_open,
                                       Open(*this, options));
  }
  [[nodiscard]] bool is_open() const noexcept { return open_; }

  // One coroutine at a time, while it is open.
  [[nodiscard]] auto next() noexcept { return queue_.next(); }

  // Waits while the host's queue is full. PBAY_OK: queued; PBAY_E_NOT_FOUND: not open, or closed
  // meanwhile; PBAY_E_TOO_LARGE; PBAY_E_INVALID: not UTF-8. The messages of one coroutine keep
  // their order.
  [[nodiscard]] Task<std::int32_t> send_text(std::string text) {
    return send(PBAY_WEBSOCKET_TEXT, std::move(text));
  }
  [[nodiscard]] Task<std::int32_t> send_binary(std::string bytes) {
    return send(PBAY_WEBSOCKET_BINARY, std::move(bytes));
  }
  // The same without waiting: PBAY_E_BUSY when the queue is full.
  std::int32_t try_send_text(std::string_view text) const noexcept {
    return try_send(PBAY_WEBSOCKET_TEXT, text);
  }
  // At most 125 bytes. The pong comes as an event.
  std::int32_t ping(std::string_view data = {}) const noexcept {
    return open_ ? websocket_->ping(runtime_.host(), op_, to_abi(data)) : PBAY_E_NOT_FOUND;
  }
  // Closes after what is queued has been written; next() still gives kClosed.
  void close(std::uint32_t code = 1000, std::string_view reason = {}) const noexcept {
    if (open_ && code != 0) {
      websocket_->close(runtime_.host(), op_, code, to_abi(reason));
    }
  }
  // Without a close frame and without another event.
  void drop() noexcept {
    if (op_ != 0) {
      runtime_.unroute(op_);
      websocket_->close(runtime_.host(), std::exchange(op_, 0), 0, pbay_str{});
    }
    open_ = false;
  }

  void event(const void* detail) override {
    WebSocketEvent event(*static_cast<const pbay_websocket_event*>(detail));
    if (event.kind == WebSocketEventKind::kWritable) {
      room_.wake();
      return;
    }
    if (event.kind == WebSocketEventKind::kClosed) {
      forget();
    }
    if (!queue_.push(std::move(event))) {
      runtime_.log(PBAY_LOG_WARNING,
                   "a WebSocket was dropped: its messages came faster than they were read");
      drop();
      end_unread();
    }
    if (!open_) {
      room_.wake();
    }
  }
  void stop() override {
    if (runtime_.phase() > last_) {
      drop();
      room_.wake();
      queue_.stop();
    }
  }

 private:
  class Open {
   public:
    Open(WebSocket& socket, const WebSocketOptions& options)
        : socket_(&socket), options_(&options) {}

    void operator()(const pbay_host* host, pbay_op op) {
      socket_->drop();
      socket_->queue_.clear();
      socket_->op_ = op;
      socket_->runtime_.route(op, socket_);
      const std::vector<pbay_header> headers = to_abi(options_->headers);
      auto out = make_abi<pbay_websocket_options>();
      out.url = to_abi(options_->url);
      out.headers = headers.data();
      out.header_count = static_cast<std::uint32_t>(headers.size());
      out.header_stride = sizeof(pbay_header);
      out.max_message_bytes = options_->max_message_bytes;
      out.timeout_ms = options_->timeout.count();
      socket_->websocket_->open(host, op, &out);
    }
    void completed(const Completion& completion) {
      if (completion.ok()) {
        socket_->open_ = socket_->op_ != 0;
      } else {
        socket_->forget();
      }
    }

   private:
    WebSocket* socket_;
    const WebSocketOptions* options_;
  };

  static void cancel_open(const pbay_host* host, pbay_op op) {
    const auto* websocket =
        static_cast<const pbay_websocket*>(host->get_extension(host, PBAY_EXT_WEBSOCKET));
    websocket->close(host, op, 0, pbay_str{});
  }

  Task<std::int32_t> send(std::uint32_t kind, std::string data) {
    for (;;) {
      const std::int32_t code = try_send(kind, data);
      if (code != PBAY_E_BUSY) {
        co_return code;
      }
      co_await room_.wait();
    }
  }
  std::int32_t try_send(std::uint32_t kind, std::string_view data) const noexcept {
    return open_ ? websocket_->send(runtime_.host(), op_, kind, to_abi(data)) : PBAY_E_NOT_FOUND;
  }
  // The host does not know it any more.
  void forget() noexcept {
    runtime_.unroute(std::exchange(op_, 0));
    open_ = false;
  }
  // Messages are missing, so whoever reads finds the end alone.
  void end_unread() {
    queue_.clear();
    WebSocketEvent end;
    end.kind = WebSocketEventKind::kClosed;
    end.close_code = 1006;
    end.data = "too many events were not read";
    static_cast<void>(queue_.push(std::move(end)));
  }

  Runtime& runtime_;
  const pbay_websocket* websocket_;
  Phase last_;
  EventQueue<WebSocketEvent> queue_;
  Room room_;
  pbay_op op_ = 0;  // of the connection that is open, or being opened
  bool open_ = false;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_WEBSOCKET_HPP
