#include "common/split.hpp"

#include <algorithm>

namespace patchbay::common {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

const Span* code_block_around(const RichText& rich, std::size_t position) {
  for (const Span& span : rich.spans) {
    if (span.kind == SpanKind::kPre && span.begin < position && position < span.end) {
      return &span;
    }
  }
  return nullptr;
}

// The last place after `mark` in (begin + least, end], or kNone.
std::size_t last_after(std::string_view text, std::string_view mark, std::size_t begin,
                       std::size_t end, std::size_t least) {
  const std::size_t found = text.substr(begin, end - begin).rfind(mark);
  if (found == kNone || found + mark.size() <= least) {
    return kNone;
  }
  return begin + found + mark.size();
}

std::size_t last_paragraph_outside_code(const RichText& rich, std::size_t begin, std::size_t end,
                                        std::size_t least) {
  while (true) {
    const std::size_t place = last_after(rich.text, "\n\n", begin, end, least);
    if (place == kNone) {
      return kNone;
    }
    const Span* block = code_block_around(rich, place);
    if (block == nullptr) {
      return place;
    }
    end = block->begin;
    if (end <= begin + least) {
      return kNone;
    }
  }
}

// Where a part that may reach from `begin` to `end` had best stop. A part is at least half full
// before a paragraph may end it, a quarter before a line may: better one torn line than ten stubs.
std::size_t best_cut(const RichText& rich, std::size_t begin, std::size_t end) {
  const std::size_t window = end - begin;
  const std::size_t paragraph = last_paragraph_outside_code(rich, begin, end, window / 2);
  if (paragraph != kNone) {
    return paragraph;
  }
  const std::size_t line = last_after(rich.text, "\n", begin, end, window / 4);
  if (line != kNone) {
    return line;
  }
  const std::size_t space = last_after(rich.text, " ", begin, end, window / 4);
  return space != kNone ? space : end;
}

}  // namespace

std::vector<RichText> split(const RichText& rich, std::size_t limit, TextUnit unit,
                            std::size_t first_limit) {
  std::vector<RichText> parts;
  const std::string_view text = rich.text;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t most = parts.empty() && first_limit != 0 ? first_limit : limit;
    const std::string_view fits =
        prefix_within(text.substr(begin), std::max<std::size_t>(most, 4), unit);
    std::size_t end = begin + fits.size();
    if (end < text.size()) {
      end = best_cut(rich, begin, end);
    }
    parts.push_back(slice(rich, begin, end));
    begin = end;
  }
  return parts;
}

}  // namespace patchbay::common
