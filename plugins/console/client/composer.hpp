// Lines of input become messages and commands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "console/client/chat_session.hpp"

namespace patchbay::console {

inline constexpr const char* kHelp =
    "/file PATH sends a file (~/ is your home, \"quotes\" may stand around it), "
    "a \\ at the end of a line continues it, /quit or Ctrl-D leaves";

// The path after "/file": without blanks or quotes around it, ~/ replaced by `home`. Nothing: there
// is none.
[[nodiscard]] std::optional<std::string> file_argument(std::string_view text,
                                                       const std::string& home);

class Composer {
 public:
  Composer(ChatSession& session, const std::function<void(const std::string&)>& print)
      : session_(session), print_(print) {}

  // Takes a line; a backslash at its end keeps the message open. False: the user wants to leave.
  [[nodiscard]] bool take(std::string line);
  // The input has ended: what is open was a message.
  void finish();
  [[nodiscard]] bool open() const { return open_; }
  // Something that was typed could not be sent.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  [[nodiscard]] bool take_whole(const std::string& text);

  ChatSession& session_;
  const std::function<void(const std::string&)>& print_;
  std::string text_;
  bool open_ = false;
  bool failed_ = false;
};

}  // namespace patchbay::console
