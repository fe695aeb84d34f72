// The HTML that the Telegram Bot API reads: https://core.telegram.org/bots/api#html-style
#pragma once

#include <string>
#include <vector>

#include "common/rich_text.hpp"

namespace patchbay::common {

[[nodiscard]] std::string to_telegram_html(const RichText& rich);

// The text that one message shows, and the markup that makes it.
struct TelegramPart {
  std::string html;
  std::string plain;  // the same without markup, for when Telegram cannot read ours
};

// Parts of at most `limit` UTF-16 units of visible text (the first of at most `first_limit` unless
// that is 0) and of at most 32,000 bytes of markup: Telegram refuses a source over 32,768 bytes
// before it looks at the visible length. Blank parts are left out: Telegram refuses them.
[[nodiscard]] std::vector<TelegramPart> to_telegram_parts(const RichText& rich, std::size_t limit,
                                                          std::size_t first_limit = 0);

}  // namespace patchbay::common
