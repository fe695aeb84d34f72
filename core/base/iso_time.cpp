#include "base/iso_time.hpp"

#include <array>
#include <cstdio>

namespace patchbay::base {
namespace {

// Reads exactly `digits` decimal digits at the front of `text` and takes them away.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) {
    return std::nullopt;
  }
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[i];
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

// ".123456" → 123 ms; absent → 0; a dot without digits → nothing.
std::optional<int> take_fraction(std::string_view& text) {
  if (!take_char(text, '.')) {
    return 0;
  }
  int milliseconds = 0;
  int scale = 100;
  std::size_t count = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    milliseconds += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
    ++count;
  }
  if (count == 0) {
    return std::nullopt;
  }
  return milliseconds;
}

// The offset from UTC in minutes.
std::optional<int> take_zone(std::string_view& text) {
  if (text.empty() || take_char(text, 'Z')) {
    return 0;
  }
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take_char(text, '+') && !take_char(text, '-')) {
    return std::nullopt;
  }
  const auto hours = take_digits(text, 2);
  take_char(text, ':');
  const auto minutes = take_digits(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return sign * (*hours * 60 + *minutes);
}

}  // namespace

std::string format_iso_utc(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 40> buffer{};
  const int written = std::snprintf(
      buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  return {buffer.data(), static_cast<std::size_t>(written)};
}

std::optional<WallTime> parse_time(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take_char(text, '-')) {
    return std::nullopt;
  }
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, '-')) {
    return std::nullopt;
  }
  const auto day = take_digits(text, 2);
  if (!day || (!take_char(text, 'T') && !take_char(text, ' '))) {
    return std::nullopt;
  }
  const auto hour = take_digits(text, 2);
  if (!hour || !take_char(text, ':')) {
    return std::nullopt;
  }
  const auto minute = take_digits(text, 2);
  if (!minute || !take_char(text, ':')) {
    return std::nullopt;
  }
  const auto second = take_digits(text, 2);
  const auto fraction = take_fraction(text);
  const auto zone = take_zone(text);
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!second || !fraction || !zone || !text.empty() || !date.ok() || *hour > 23 || *minute > 59 ||
      *second > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} +
         std::chrono::minutes{*minute - *zone} + std::chrono::seconds{*second} +
         std::chrono::milliseconds{*fraction};
}

}  // namespace patchbay::base
