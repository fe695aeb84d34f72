// The way of one message, from either end: what the platform brought, the rows that agents got of
// it, what they answered, each attempt at that, and its ids on the platform.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "base/unique_function.hpp"
#include "session/session_storage.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {

struct TracedRow {
  store::InboxRow row;
  std::vector<std::int64_t> answers;                       // deliveries
  std::optional<session::SessionStorage::RowState> state;  // of one without answers, where known
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
  bool more = false;           // there is more than one answer can hold; this is the newest of it
  bool several_chats = false;  // what bears the id is in more than one: to name a chat narrows it
};

// [the database's thread] Everything that bears this id: an inbound event, message or inbox row, or
// a delivery by number, by the agent's row or by a part's id on the platform; with what it answers
// and what answers it. `chat`: only what bears it there; empty: anywhere. Nothing found is no
// error.
[[nodiscard]] base::Result<Trace> read_trace(store::Repositories& repositories,
                                             const std::string& id, const base::ChatKey& chat);

// [core thread] Has the session folders say how far their agents are with rows that have no answer;
// a folder that cannot be read leaves them as they are. `done` comes once.
void add_row_states(session::SessionStorage& sessions, Trace trace,
                    base::UniqueFunction<void(Trace)> done);

}  // namespace patchbay::host
