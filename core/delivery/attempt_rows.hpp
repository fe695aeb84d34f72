// What an attempt reads and writes in the ledger before anybody is called. [the database's thread]
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

// kInternal when it is gone: rows outlive their attempts.
[[nodiscard]] base::Result<store::DeliveryRecord> find_delivery(store::Repositories& repositories,
                                                                std::int64_t id);

struct RowToTry {
  store::DeliveryRecord record;
  std::int64_t blocked_by = 0;  // the delivery whose message it speaks of, which has not ended
  std::string problem;          // not empty: it fails with this
};
// The row, its target resolved ("row:<id>" → the platform's id) when that message has arrived.
[[nodiscard]] base::Result<RowToTry> load_row_to_try(store::Repositories& repositories,
                                                     std::int64_t id);

// waiting → sending, one attempt more. A row that has ended meanwhile is returned as it is.
[[nodiscard]] base::Result<store::DeliveryRecord> begin_sending(store::Repositories& repositories,
                                                                std::int64_t id,
                                                                base::WallTime now);

}  // namespace patchbay::delivery
