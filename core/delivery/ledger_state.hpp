// The only moves between the states of a delivery, and what each rests on. See docs/delivery.md.
//
//   waiting   → sending | failed;  unknown again when an earlier attempt may have arrived
//   sending   → delivered | failed | unknown;  waiting when proven not sent
//   unknown   → delivered | failed | waiting;  each by recorded evidence
//   delivered → failed;  by a report of the platform
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::delivery {

// What a move rests on.
enum class Ground : std::uint8_t {
  kNone,        // the ordinary course of an attempt
  kNotSent,     // proven: nothing of the attempt reached the platform
  kSentBefore,  // an earlier attempt may have arrived, and there is no further one
  kLookup,      // the platform was asked
  kReport,      // the platform said so later
  kOperator,    // a person decided
  kPolicy,      // the instance's policy, or an idempotency key that the platform honours
};

// kInternal when there is no such move: a bug of ours, never of a platform.
[[nodiscard]] base::Status check_move(store::DeliveryState from, store::DeliveryState to,
                                      Ground ground);

[[nodiscard]] std::string_view to_string(Ground ground);

}  // namespace patchbay::delivery
