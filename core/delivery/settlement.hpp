// How an attempt's outcome is written into the ledger: one unit of work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "delivery/ledger_state.hpp"
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

// Evidence of a row that is tried again though an attempt of it may have arrived.
inline constexpr std::string_view kSentAgain =
    "an earlier attempt may have arrived; it was sent again with the same key, or because the "
    "policy says so";
inline constexpr std::string_view kSentAgainByOperator =
    "an earlier attempt may have arrived; an operator sent it again";

// [the database's thread]
[[nodiscard]] base::Result<Settled> settle(store::Repositories& repositories,
                                           const Settling& settling);

// [the database's thread] One move, checked against ledger_state.hpp; the row's other fields of the
// move stay what they were.
[[nodiscard]] base::Status move_checked(store::Repositories& repositories,
                                        const store::DeliveryRecord& record,
                                        const store::DeliveryMove& move, Ground ground);

// The ledger row of something that the host itself says.
[[nodiscard]] store::DeliveryRecord host_record(const store::LaneKey& lane,
                                                const std::string& message_out_id,
                                                const std::string& content, base::WallTime now);

}  // namespace patchbay::delivery
