// The bot's token, which is all that an attacker needs: it never leaves in a log, a state, an
// error.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::telegram {

// "<digits of the bot's id>:<letters, digits, - and _>".
[[nodiscard]] bool looks_like_bot_token(std::string_view text);

class BotToken {
 public:
  explicit BotToken(std::string text);

  // For URLs to Telegram, and nothing else.
  [[nodiscard]] const std::string& reveal() const { return text_; }
  // The text without the token and without its secret half, however it got there.
  [[nodiscard]] std::string redact(std::string_view text) const;

 private:
  std::string text_;
  std::string secret_;  // what stands after the colon; the id before it is public
};

}  // namespace patchbay::telegram
