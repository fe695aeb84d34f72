// The end of an event's way: its disposition, durable in one unit of work. Only then the platform
// is told.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "routing/inbound_event.hpp"
#include "routing/ports.hpp"
#include "store/audit.hpp"
#include "store/pending_files.hpp"
#include "store/records.hpp"

namespace patchbay::store {
struct Repositories;
}

namespace patchbay::routing {

struct Settlement {
  const InboundEvent* event = nullptr;  // outlives the unit of work
  SubmitOutcome outcome = SubmitOutcome::kStored;
  std::vector<store::IntakeRecord> intake;
  std::vector<store::InboxRow> rows;  // of the agents that have the event, or get it later
  std::vector<store::PendingFilesRecord> pending_files;
  std::optional<store::AuditRecord> audit;
  std::int64_t taken_from_intake = 0;  // the row that held the event until now, or 0
  base::WallTime now;
};

struct Settled {
  // What holds: kDuplicate also when the event had been settled meanwhile, kRefused when the intake
  // of an unknown chat is full.
  SubmitOutcome outcome = SubmitOutcome::kStored;
  bool first = true;  // false: settled meanwhile, and nothing was written now
};

// [the database's thread]
[[nodiscard]] base::Result<Settled> settle(store::Repositories& repositories,
                                           const Settlement& settlement);

}  // namespace patchbay::routing
