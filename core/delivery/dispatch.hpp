// Gives one row to whom it is for: the adapter of its chat, the host itself, or another agent.
// Internal to this folder. [core thread]
#pragma once

#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "delivery/attempt_files.hpp"
#include "delivery/delivery.hpp"

namespace patchbay::delivery {

// `done` comes once: with how it went, or, when the row cannot be asked of anybody, with why; then
// it may come before this returns. `record` is read before that only; `files` stay open until then.
void dispatch(const Dependencies& to, const store::DeliveryRecord& record,
              const AttemptFiles& files,
              base::UniqueFunction<void(base::Result<AttemptOutcome>)> done);

}  // namespace patchbay::delivery
