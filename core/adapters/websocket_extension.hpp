// "patchbay.websocket/1": client WebSockets, to the hosts that the instance may contact.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"
#include "adapters/host_rules.hpp"
#include "base/status.hpp"
#include "net/websocket.hpp"

namespace patchbay::adapters {

// A pbay_websocket_options as values.
struct WebSocketCopy {
  base::Status problem;
  net::WebSocketRequest request;
};

struct WebSocketMessage {
  enum class Kind { kText, kBinary, kPing };
  Kind kind = Kind::kText;
  std::string data;
};

// [core thread]
class WebSocketExtension {
 public:
  WebSocketExtension(ExtensionOwner& owner, std::shared_ptr<const HostRules> rules);
  ~WebSocketExtension();
  WebSocketExtension(const WebSocketExtension&) = delete;
  WebSocketExtension& operator=(const WebSocketExtension&) = delete;

  void open(pbay_op op, WebSocketCopy copy);
  // It was taken from the WebSocket's buffer (bridge().websockets) already.
  void send(pbay_op op, WebSocketMessage message);
  // code 0: without a close frame.
  void close(pbay_op op, std::uint16_t code, const std::string& reason);
  // Drops every connection, without close frames: to most platforms a close means that the account
  // goes offline, a lost connection that it will be resumed.
  void shut_down();

 private:
  class Socket;
  void taken(pbay_op op, std::size_t size);

  ExtensionOwner& owner_;
  std::shared_ptr<const HostRules> rules_;  // shared with the connections that are being opened
  std::unordered_map<pbay_op, std::unique_ptr<Socket>> sockets_;
};

[[nodiscard]] const void* websocket_table();

}  // namespace patchbay::adapters
