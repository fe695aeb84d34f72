// What an operator may say of a delivery whose outcome nobody knows.
#pragma once

#include <optional>
#include <string_view>

#include "store/records.hpp"

namespace patchbay::host {

inline constexpr std::string_view kResolutions =
    "say delivered (it arrived), failed (it did not) or resend (it is sent again)";

[[nodiscard]] constexpr std::optional<store::DeliveryState> parse_resolution(
    std::string_view word) {
  if (word == "delivered") {
    return store::DeliveryState::kDelivered;
  }
  if (word == "failed") {
    return store::DeliveryState::kFailed;
  }
  if (word == "resend") {
    return store::DeliveryState::kWaiting;
  }
  return std::nullopt;
}

}  // namespace patchbay::host
