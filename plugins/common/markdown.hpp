// CommonMark, as agents write it, to visible text with spans.
#pragma once

#include <string_view>

#include "common/rich_text.hpp"

namespace patchbay::common {

// CommonMark with tables, strikethrough, task lists and bare web addresses. What chats cannot show
// becomes text that reads well: lists get bullets and numbers, headings are bold, tables are lined
// up in a preformatted block, pictures are links. Raw HTML stays visible as the text that it is.
// Line breaks are kept, since people write chat messages by the line. Links to anything but http,
// https, mailto, tel and tg show their address as text.
[[nodiscard]] RichText parse_markdown(std::string_view markdown);

}  // namespace patchbay::common
