// Durations and sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace patchbay::host {

// "250ms", "10s", "5m", "24h", "7d" → milliseconds. Whole numbers only; overflow is no duration.
[[nodiscard]] std::optional<std::int64_t> parse_duration_ms(std::string_view text);
// "100B", "512KiB", "100MiB", "2GiB" → bytes.
[[nodiscard]] std::optional<std::int64_t> parse_size_bytes(std::string_view text);

}  // namespace patchbay::host
