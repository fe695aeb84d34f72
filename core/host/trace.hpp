// The way of one message, from either end: what the platform brought, the rows that agents got of
// it, what they answered, each attempt at that, and its ids on the platform.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {

struct TracedRow {
  store::InboxRow row;
  std::vector<std::int64_t> answers;  // deliveries
};
struct TracedEvent {
  store::SeenRecord seen;
  std::vector<TracedRow> rows;
};
struct TracedDelivery {
  store::DeliveryRecord record;
  std::vector<store::AttemptRecord> attempts;
};
struct Trace {
  std::vector<TracedEvent> events;         // newest first
  std::vector<TracedDelivery> deliveries;  // in the order of their acceptance
};

// [the database's thread] Everything that bears this id: an inbound event, message or inbox row, or
// a delivery by number, by the agent's row or by a part's id on the platform; with what it answers
// and what answers it. Nothing found is no error.
[[nodiscard]] base::Result<Trace> read_trace(store::Repositories& repositories,
                                             const std::string& id);

}  // namespace patchbay::host
