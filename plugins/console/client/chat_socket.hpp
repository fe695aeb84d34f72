// The connection to the adapter: non-blocking to read, blocking to write.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "console/frames.hpp"

namespace patchbay::console {

class ChatSocket {
 public:
  ChatSocket() = default;
  ~ChatSocket() { close(); }
  ChatSocket(const ChatSocket&) = delete;
  ChatSocket& operator=(const ChatSocket&) = delete;

  // False: nobody listens there.
  [[nodiscard]] bool connect(const std::string& path);
  void close();
  [[nodiscard]] int fd() const { return fd_; }  // -1: not connected

  // False: the connection is lost, and closed.
  bool send(const nlohmann::json& frame, std::string_view data = {});
  // Takes what has come; false: the connection is lost, and closed. Frames that came before stay
  // readable.
  bool receive();
  [[nodiscard]] std::optional<Frame> next() { return reader_.next(); }

 private:
  int fd_ = -1;
  FrameReader reader_;
};

}  // namespace patchbay::console
