#include "peer_host.hpp"

#include <utility>

#include "limits.hpp"
#include "patchbay/ext/process.h"
#include "patchbay/ext/stream.h"
#include "patchbay/ext/websocket.h"

namespace patchbay::testkit {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;
using Self = FakeHost::Impl;
using News = PeerHost::News;
using Completion = Self::Completion;

constexpr std::int64_t kHandshakeMs = 30'000;
constexpr std::size_t kQueuedLines = 1024 * 1024;
constexpr std::size_t kMostPingBytes = 125;  // RFC 6455, 5.5

// ---- "patchbay.websocket/1" ----

const void* websocket_detail(LentMemory& lent, News news, std::int32_t code,
                             const PeerMessage& message) {
  auto out = sdk::make_abi<pbay_websocket_event>();
  out.kind = news == News::kMessage    ? message.kind
             : news == News::kWritable ? PBAY_WEBSOCKET_WRITABLE
                                       : PBAY_WEBSOCKET_CLOSED;
  out.close_code = news != News::kEnded ? 0 : code == 0 ? 1006 : static_cast<std::uint32_t>(code);
  out.data = lent.text(message.bytes);
  return lent.object(out);
}

const pbay_websocket kWebsocket = {
    sizeof(pbay_websocket),
    0,
    [](const pbay_host* host, pbay_op op, const pbay_websocket_options* options) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "websocket.open");
      if (!self.check_struct("websocket.open", options)) {
        self.complete(op, Completion(PBAY_E_INVALID, 0, "the options are incomplete"));
        return;
      }
      const std::size_t breaches = self.breaches_.size();
      PeerOpening opening{sdk::copy(options->url),
                          self.headers_of("websocket.open", options->headers, options->header_count,
                                          options->header_stride, kMostUpgradeHeaders)
                              .value_or(std::vector<sdk::Header>())};
      self.check_upgrade(opening);
      if (PeerHost::refuse(self, self.websockets_, op, self.refusal_since(breaches))) {
        return;
      }
      PeerHost::open(self, self.websockets_, op, "websocket.open", std::move(opening),
                     options->timeout_ms > 0 ? options->timeout_ms : kHandshakeMs);
    },
    [](const pbay_host* host, pbay_op op, std::uint32_t kind,
       pbay_str data) noexcept -> std::int32_t {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      const std::size_t breaches = self.breaches_.size();
      if (kind > PBAY_WEBSOCKET_BINARY) {
        self.breach(Rule::kConnection, "websocket.send: a message is text or binary");
      } else if (kind == PBAY_WEBSOCKET_TEXT) {
        self.check_text("websocket.send", sdk::view(data), Self::Secrets::kMayBeIn);
      }
      if (self.breaches_.size() > breaches) {
        return PBAY_E_INVALID;
      }
      return PeerHost::send(self, self.websockets_, op, "websocket.send",
                            PeerMessage{kind, sdk::copy(data)}, kMostWebSocketBytes);
    },
    [](const pbay_host* host, pbay_op op, pbay_str data) noexcept -> std::int32_t {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("websocket.ping");
      if (data.size > kMostPingBytes) {
        self.breach(Rule::kConnection, "websocket.ping: it has more than 125 bytes");
        return PBAY_E_INVALID;
      }
      const std::vector<pbay_op> open = self.websockets_.open();
      if (std::find(open.begin(), open.end(), op) == open.end()) {
        return PBAY_E_NOT_FOUND;
      }
      self.event(op, [bytes = sdk::copy(data)](LentMemory& lent) {
        return websocket_detail(lent, News::kMessage, 0, {PBAY_WEBSOCKET_PONG, bytes});
      });
      return PBAY_OK;
    },
    [](const pbay_host* host, pbay_op op, std::uint32_t code, pbay_str reason) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      PeerHost::close(self, self.websockets_, op, "websocket.close",
                      static_cast<std::int32_t>(code), sdk::copy(reason));
    }};

// ---- "patchbay.stream/1" ----

const void* stream_detail(LentMemory& lent, News news, std::int32_t, const PeerMessage& message) {
  auto out = sdk::make_abi<pbay_stream_event>();
  out.kind = news == News::kMessage    ? PBAY_STREAM_DATA
             : news == News::kWritable ? PBAY_STREAM_WRITABLE
                                       : PBAY_STREAM_CLOSED;
  out.data = lent.text(message.bytes);
  return lent.object(out);
}

const pbay_stream kStream = {
    sizeof(pbay_stream), 0,
    [](const pbay_host* host, pbay_op op, pbay_str endpoint) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "stream.open");
      const std::size_t breaches = self.breaches_.size();
      self.check_stream(sdk::view(endpoint));
      if (PeerHost::refuse(self, self.streams_, op, self.refusal_since(breaches))) {
        return;
      }
      PeerHost::open(self, self.streams_, op, "stream.open", PeerOpening{sdk::copy(endpoint), {}},
                     kHandshakeMs);
    },
    [](const pbay_host* host, pbay_op op, pbay_str bytes) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      return PeerHost::send(self, self.streams_, op, "stream.send",
                            PeerMessage{0, sdk::copy(bytes)}, kMostStreamBytes);
    },
    [](const pbay_host* host, pbay_op op) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      PeerHost::close(self, self.streams_, op, "stream.close", 0, {});
    }};

// ---- "patchbay.process/1" ----

const void* process_detail(LentMemory& lent, News news, std::int32_t code,
                           const PeerMessage& message) {
  auto out = sdk::make_abi<pbay_process_event>();
  out.kind = news == News::kMessage    ? message.kind
             : news == News::kWritable ? PBAY_PROCESS_WRITABLE
                                       : PBAY_PROCESS_EXITED;
  out.exit_code = code;
  out.line = lent.text(message.bytes);
  return lent.object(out);
}

const pbay_process kProcess = {
    sizeof(pbay_process), 0,
    [](const pbay_host* host, pbay_op op, pbay_str name) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "process.start");
      PeerHost::open(self, self.processes_, op, "process.start", PeerOpening{sdk::copy(name), {}},
                     kHandshakeMs);
    },
    [](const pbay_host* host, pbay_op op, pbay_str line) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      if (sdk::view(line).find('\n') != std::string_view::npos) {
        self.breach(Rule::kConnection, "process.send: a line holds a newline");
      }
      return PeerHost::send(self, self.processes_, op, "process.send",
                            PeerMessage{0, sdk::copy(line)}, kQueuedLines, PBAY_E_BUSY);
    },
    [](const pbay_host* host, pbay_op op, std::int64_t) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      PeerHost::close(self, self.processes_, op, "process.stop", 0, {});
    }};

}  // namespace

void PeerHost::connect(Impl& host, Peers& peers, MakeDetail make_detail) {
  peers.run_ = [&host] { host.run_ready(); };
  peers.tell_ = [&host, make_detail](pbay_op op, News news, std::int32_t code,
                                     const PeerMessage& message) {
    host.event(op, [=](LentMemory& lent) { return make_detail(lent, news, code, message); });
  };
}

bool PeerHost::refuse(Impl& host, const Peers& peers, pbay_op op, std::int32_t code) {
  if (code != PBAY_OK) {
    host.complete(op, Completion(code, 0, "a host refuses it: " + host.breaches_.back().what));
  } else if (peers.opening_.size() + peers.open().size() >= kMostConnections) {
    code = PBAY_E_BUSY;
    host.complete(op, Completion(code, 0, "64 of its kind are open, which is the most"));
  }
  return code != PBAY_OK;
}

void PeerHost::open(Impl& host, Peers& peers, pbay_op op, std::string_view what,
                    PeerOpening opening, std::int64_t timeout_ms) {
  PeerExpectation* expectation = peers.find(opening);
  if (expectation == nullptr) {
    host.breach(Rule::kScript, "unexpected " + std::string(what) + ": " + opening.endpoint +
                                   "\nstill expected:" + peers.unmet());
  }
  peers.openings_.push_back(std::move(opening));
  std::int64_t after_ms = expectation != nullptr ? expectation->after_.count() : 0;
  Completion end(PBAY_OK);
  if (expectation == nullptr) {
    end = Completion(PBAY_E_NETWORK, 0, "the test did not expect this");
  } else if (expectation->hangs_ || after_ms >= timeout_ms) {
    after_ms = timeout_ms;
    end = Completion(PBAY_E_TIMEOUT, 0, "no answer in time");
  } else {
    end = Completion(expectation->code_, expectation->http_status_, expectation->text_);
  }
  peers.opening_[op] = host.at(host.now_ms_ + after_ms, [&host, &peers, op, expectation, end] {
    peers.opening_.erase(op);
    host.complete(op, end);
    if (end.code != PBAY_OK) {
      return;
    }
    peers.peers_[op].expectation = expectation;
    peers.peers_[op].open = true;
    for (const PeerMessage& message : expectation->says_) {
      peers.tell_(op, News::kMessage, 0, message);
    }
  });
}

std::int32_t PeerHost::send(Impl& host, Peers& peers, pbay_op op, std::string_view what,
                            PeerMessage message, std::size_t most_bytes, std::int32_t too_large) {
  host.called(what);
  const auto found = peers.peers_.find(op);
  if (found == peers.peers_.end() || !found->second.open) {
    return PBAY_E_NOT_FOUND;
  }
  Peers::Peer& peer = found->second;
  if (message.bytes.size() > most_bytes) {
    return too_large;
  }
  if (!peer.reading) {
    peer.busy_told = true;
    return PBAY_E_BUSY;
  }
  peer.heard_bytes += message.bytes.size();
  for (const auto& [matches, reply] : peer.expectation->replies_) {
    if (matches(message.bytes)) {
      peers.tell_(op, News::kMessage, 0, reply);
    }
  }
  peer.heard.push_back(std::move(message));
  if (peer.expectation->cut_after_ && peer.heard_bytes >= *peer.expectation->cut_after_) {
    peer.open = false;
    peers.tell_(op, News::kEnded, 0, {0, "the connection broke off"});
  }
  return PBAY_OK;
}

void PeerHost::close(Impl& host, Peers& peers, pbay_op op, std::string_view what, std::int32_t code,
                     std::string reason) {
  host.called(what);
  if (const auto opening = peers.opening_.find(op); opening != peers.opening_.end()) {
    host.forget(opening->second);
    peers.opening_.erase(opening);
    host.complete(op, Completion(PBAY_E_CANCELLED, 0, "closed before it was open"));
    return;
  }
  const auto found = peers.peers_.find(op);
  if (found != peers.peers_.end() && std::exchange(found->second.open, false)) {
    peers.tell_(op, News::kEnded, code, {0, std::move(reason)});
  }
}

void FakeHost::Impl::connect_peers() {
  PeerHost::connect(*this, websockets_, websocket_detail);
  PeerHost::connect(*this, streams_, stream_detail);
  PeerHost::connect(*this, processes_, process_detail);
}

const void* FakeHost::Impl::peer_extension(std::string_view id) {
  return id == PBAY_EXT_WEBSOCKET ? static_cast<const void*>(&kWebsocket)
         : id == PBAY_EXT_STREAM  ? static_cast<const void*>(&kStream)
         : id == PBAY_EXT_PROCESS ? static_cast<const void*>(&kProcess)
                                  : nullptr;
}

Peers& FakeHost::websockets() noexcept { return impl_->websockets_; }
Peers& FakeHost::streams() noexcept { return impl_->streams_; }
Peers& FakeHost::processes() noexcept { return impl_->processes_; }

}  // namespace patchbay::testkit
