// A ledger row → what the adapter is asked. Pure.
#pragma once

#include "base/status.hpp"
#include "delivery/channel_port.hpp"

namespace patchbay::delivery {

// Without files. kInvalidArgument: the lane names no chat, or the content is unusable.
[[nodiscard]] base::Result<DeliveryRequest> make_request(const store::DeliveryRecord& record);

// kDeliveryDeadline, and a second for each 100 KiB of files.
[[nodiscard]] base::Milliseconds time_allowed(std::int64_t file_bytes);

// How the host's own ports answered, as if an adapter had: nothing of theirs is ever uncertain,
// since it is repeated by id.
[[nodiscard]] AttemptOutcome outcome_of(const base::Status& status);

}  // namespace patchbay::delivery
