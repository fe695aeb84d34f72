#include "adapters/websocket_extension.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include <patchbay/ext/websocket.h>

#include "adapters/abi_headers.hpp"
#include "adapters/abi_text.hpp"
#include "adapters/instance.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "net/connector.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;

constexpr std::uint32_t kMostUpgradeHeaders = 64;
constexpr base::Milliseconds kLongestUpgrade = std::chrono::minutes(5);
// What lies below the buffer that the adapter sees.
constexpr std::size_t kBelowBytes = 256 * 1024;

class WebSocketDetail final : public Detail {
 public:
  WebSocketDetail(std::uint32_t kind, std::uint32_t close_code, std::string data)
      : data_(std::move(data)),
        abi_{sizeof(pbay_websocket_event), kind, close_code, 0, adapters::abi(data_)} {}
  [[nodiscard]] DetailKind kind() const override { return DetailKind::kWebSocket; }
  [[nodiscard]] const void* abi() const override { return &abi_; }
  [[nodiscard]] std::size_t bytes() const override { return data_.size(); }

 private:
  std::string data_;
  pbay_websocket_event abi_;
};

Status bad_options(std::string_view what) {
  return {Code::kInvalidArgument, "websocket: " + std::string(what)};
}

Status copy_options(const pbay_websocket_options& options, net::WebSocketRequest& out) {
  out.url = copy(options.url);
  auto headers = copy_headers(options.headers, options.header_count, options.header_stride,
                              kMostUpgradeHeaders);
  if (!headers.ok()) {
    return bad_options(headers.status().message());
  }
  out.headers = std::move(headers).value();
  if (options.max_message_bytes > 0) {
    out.max_message_bytes = static_cast<std::size_t>(
        std::min<std::uint64_t>(options.max_message_bytes, limits::kWebSocketMessageMost));
  }
  if (options.timeout_ms > 0) {
    out.timeout = std::min(base::Milliseconds(options.timeout_ms), kLongestUpgrade);
  }
  out.max_queued_bytes = kBelowBytes;
  return {};
}

void open_websocket(const pbay_host* host, pbay_op op,
                    const pbay_websocket_options* options) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return;
  }
  WebSocketCopy copied;
  copied.problem = options != nullptr && options->struct_size >= sizeof(pbay_websocket_options)
                       ? copy_options(*options, copied.request)
                       : bad_options("its options are incomplete (struct_size)");
  bridge->post([op, copied = std::move(copied)](Instance& instance) mutable {
    instance.websockets().open(op, std::move(copied));
  });
}

std::int32_t queue_message(const pbay_host* host, pbay_op op, WebSocketMessage::Kind kind,
                           pbay_str data) {
  using Carries = ConnectionBuffers::Carries;
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return PBAY_E_NOT_FOUND;
  }
  const Carries carries =
      kind == WebSocketMessage::Kind::kPing ? Carries::kNoDelivery : Carries::kPerhapsADelivery;
  switch (bridge->websockets.take(op, view(data).size() + kWebSocketFrameBytes, carries)) {
    case ConnectionBuffers::Room::kNoConnection:
      return PBAY_E_NOT_FOUND;
    case ConnectionBuffers::Room::kFull:
      return PBAY_E_BUSY;
    case ConnectionBuffers::Room::kNever:
      return PBAY_E_TOO_LARGE;
    case ConnectionBuffers::Room::kTaken:
      break;
  }
  bridge->post([op, message = WebSocketMessage{kind, copy(data)}](Instance& instance) mutable {
    instance.websockets().send(op, std::move(message));
  });
  return PBAY_OK;
}

std::int32_t send_message(const pbay_host* host, pbay_op op, std::uint32_t kind,
                          pbay_str data) PBAY_NOEXCEPT {
  if (kind == PBAY_WEBSOCKET_TEXT) {
    return base::is_valid_utf8(view(data))
               ? queue_message(host, op, WebSocketMessage::Kind::kText, data)
               : PBAY_E_INVALID;
  }
  return kind == PBAY_WEBSOCKET_BINARY
             ? queue_message(host, op, WebSocketMessage::Kind::kBinary, data)
             : PBAY_E_INVALID;
}

std::int32_t send_ping(const pbay_host* host, pbay_op op, pbay_str data) PBAY_NOEXCEPT {
  return view(data).size() <= net::kWebSocketControlBytes
             ? queue_message(host, op, WebSocketMessage::Kind::kPing, data)
             : PBAY_E_INVALID;
}

void close_websocket(const pbay_host* host, pbay_op op, std::uint32_t code,
                     pbay_str reason) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->websockets.remove(op);  // nothing can be sent after it
    const auto narrow = static_cast<std::uint16_t>(std::min<std::uint32_t>(code, UINT16_MAX));
    bridge->post([op, narrow, reason = copy(reason)](Instance& instance) {
      instance.websockets().close(op, narrow, reason);
    });
  }
}

}  // namespace

// One WebSocket, from open() to its end.
class WebSocketExtension::Socket final : public net::WebSocketEvents {
 public:
  Socket(WebSocketExtension& extension, pbay_op op) : extension_(extension), op_(op) {}
  ~Socket() override { owner().bridge().websockets.remove(op_); }

  void open(net::WebSocketRequest request) {
    socket_ = owner().services().connector->open_websocket(std::move(request), *this);
  }

  void send(WebSocketMessage message) {
    queue_.push_back(std::move(message));
    flush();
  }

  void close(std::uint16_t code, const std::string& reason) {
    if (!open_) {
      end_opening({.code = PBAY_E_CANCELLED, .text = "closed before it was open"});
    } else if (code == 0) {
      end({});
    } else if (!close_asked_) {
      close_asked_ = true;
      close_code_ = code;
      close_reason_ = reason;
      flush();
    }
  }

  void opened() override {
    open_ = true;
    owner().bridge().websockets.add(op_);
    owner().complete_open(op_, {.text = socket_->subprotocol()});
  }

  void refused(const Status& why, int http_status) override {
    if (why.code() == Code::kRefused) {
      owner().host_refused(why);
    }
    Completion completion = completion_of(why);
    if (why.code() == Code::kUnavailable) {
      completion.code = PBAY_E_NETWORK;
    }
    completion.value = static_cast<std::uint64_t>(http_status);
    end_opening(std::move(completion));
  }

  void received(net::WebSocketKind kind, std::string data) override {
    const std::size_t size = data.size() + kWebSocketFrameBytes;
    untaken_ += size;
    if (untaken_ > kUntakenBytes && !paused_) {
      paused_ = true;
      socket_->pause_reading();
    }
    emit(kind == net::WebSocketKind::kText ? PBAY_WEBSOCKET_TEXT : PBAY_WEBSOCKET_BINARY, 0,
         std::move(data), [&extension = extension_, op = op_, size] { extension.taken(op, size); });
  }

  // Counted as messages are. Pausing would not hold them back: the read that is under way goes on
  // through pongs until a message comes. So those that the adapter has no room for are dropped.
  void pong(std::string_view data) override {
    const std::size_t size = data.size() + kWebSocketFrameBytes;
    if (untaken_ + size > kUntakenBytes) {
      return;
    }
    untaken_ += size;
    emit(PBAY_WEBSOCKET_PONG, 0, std::string(data),
         [&extension = extension_, op = op_, size] { extension.taken(op, size); });
  }

  void writable() override { flush(); }

  void closed(const net::WebSocketEnd& end_of_it) override { end(end_of_it); }

  void taken(std::size_t size) {
    untaken_ -= std::min(untaken_, size);
    if (paused_ && untaken_ <= kUntakenBytes / 2) {
      paused_ = false;
      socket_->resume_reading();
    }
  }

 private:
  [[nodiscard]] ExtensionOwner& owner() { return extension_.owner_; }

  void emit(std::uint32_t kind, std::uint16_t close_code, std::string data,
            base::UniqueFunction<void()> taken) {
    owner().emit(op_, std::make_unique<WebSocketDetail>(kind, close_code, std::move(data)),
                 std::move(taken));
  }

  void flush() {
    while (!queue_.empty()) {
      WebSocketMessage& message = queue_.front();
      const std::size_t size = message.data.size() + kWebSocketFrameBytes;
      const Status sent = pass_on(message);
      if (sent.code() == Code::kBusy) {
        return;  // writable() comes
      }
      // Sent, or never to be: it is closing and closed() comes.
      queue_.pop_front();
      if (owner().bridge().websockets.give_back(op_, size)) {
        emit(PBAY_WEBSOCKET_WRITABLE, 0, {}, nullptr);
      }
    }
    if (close_asked_) {
      socket_->close(close_code_, close_reason_);
    }
  }

  Status pass_on(const WebSocketMessage& message) {
    switch (message.kind) {
      case WebSocketMessage::Kind::kText:
        return socket_->send(net::WebSocketKind::kText, message.data);
      case WebSocketMessage::Kind::kBinary:
        return socket_->send(net::WebSocketKind::kBinary, message.data);
      case WebSocketMessage::Kind::kPing:
        return socket_->ping(message.data);
    }
    return {};
  }

  // Both are the last that this object does.
  void end_opening(Completion completion) {
    const auto self = std::move(extension_.sockets_.extract(op_).mapped());
    owner().complete(op_, std::move(completion));
  }
  void end(const net::WebSocketEnd& end_of_it) {
    const auto self = std::move(extension_.sockets_.extract(op_).mapped());
    owner().bridge().websockets.remove(op_);
    emit(PBAY_WEBSOCKET_CLOSED, end_of_it.code,
         end_of_it.why.ok() ? end_of_it.reason : end_of_it.why.message(), nullptr);
    owner().end(op_);
  }

  WebSocketExtension& extension_;
  const pbay_op op_;
  bool open_ = false;
  std::deque<WebSocketMessage> queue_;  // not yet accepted by the WebSocket
  std::size_t untaken_ = 0;
  bool paused_ = false;
  bool close_asked_ = false;
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
  std::unique_ptr<net::WebSocket> socket_;  // the first to go: it calls this object
};

WebSocketExtension::WebSocketExtension(ExtensionOwner& owner,
                                       std::shared_ptr<const HostRules> rules)
    : owner_(owner), rules_(std::move(rules)) {}

WebSocketExtension::~WebSocketExtension() = default;

void WebSocketExtension::open(pbay_op op, WebSocketCopy copied) {
  if (!owner_.begin(op, "websocket")) {
    return;
  }
  if (!copied.problem.ok()) {
    owner_.complete(op, completion_of(copied.problem));
    return;
  }
  if (sockets_.size() >= limits::kOutgoingSockets) {
    owner_.complete(op, {.code = PBAY_E_BUSY, .text = "too many WebSockets are open"});
    return;
  }
  copied.request.allow = [rules = rules_](std::string_view host, std::string_view address) {
    return rules->check(host, address);
  };
  auto& socket = sockets_[op];
  socket = std::make_unique<Socket>(*this, op);
  socket->open(std::move(copied.request));
}

void WebSocketExtension::send(pbay_op op, WebSocketMessage message) {
  if (const auto found = sockets_.find(op); found != sockets_.end()) {
    found->second->send(std::move(message));
  }
}

void WebSocketExtension::close(pbay_op op, std::uint16_t code, const std::string& reason) {
  if (const auto found = sockets_.find(op); found != sockets_.end()) {
    found->second->close(code, reason);
  }
}

void WebSocketExtension::taken(pbay_op op, std::size_t size) {
  if (const auto found = sockets_.find(op); found != sockets_.end()) {
    found->second->taken(size);
  }
}

void WebSocketExtension::shut_down() { sockets_.clear(); }

const void* websocket_table() {
  static constexpr pbay_websocket kTable = {sizeof(pbay_websocket), 0,         open_websocket,
                                            send_message,           send_ping, close_websocket};
  return &kTable;
}

}  // namespace patchbay::adapters
