#include "attachments/names.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/limits.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace patchbay::attachments {
namespace {

constexpr std::size_t kIdBytes = 200;
constexpr std::size_t kIdPrefixBytes = 60;
constexpr std::size_t kIdHashDigits = 32;
constexpr std::size_t kExtensionBytes = 16;

// Takes the code point at the front of valid UTF-8.
char32_t take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  std::size_t length = 1;
  char32_t value = first;
  if (first >= 0xF0) {
    length = 4;
    value = first & 0x07U;
  } else if (first >= 0xE0) {
    length = 3;
    value = first & 0x0FU;
  } else if (first >= 0xC0) {
    length = 2;
    value = first & 0x1FU;
  }
  for (std::size_t i = 1; i < length; ++i) {
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  text.remove_prefix(length);
  return value;
}

// Characters that show nothing, or change how their neighbours are shown ("exe.jpg" for "gpj.exe").
// The two joiners U+200C and U+200D stay: Persian and emoji are spelt with them.
bool is_invisible(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xAD || c == 0x61C || c == 0x180E ||
         c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || c == 0xFFFD ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

std::string without_unsafe_characters(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const std::string_view before = name;
    const char32_t c = take_code_point(name);
    if (is_invisible(c)) {
      continue;
    }
    result += before.substr(0, before.size() - name.size());
  }
  return result;
}

std::string_view last_component(std::string_view name) {
  const std::size_t separator = name.find_last_of("/\\");
  return separator == std::string_view::npos ? name : name.substr(separator + 1);
}

// Without dots and spaces at either end: hidden files, "..", and what Windows drops silently.
std::string_view without_outer_dots(std::string_view name) {
  const std::size_t begin = name.find_first_not_of(". ");
  if (begin == std::string_view::npos) {
    return {};
  }
  return name.substr(begin, name.find_last_not_of(". ") - begin + 1);
}

// With its dot; "" when there is none or it is not like one.
std::string_view extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot > kExtensionBytes) {
    return {};
  }
  return name.substr(dot);
}

bool is_windows_device(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kDevices = {"con", "prn",    "aux",
                                                               "nul", "conin$", "conout$"};
  std::string stem = base::to_lower(name.substr(0, name.find('.')));
  stem = stem.substr(0, stem.find_last_not_of(' ') + 1);
  if (std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end()) {
    return true;
  }
  if (!stem.starts_with("com") && !stem.starts_with("lpt")) {
    return false;
  }
  const std::string_view number = std::string_view(stem).substr(3);
  return (number.size() == 1 && number.front() >= '0' && number.front() <= '9') ||
         number == "\xC2\xB9" || number == "\xC2\xB2" || number == "\xC2\xB3";  // superscript 1 2 3
}

// At most max_bytes, the extension kept, and still without dots and spaces at the end of the stem.
std::string shortened(std::string_view name, std::size_t max_bytes) {
  if (name.size() <= max_bytes) {
    return std::string(name);
  }
  const std::string_view ending = extension(name);
  const std::string_view stem = name.substr(0, name.size() - ending.size());
  std::string result(without_outer_dots(base::utf8_prefix(stem, max_bytes - ending.size())));
  result += ending;
  return result;
}

std::string name_by_type(std::string_view mime, FileKind kind) {
  const FileKind shown = kind == FileKind::kDocument ? kind_of_mime(mime) : kind;
  std::string name = shown == FileKind::kDocument ? "file" : std::string(to_string(shown));
  name += extension_of_mime(mime);
  return name;
}

bool is_plain_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._:@=+,-").find(c) != std::string_view::npos;
}

bool is_plain_id(std::string_view id) {
  return !id.empty() && id.size() <= kIdBytes && id.front() != '.' && id.front() != '-' &&
         std::all_of(id.begin(), id.end(), is_plain_id_character);
}

}  // namespace

std::string sanitise_file_name(std::string_view name, std::string_view mime, FileKind kind) {
  const std::string valid = base::to_valid_utf8(name);
  const std::string visible = without_unsafe_characters(last_component(valid));
  std::string result = shortened(without_outer_dots(visible), limits::kFileNameBytes);
  if (result.empty()) {
    return name_by_type(mime, kind);
  }
  if (is_windows_device(result)) {
    result = shortened("_" + result, limits::kFileNameBytes);
  }
  return result;
}

bool is_safe_file_name(std::string_view name) {
  return !name.empty() && sanitise_file_name(name, "", FileKind::kDocument) == name;
}

std::string unique_file_name(std::string_view name, const std::vector<std::string>& taken) {
  const auto is_taken = [&](std::string_view candidate) {
    const std::string lower = base::to_lower(candidate);
    return std::any_of(taken.begin(), taken.end(),
                       [&](const std::string& other) { return base::to_lower(other) == lower; });
  };
  std::string candidate(name);
  for (int number = 2; is_taken(candidate); ++number) {
    const std::string_view ending = extension(name);
    const std::string suffix = "-" + std::to_string(number) + std::string(ending);
    const std::string_view stem = name.substr(0, name.size() - ending.size());
    candidate =
        std::string(base::utf8_prefix(stem, limits::kFileNameBytes - suffix.size())) + suffix;
  }
  return candidate;
}

std::string folder_name_of_id(std::string_view id) {
  if (is_plain_id(id)) {
    return std::string(id);
  }
  std::string name;
  for (const char c : id.substr(0, kIdPrefixBytes)) {
    name += is_plain_id_character(c) ? c : '_';
  }
  if (name.empty() || name.front() == '.' || name.front() == '-') {
    name.insert(name.begin(), '_');
  }
  return name + "~" + base::sha256_hex(id, kIdHashDigits);
}

}  // namespace patchbay::attachments
