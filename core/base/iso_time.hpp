// Times as text in session databases.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace patchbay::base {

// "2026-01-31T09:05:06.007Z".
[[nodiscard]] std::string format_iso_utc(WallTime time);

// Accepts "YYYY-MM-DD HH:MM:SS[.fff]" (UTC, SQLite's datetime()) and ISO 8601 with 'T', optional
// fraction and optional zone ("Z", "+02:00", "+0200"; none means UTC). Anything else: nothing.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace patchbay::base
