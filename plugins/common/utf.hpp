// Counting and cutting text the way platforms do. Offsets into a string are bytes of UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay::common {

// What a platform counts its limits in.
enum class TextUnit : std::uint8_t { kBytes, kUtf16, kCodePoints };

// A code point and the bytes that it takes. Malformed bytes read as U+FFFD, one byte each.
struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;
};
// `offset` < text.size().
[[nodiscard]] CodePoint code_point_at(std::string_view text, std::size_t offset);

// Every malformed sequence becomes U+FFFD: platforms refuse a whole request for one bad byte.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

// How many units the text counts.
[[nodiscard]] std::size_t text_length(std::string_view text, TextUnit unit);
[[nodiscard]] inline std::size_t utf16_length(std::string_view text) {
  return text_length(text, TextUnit::kUtf16);
}

// The byte offset of UTF-16 offset `utf16`: clamped to the end, and to the start of a code point
// when it points into a surrogate pair.
[[nodiscard]] std::size_t byte_offset_of_utf16(std::string_view text, std::size_t utf16);

// The part of `text` that an inbound entity means, given in UTF-16 units; empty when outside.
[[nodiscard]] std::string_view utf16_slice(std::string_view text, std::size_t offset,
                                           std::size_t length);

// Whether people would see one character torn when the text is cut at byte `offset`: inside a
// code point, before a combining mark, variation selector or skin tone, beside a zero-width
// joiner, between the two letters of a flag, or inside "\r\n".
[[nodiscard]] bool tears_character(std::string_view text, std::size_t offset);

// The longest prefix of at most `limit` units that tears no character; a single character that is
// larger is torn between code points. Never empty for a text that is not, if limit >= 4.
[[nodiscard]] std::string_view prefix_within(std::string_view text, std::size_t limit,
                                             TextUnit unit);

// White space of ASCII at both ends taken away.
[[nodiscard]] std::string_view trim(std::string_view text);

// ASCII letters only; other bytes stay.
[[nodiscard]] std::string to_lower(std::string_view text);

}  // namespace patchbay::common
