#include "telegram/bot_token.hpp"

#include <algorithm>

namespace patchbay::telegram {
namespace {

// Shorter than any real secret, and long enough not to be a word of an error text.
constexpr std::size_t kLeastSecret = 8;

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_token_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

}  // namespace

bool looks_like_bot_token(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  const std::string_view id = text.substr(0, colon);
  const std::string_view secret = text.substr(colon + 1);
  return std::all_of(id.begin(), id.end(), is_digit) && secret.size() >= kLeastSecret &&
         std::all_of(secret.begin(), secret.end(), is_token_character);
}

BotToken::BotToken(std::string text) : text_(std::move(text)) {
  secret_ = text_.substr(text_.find(':') + 1);
}

std::string BotToken::redact(std::string_view text) const {
  std::string out(text);
  replace_all(out, secret_, "<token>");
  return out;
}

}  // namespace patchbay::telegram
