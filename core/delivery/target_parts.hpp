// Which messages of the platform an edit, a reaction or a deletion is about. Internal to this
// folder.
#pragma once

#include "base/status.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

// [the database's thread] Fills record.target_parts: the target and, as far as the ledger knows
// them, its further parts in order; empty when the record has no target.
[[nodiscard]] base::Status load_target_parts(store::Repositories& repositories,
                                             store::DeliveryRecord& record);

}  // namespace patchbay::delivery
