// Columns of an inbound.db as the host reads them back: the agent may have put anything there.
// Internal to this folder.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "session/database.hpp"
#include "session/types.hpp"

namespace patchbay::session {

// messages_in.tries of a row that was given up.
inline constexpr std::int64_t kGivenUpTries = limits::kClaimTries + 1;

// The beginning of an overlong one.
[[nodiscard]] inline std::string text_at(const Statement& row, int column) {
  return base::to_valid_utf8(row.text(column).substr(0, limits::kOutboundFieldBytes));
}

// channel_type, platform_id and thread_id, from `first` on.
[[nodiscard]] inline ChatAddress address_at(const Statement& row, int first) {
  return {.channel_type = text_at(row, first),
          .platform_id = text_at(row, first + 1),
          .thread_id = text_at(row, first + 2)};
}

[[nodiscard]] inline std::int64_t tries_at(const Statement& row, int column) {
  return std::clamp<std::int64_t>(row.number(column), 0, kGivenUpTries);
}

}  // namespace patchbay::session
