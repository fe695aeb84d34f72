// Cuts a text that is over a platform's limit into several.
#pragma once

#include <cstddef>
#include <vector>

#include "common/rich_text.hpp"
#include "common/utf.hpp"

namespace patchbay::common {

// Parts of at most `limit` units (>= 4) of visible text each, the first of at most `first_limit`
// (0: as the others). Cuts at a paragraph, else a line, else a space, else between characters;
// not in a code block when a paragraph ends outside. The parts' texts joined are the whole text.
// An empty text has no parts; a part may be blank.
[[nodiscard]] std::vector<RichText> split(const RichText& rich, std::size_t limit, TextUnit unit,
                                          std::size_t first_limit = 0);

}  // namespace patchbay::common
