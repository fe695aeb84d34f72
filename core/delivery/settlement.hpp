// How an attempt's outcome is written into the ledger: one unit of work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "delivery/evidence.hpp"
#include "delivery/retry_policy.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

struct Settling {
  std::int64_t id = 0;
  NextAction action;
  std::vector<std::string> remote_ids;  // of parts, as the adapter listed them at the end
  std::optional<std::int32_t> code;     // PBAY_OK or PBAY_E_*, if an adapter answered
  base::WallTime now;
  // Pause: since when the lane stands still, if it did before this attempt.
  std::optional<base::WallTime> paused_since;
  // The person in the chat can be reached and has not been told of a failure just now.
  bool may_tell_user = false;
};

struct Settled {
  store::DeliveryRecord record;                      // as it is now
  std::optional<store::DeliveryRecord> user_notice;  // accepted, in the same lane
  std::optional<store::RetryDeadline> deadline;      // that the platform imposed
  bool had_ended = false;  // by somebody else, before: nothing was changed
};

// In the light of what the platform said meanwhile. [the database's thread]
[[nodiscard]] base::Result<Settled> settle(store::Repositories& repositories,
                                           const Settling& settling);

}  // namespace patchbay::delivery
