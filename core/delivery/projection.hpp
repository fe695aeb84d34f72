// What an agent reads of a delivery.
#pragma once

#include "session/types.hpp"
#include "store/records.hpp"

namespace patchbay::delivery {

// Pure. The row of `delivered` for a delivery that has ended.
[[nodiscard]] session::DeliveredRow delivered_row_of(const store::DeliveryRecord& record,
                                                     base::WallTime now);

}  // namespace patchbay::delivery
