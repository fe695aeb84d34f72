// The connection to the adapter. It never blocks; what could not be written yet waits here.
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

  // A lost connection is closed; what was to be written is forgotten.
  void send(const nlohmann::json& frame, std::string_view body = {});
  void flush();
  [[nodiscard]] bool has_unwritten() const { return !unwritten_.empty(); }
  // Takes what has come. Frames that came before the end stay readable.
  void receive();
  [[nodiscard]] std::optional<Frame> next() { return reader_.next(); }
  [[nodiscard]] const std::string& broken() const { return reader_.broken(); }

 private:
  int fd_ = -1;
  FrameReader reader_{kAnswerBytes};
  std::string unwritten_;
};

}  // namespace patchbay::console
