#include "common/utf.hpp"

#include <algorithm>

namespace patchbay::common {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kZeroWidthJoiner = 0x200D;

bool is_between(char32_t value, char32_t first, char32_t last) {
  return value >= first && value <= last;
}

// The common part of Unicode's Grapheme_Extend, and the emoji modifiers: enough for what people
// write in chats, without a Unicode database in every adapter.
bool extends_previous(char32_t value) {
  return is_between(value, 0x0300, 0x036F) || is_between(value, 0x0483, 0x0489) ||
         is_between(value, 0x0591, 0x05BD) || is_between(value, 0x064B, 0x065F) ||
         is_between(value, 0x0900, 0x0903) || is_between(value, 0x093A, 0x094F) ||
         is_between(value, 0x0E31, 0x0E3A) || is_between(value, 0x0E47, 0x0E4E) ||
         is_between(value, 0x1AB0, 0x1AFF) || is_between(value, 0x1DC0, 0x1DFF) ||
         is_between(value, 0x20D0, 0x20F0) || is_between(value, 0x3099, 0x309A) ||
         is_between(value, 0xFE00, 0xFE0F) || is_between(value, 0xFE20, 0xFE2F) ||
         is_between(value, 0x1F3FB, 0x1F3FF) || is_between(value, 0xE0020, 0xE007F) ||
         is_between(value, 0xE0100, 0xE01EF) || value == kZeroWidthJoiner || value == 0x200C;
}

bool is_regional_indicator(char32_t value) { return is_between(value, 0x1F1E6, 0x1F1FF); }

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// The start of the code point that ends at `offset` > 0.
std::size_t previous_start(std::string_view text, std::size_t offset) {
  std::size_t start = offset - 1;
  while (start > 0 && offset - start < 4 && is_continuation(text[start])) {
    --start;
  }
  return start;
}

std::size_t units_of(const CodePoint& point, TextUnit unit) {
  switch (unit) {
    case TextUnit::kBytes:
      return point.size;
    case TextUnit::kUtf16:
      return point.value > 0xFFFF ? 2 : 1;
    case TextUnit::kCodePoints:
      break;
  }
  return 1;
}

// Flags are pairs: whether an odd number of regional indicators ends at `offset`.
bool odd_indicators_before(std::string_view text, std::size_t offset) {
  bool odd = false;
  while (offset > 0) {
    const std::size_t start = previous_start(text, offset);
    if (!is_regional_indicator(code_point_at(text, start).value)) {
      break;
    }
    odd = !odd;
    offset = start;
  }
  return odd;
}

}  // namespace

CodePoint code_point_at(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[offset + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    return {first, 1};
  }
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - offset < size) {
    return {kReplacement, 1};
  }
  char32_t value = first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return {kReplacement, 1};
    }
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || is_between(value, 0xD800, 0xDFFF)) {
    return {kReplacement, 1};
  }
  return {value, size};
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = code_point_at(text, i);
    const bool malformed = point.size == 1 && static_cast<unsigned char>(text[i]) >= 0x80;
    out.append(malformed ? std::string_view("\xEF\xBF\xBD") : text.substr(i, point.size));
    i += point.size;
  }
  return out;
}

std::size_t text_length(std::string_view text, TextUnit unit) {
  if (unit == TextUnit::kBytes) {
    return text.size();
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = code_point_at(text, i);
    length += units_of(point, unit);
    i += point.size;
  }
  return length;
}

std::size_t byte_offset_of_utf16(std::string_view text, std::size_t utf16) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const CodePoint point = code_point_at(text, offset);
    const std::size_t units = units_of(point, TextUnit::kUtf16);
    if (units > utf16) {
      break;
    }
    utf16 -= units;
    offset += point.size;
  }
  return offset;
}

std::string_view utf16_slice(std::string_view text, std::size_t offset, std::size_t length) {
  const std::size_t begin = byte_offset_of_utf16(text, offset);
  const std::string_view rest = text.substr(begin);
  return rest.substr(0, byte_offset_of_utf16(rest, length));
}

bool tears_character(std::string_view text, std::size_t offset) {
  if (offset == 0 || offset >= text.size()) {
    return false;
  }
  if (is_continuation(text[offset])) {
    return true;
  }
  const char32_t after = code_point_at(text, offset).value;
  const char32_t before = code_point_at(text, previous_start(text, offset)).value;
  if (before == '\n' || before == ' ') {
    return false;  // nothing joins to white space
  }
  return extends_previous(after) || before == kZeroWidthJoiner ||
         (before == '\r' && after == '\n') ||
         (is_regional_indicator(after) && odd_indicators_before(text, offset));
}

std::string_view prefix_within(std::string_view text, std::size_t limit, TextUnit unit) {
  std::size_t fits = 0;
  std::size_t whole = 0;  // the last place that tears no character
  for (std::size_t used = 0; fits < text.size();) {
    const CodePoint point = code_point_at(text, fits);
    used += units_of(point, unit);
    if (used > limit) {
      break;
    }
    fits += point.size;
    if (!tears_character(text, fits)) {
      whole = fits;
    }
  }
  return text.substr(0, whole > 0 ? whole : fits);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

}  // namespace patchbay::common
