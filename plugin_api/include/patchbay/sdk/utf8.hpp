// Whether bytes from outside are text: everything that an adapter gives its host is UTF-8.
#ifndef PATCHBAY_SDK_UTF8_HPP
#define PATCHBAY_SDK_UTF8_HPP

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace patchbay::sdk {

// No overlong forms, no surrogates, nothing past U+10FFFF.
[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    if ((byte >= 0x80 && byte < 0xC2) || byte > 0xF4 || i + length > text.size()) {
      return false;
    }
    std::uint32_t code = length == 1 ? byte : byte & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) {
        return false;
      }
      code = code << 6U | (next & 0x3FU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return false;
    }
    i += length;
  }
  return true;
}

// Each byte past ASCII becomes a question mark when the whole is not UTF-8.
[[nodiscard]] inline std::string as_text(std::string bytes) noexcept {
  if (!is_utf8(bytes)) {
    for (char& byte : bytes) {
      byte = static_cast<unsigned char>(byte) < 0x80 ? byte : '?';
    }
  }
  return bytes;
}

// What an exception says, as text: parsers quote the bytes that they cannot read. Empty without
// memory.
[[nodiscard]] inline std::string words_of(const std::exception& error) noexcept {
  try {
    return as_text(error.what());
  } catch (...) {
    return {};
  }
}

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_UTF8_HPP
