// What is known of a delivery beside the outcome of its last attempt: the parts that are there, an
// earlier attempt that may have arrived, the word of its platform. [the database's thread]
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "delivery/ledger_state.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

// Evidence of a row that is tried again though an attempt of it may have arrived.
inline constexpr std::string_view kSentAgain =
    "an earlier attempt may have arrived; it was sent again with the same key, or because the "
    "policy says so";
inline constexpr std::string_view kSentAgainByOperator =
    "an earlier attempt may have arrived; an operator sent it again";
inline constexpr std::string_view kReported = "the platform reported it";

// "Was not delivered" would not be certain.
[[nodiscard]] bool was_sent_before(const store::DeliveryRecord& record);

// The parts that are there, in words: what a person needs to know of a message that was cut short.
[[nodiscard]] std::string parts_evidence(const store::DeliveryRecord& record);

// One move, checked against ledger_state.hpp; the row's other fields of the move stay what they
// were.
[[nodiscard]] base::Status move_checked(store::Repositories& repositories,
                                        const store::DeliveryRecord& record,
                                        const store::DeliveryMove& move, Ground ground);

// Moves a delivery that is not being sent by the word of its platform. False: that changes nothing.
// It may have arrived though it waits. That it failed says nothing of an attempt that is still to
// come, and is logged, unless the part that failed is there or an earlier attempt may have arrived.
[[nodiscard]] base::Result<bool> move_by_report(store::Repositories& repositories,
                                                store::DeliveryRecord record,
                                                const store::EndReport& report, base::WallTime now);

}  // namespace patchbay::delivery
