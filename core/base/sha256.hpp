// SHA-256 (FIPS 180-4), for names that must not collide. Not for secrets: it takes no care of
// timing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay::base {

[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view bytes);
// The first `digits` of its 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes, std::size_t digits = 64);

}  // namespace patchbay::base
