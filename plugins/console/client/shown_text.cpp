#include "console/client/shown_text.hpp"

#include <algorithm>

namespace patchbay::console {
namespace {

constexpr std::size_t kExcerptBytes = 40;

}  // namespace

std::string printable(const std::string& text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters, too.
    const bool two_bytes =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F || two_bytes) {
      result += '?';
      i += two_bytes ? 1 : 0;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) {
    return std::to_string(bytes) + " B";
  }
  if (bytes < 1024 * 1024) {
    return std::to_string(bytes / 1024) + " KiB";
  }
  return std::to_string(bytes / (1024 * 1024)) + " MiB";
}

std::string excerpt(const std::string& text) {
  const std::size_t line = std::min(text.find('\n'), text.size());
  std::size_t end = std::min(line, kExcerptBytes);
  // No half character.
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return "\"" + printable(text.substr(0, end)) + (end < text.size() ? "…\"" : "\"");
}

}  // namespace patchbay::console
