#include "host/units.hpp"

#include <charconv>
#include <limits>
#include <span>

namespace patchbay::host {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

std::optional<std::int64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (text == unit.name) {
      if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) {
        return std::nullopt;
      }
      return number * unit.factor;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  return parse_quantity(text, kUnits);
}

std::optional<std::int64_t> parse_size_bytes(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"B", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}};
  return parse_quantity(text, kUnits);
}

}  // namespace patchbay::host
