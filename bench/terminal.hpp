// A terminal of the console channel that keeps nothing of what it receives.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"
#include "console/frames.hpp"

namespace patchbay::bench {

class Terminal {
 public:
  // Attaches to the chat "bench" on the console's socket. Whatever goes wrong is thrown.
  explicit Terminal(const std::string& socket);

  // Until the host says that the message is durable.
  void send_text(const std::string& text);
  void send_file(const std::string& bytes);

  // Until an answer is there; its head.
  nlohmann::json wait_for_answer();
  // All of its first file; the bytes received.
  std::size_t receive_file(const nlohmann::json& message);
  // It was shown.
  void acknowledge(const nlohmann::json& message);

 private:
  std::string next_id();
  void wait_until_stored(const std::string& id, const std::string& bytes);
  console::Frame wait_for(const std::string& type);
  console::Frame next();
  void send(const nlohmann::json& frame);
  void send_all(std::string_view bytes);

  base::UniqueFd socket_;
  console::FrameReader reader_{console::kAnswerBytes};
  int last_id_ = 0;
};

}  // namespace patchbay::bench
