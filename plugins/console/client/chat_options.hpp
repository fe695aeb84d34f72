// `patchbay chat`: a terminal attached to the console adapter of the running host.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace patchbay::console {

inline constexpr const char* kHere = ".";

struct ChatOptions {
  std::string socket;  // <data>/run/<instance>.sock
  std::string chat;    // the name to attach under; is_chat_name()
  // Where files that come are put. Checked at the start, unless it is kHere, where somebody may
  // stand by chance.
  std::string save_folder = kHere;
  // Without a terminal: how many answers to wait for after the input has ended, and how long.
  // Negative: until the newest message is answered; without one, until all that waited was shown.
  int answers = -1;
  std::chrono::milliseconds answer_timeout{std::chrono::minutes{2}};
  // How many deliveries wait for somebody to attach under this name; negative: nobody can tell. May
  // block for some seconds. Not asked at a terminal; empty: nobody can tell.
  std::function<int()> count_waiting;
};

// The same numbers as every command's.
inline constexpr int kChatDone = 0;
inline constexpr int kChatFailed = 1;
inline constexpr int kChatUsage = 2;
inline constexpr int kChatNobodyListens = 3;

// Blocks until the user leaves (interactive), or until the answers have come (in a pipe).
// kChatFailed: something said was not acknowledged by the host; in a pipe also: it was refused, a
// file could not be read or saved, or an answer did not come. kChatUsage: the folder or the name
// cannot be used. kChatNobodyListens: nothing was printed, for the caller knows more.
[[nodiscard]] int run_chat(const ChatOptions& options);

}  // namespace patchbay::console
