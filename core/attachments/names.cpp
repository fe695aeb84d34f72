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
constexpr char32_t kReplacement = 0xFFFD;

std::string without_unsafe_characters(std::string_view name) {
  std::string result;
  while (!name.empty()) {
    const std::string_view before = name;
    const char32_t c = base::take_code_point(name);
    if (base::is_invisible(c) || c == kReplacement) {
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
