// `patchbay chat`: a terminal attached to the console adapter of the running host.
#pragma once

#include <chrono>
#include <string>

namespace patchbay::console {

struct ChatOptions {
  std::string socket;             // <data>/run/<instance>.sock
  std::string chat;               // the name to attach under
  std::string save_folder = ".";  // where files that come are put
  // Without a terminal: how many answers to wait for after the input has ended, and how long.
  // Negative: as many as messages were sent.
  int answers = -1;
  std::chrono::milliseconds answer_timeout{std::chrono::minutes{2}};
};

// Blocks until the user leaves (interactive), or until the answers have come (in a pipe). Exit
// codes: 0 done, 1 an answer did not come, 3 no host runs.
[[nodiscard]] int run_chat(const ChatOptions& options);

}  // namespace patchbay::console
