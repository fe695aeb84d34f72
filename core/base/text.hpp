// Small things about text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::base {

[[nodiscard]] bool is_valid_utf8(std::string_view text);
// Every malformed sequence becomes U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);
// The longest prefix of at most max_bytes that ends between code points. `text` is valid UTF-8.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);
// Takes the code point at the front of `text`, which is valid UTF-8 and not empty.
char32_t take_code_point(std::string_view& text);
// Control characters, and those that show nothing or change how their neighbours are shown
// ("exe.jpg" for "gpj.exe"). Not the two joiners U+200C and U+200D: Persian and emoji are spelt
// with them.
[[nodiscard]] bool is_invisible(char32_t c);
// ASCII white space at both ends taken away.
[[nodiscard]] std::string_view trim(std::string_view text);
// ASCII only; other bytes stay.
[[nodiscard]] std::string to_lower(std::string_view text);
// `*` any run of characters, `?` one byte; the whole text must match. Linear in time times stars.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);
// The candidate with the smallest edit distance to `word`, if it is at most max(2, size/3).
[[nodiscard]] std::optional<std::string_view> nearest(
    std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace patchbay::base
