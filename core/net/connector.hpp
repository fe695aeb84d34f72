// What opens WebSockets and streams: one resolver, one store of trusted authorities. The core
// thread.
#pragma once

#include <memory>
#include <string>

#include "base/status.hpp"
#include "net/stream.hpp"
#include "net/websocket.hpp"

namespace patchbay::base {
class EventLoop;
}

namespace patchbay::net {

struct ConnectorOptions {
  std::string ca_file;  // PEM; the only authorities trusted then. Empty: the system's folder
  std::string user_agent = "patchbay";
};

// Outlives everything that it opens.
class Connector {
 public:
  // kInvalidArgument: the file of authorities cannot be read.
  [[nodiscard]] static base::Result<std::unique_ptr<Connector>> make(base::EventLoop& loop,
                                                                     ConnectorOptions options);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // What comes of it is told later, never inside this call; `events` outlives what is opened.
  [[nodiscard]] std::unique_ptr<WebSocket> open_websocket(WebSocketRequest request,
                                                          WebSocketEvents& events);
  [[nodiscard]] std::unique_ptr<Stream> open_stream(StreamRequest request, StreamEvents& events);

 private:
  struct State;
  explicit Connector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::net
