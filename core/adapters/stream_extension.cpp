#include "adapters/stream_extension.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include <patchbay/ext/stream.h>

#include "adapters/abi_text.hpp"
#include "adapters/instance.hpp"
#include "base/limits.hpp"
#include "net/connector.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;

class StreamDetail final : public Detail {
 public:
  StreamDetail(std::uint32_t kind, std::string_view data)
      : data_(data), abi_{sizeof(pbay_stream_event), kind, adapters::abi(data_)} {}
  [[nodiscard]] DetailKind kind() const override { return DetailKind::kStream; }
  [[nodiscard]] const void* abi() const override { return &abi_; }
  [[nodiscard]] std::size_t bytes() const override { return data_.size(); }

 private:
  std::string data_;
  pbay_stream_event abi_;
};

void open_stream(const pbay_host* host, pbay_op op, pbay_str endpoint) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op, endpoint = copy(endpoint)](Instance& instance) {
      instance.streams().open(op, endpoint);
    });
  }
}

std::int32_t send_on_stream(const pbay_host* host, pbay_op op, pbay_str bytes) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return PBAY_E_NOT_FOUND;
  }
  switch (bridge->streams.take(op, view(bytes).size())) {
    case ConnectionBuffers::Room::kNoConnection:
      return PBAY_E_NOT_FOUND;
    case ConnectionBuffers::Room::kFull:
      return PBAY_E_BUSY;
    case ConnectionBuffers::Room::kNever:
      return PBAY_E_TOO_LARGE;
    case ConnectionBuffers::Room::kTaken:
      break;
  }
  bridge->post([op, bytes = copy(bytes)](Instance& instance) mutable {
    instance.streams().send(op, std::move(bytes));
  });
  return PBAY_OK;
}

void close_stream(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->streams.remove(op);  // nothing can be sent after it
    bridge->post([op](Instance& instance) { instance.streams().close(op); });
  }
}

}  // namespace

// One stream, from open() to its end.
class StreamExtension::Socket final : public net::StreamEvents {
 public:
  Socket(StreamExtension& extension, pbay_op op) : extension_(extension), op_(op) {}
  ~Socket() override { owner().bridge().streams.remove(op_); }

  void open(net::StreamRequest request) {
    stream_ = owner().services().connector->open_stream(std::move(request), *this);
  }

  void send(std::string bytes) {
    queue_.push_back(std::move(bytes));
    flush();
  }

  void close() {
    if (!open_) {
      end_opening({.code = PBAY_E_CANCELLED, .text = "closed before it was open"});
    } else {
      close_asked_ = true;
      flush();
    }
  }

  void opened() override {
    open_ = true;
    owner().bridge().streams.add(op_);
    owner().complete_open(op_, {});
  }

  void refused(const Status& why) override {
    if (why.code() == Code::kRefused) {
      owner().host_refused(why);
    }
    Completion completion = completion_of(why);
    if (why.code() == Code::kUnavailable) {
      completion.code = PBAY_E_NETWORK;
    }
    end_opening(std::move(completion));
  }

  void received(std::string_view bytes) override {
    const std::size_t size = bytes.size() + kUntakenEventBytes;
    untaken_ += size;
    if (untaken_ > kUntakenBytes && !paused_) {
      paused_ = true;
      stream_->pause_reading();
    }
    emit(PBAY_STREAM_DATA, bytes,
         [&extension = extension_, op = op_, size] { extension.taken(op, size); });
  }

  // The ABI has no half-closed streams: what is queued is written, then it is over.
  void ended() override {
    close_asked_ = true;
    owner().bridge().streams.remove(op_);
    flush();
  }

  void writable() override { flush(); }

  void closed(const Status& why) override {
    const auto self = std::move(extension_.sockets_.extract(op_).mapped());
    owner().bridge().streams.remove(op_);
    emit(PBAY_STREAM_CLOSED, why.message(), nullptr);
    owner().end(op_);
  }

  void taken(std::size_t size) {
    untaken_ -= std::min(untaken_, size);
    if (paused_ && untaken_ <= kUntakenBytes / 2) {
      paused_ = false;
      stream_->resume_reading();
    }
  }

 private:
  [[nodiscard]] ExtensionOwner& owner() { return extension_.owner_; }

  void emit(std::uint32_t kind, std::string_view data, base::UniqueFunction<void()> taken) {
    owner().emit(op_, std::make_unique<StreamDetail>(kind, data), std::move(taken));
  }

  void flush() {
    while (!queue_.empty()) {
      const Status sent = stream_->send(queue_.front());
      if (sent.code() == Code::kBusy) {
        return;  // writable() comes
      }
      // Sent, or never to be: it is closing and closed() comes.
      const std::size_t size = queue_.front().size();
      queue_.pop_front();
      if (owner().bridge().streams.give_back(op_, size)) {
        emit(PBAY_STREAM_WRITABLE, {}, nullptr);
      }
    }
    if (close_asked_) {
      stream_->close();
    }
  }

  void end_opening(Completion completion) {
    const auto self = std::move(extension_.sockets_.extract(op_).mapped());
    owner().complete(op_, std::move(completion));
  }

  StreamExtension& extension_;
  const pbay_op op_;
  bool open_ = false;
  std::deque<std::string> queue_;  // not yet accepted by the stream
  std::size_t untaken_ = 0;
  bool paused_ = false;
  bool close_asked_ = false;
  std::unique_ptr<net::Stream> stream_;  // the first to go: it calls this object
};

StreamExtension::StreamExtension(ExtensionOwner& owner, std::shared_ptr<const HostRules> rules)
    : owner_(owner), rules_(std::move(rules)) {}

StreamExtension::~StreamExtension() = default;

void StreamExtension::open(pbay_op op, std::string endpoint) {
  if (!owner_.begin(op, "stream")) {
    return;
  }
  if (sockets_.size() >= limits::kOutgoingSockets) {
    owner_.complete(op, {.code = PBAY_E_BUSY, .text = "too many streams are open"});
    return;
  }
  net::StreamRequest request;
  request.endpoint = std::move(endpoint);
  request.allow = [rules = rules_](std::string_view host, std::string_view address) {
    return rules->check(host, address);
  };
  request.allow_socket = [rules = rules_](std::string_view path) {
    return rules->check_socket(path);
  };
  auto& socket = sockets_[op];
  socket = std::make_unique<Socket>(*this, op);
  socket->open(std::move(request));
}

void StreamExtension::send(pbay_op op, std::string bytes) {
  if (const auto found = sockets_.find(op); found != sockets_.end()) {
    found->second->send(std::move(bytes));
  }
}

void StreamExtension::close(pbay_op op) {
  if (const auto found = sockets_.find(op); found != sockets_.end()) {
    found->second->close();
  }
}

void StreamExtension::taken(pbay_op op, std::size_t size) {
  if (const auto found = sockets_.find(op); found != sockets_.end()) {
    found->second->taken(size);
  }
}

void StreamExtension::shut_down() { sockets_.clear(); }

const void* stream_table() {
  static constexpr pbay_stream kTable = {sizeof(pbay_stream), 0, open_stream, send_on_stream,
                                         close_stream};
  return &kTable;
}

}  // namespace patchbay::adapters
