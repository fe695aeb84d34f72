// The ledger rows of what the host itself says, and its notice to a person. [the database's thread]
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

// Not accepted yet.
[[nodiscard]] store::DeliveryRecord host_record(const store::LaneKey& lane,
                                                const std::string& message_out_id,
                                                const std::string& content, base::WallTime now);

// Accepts the notice to the person in the chat that this delivery has failed, or may have: in the
// same lane, once for each end that it comes to. Nothing when no person misses it: only what an
// agent wrote was visible in a chat, and a notice about a notice would never end.
[[nodiscard]] base::Result<std::optional<store::DeliveryRecord>> tell_user(
    store::Repositories& repositories, const store::DeliveryRecord& record, base::WallTime now);

}  // namespace patchbay::delivery
