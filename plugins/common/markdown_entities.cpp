#include "common/markdown_entities.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace patchbay::common {
namespace {

using Entity = std::pair<std::string_view, std::string_view>;

// HTML has two thousand names; these are the ones that people and models write.
constexpr auto kEntities = std::to_array<Entity>({
    {"amp", "&"},       {"lt", "<"},     {"gt", ">"},    {"quot", "\""},  {"apos", "'"},
    {"nbsp", "\u00A0"}, {"copy", "©"},   {"reg", "®"},   {"trade", "™"},  {"hellip", "…"},
    {"mdash", "—"},     {"ndash", "–"},  {"lsquo", "‘"}, {"rsquo", "’"},  {"ldquo", "“"},
    {"rdquo", "”"},     {"laquo", "«"},  {"raquo", "»"}, {"bull", "•"},   {"middot", "·"},
    {"deg", "°"},       {"plusmn", "±"}, {"times", "×"}, {"divide", "÷"}, {"larr", "←"},
    {"uarr", "↑"},      {"rarr", "→"},   {"darr", "↓"},  {"le", "≤"},     {"ge", "≥"},
    {"ne", "≠"},        {"euro", "€"},   {"pound", "£"}, {"sect", "§"},
});

std::string utf8_of(std::uint32_t value) {
  if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    value = 0xFFFD;  // as CommonMark says
  }
  const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
  if (value < 0x80) {
    return {byte(value)};
  }
  if (value < 0x800) {
    return {byte(0xC0U | (value >> 6U)), byte(0x80U | (value & 0x3FU))};
  }
  if (value < 0x10000) {
    return {byte(0xE0U | (value >> 12U)), byte(0x80U | ((value >> 6U) & 0x3FU)),
            byte(0x80U | (value & 0x3FU))};
  }
  return {byte(0xF0U | (value >> 18U)), byte(0x80U | ((value >> 12U) & 0x3FU)),
          byte(0x80U | ((value >> 6U) & 0x3FU)), byte(0x80U | (value & 0x3FU))};
}

}  // namespace

std::string decode_entity(std::string_view entity) {
  if (entity.size() < 3 || entity.front() != '&' || entity.back() != ';') {
    return std::string(entity);
  }
  std::string_view name = entity.substr(1, entity.size() - 2);
  if (name.front() != '#') {
    const auto* const found =
        std::find_if(kEntities.begin(), kEntities.end(),
                     [&](const Entity& known) { return known.first == name; });
    return std::string(found == kEntities.end() ? entity : found->second);
  }
  name.remove_prefix(1);
  const bool hexadecimal = name.starts_with('x') || name.starts_with('X');
  if (hexadecimal) {
    name.remove_prefix(1);
  }
  std::uint32_t value = 0;
  const auto parsed =
      std::from_chars(name.data(), name.data() + name.size(), value, hexadecimal ? 16 : 10);
  return parsed.ec == std::errc() ? utf8_of(value) : std::string(entity);
}

}  // namespace patchbay::common
