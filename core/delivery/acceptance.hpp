// From a row of an agent's messages_out to a row of the ledger.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "delivery/content.hpp"
#include "session/session_storage.hpp"
#include "store/repositories.hpp"

namespace patchbay::delivery {

// What is known of a session before its rows are looked at.
struct SessionFacts {
  session::SessionAddress address;
  store::LaneKey own;  // the chat that it answers by default; chat empty: none
};

// A row on its way into the ledger.
struct Candidate {
  store::DeliveryRecord record;  // state waiting, or failed with a reason
  ContentKind kind = ContentKind::kUnusable;
  std::vector<std::string> declared_files;
  std::optional<session::TargetReference> target;
  // Where the row that it answers came from, and that row.
  std::optional<store::LaneKey> answers_lane;
  std::string answers_row;
  // Its lane is idle and nothing delays it: it becomes sending in the transaction that accepts it.
  bool send_at_once = false;
};

// Pure. Nothing: the row is none that is delivered (task_log).
[[nodiscard]] std::optional<Candidate> make_candidate(const session::OutboundMessage& message,
                                                      const SessionFacts& facts,
                                                      base::WallTime now);

// Pure. It will be accepted as failed.
void refuse(Candidate& candidate, std::string reason);

// The name of its folder in the spool, the same after every crash.
[[nodiscard]] std::string spool_id(const session::SessionAddress& session,
                                   const std::string& message_out_id);
// The same for every attempt at this row, also after a restart; 22 characters.
[[nodiscard]] std::string idempotency_key(const session::SessionAddress& session,
                                          const std::string& message_out_id);

// [the database's thread] Looks at permission, target and quote, and puts the rows into the ledger;
// those with send_at_once as sending. The host's own (agent empty) may go anywhere. Afterwards
// `record` is what the ledger holds. False: a row of this id is there already, and this one changed
// nothing.
[[nodiscard]] base::Result<bool> accept_candidate(store::Repositories& repositories,
                                                  const SessionFacts& facts, Candidate& candidate);

// Why an edit, a reaction or a deletion cannot be made.
inline constexpr std::string_view kTargetNotDelivered = "target not delivered";

// record.target while the target is a delivery of ours that has not ended.
inline constexpr std::string_view kTargetRow = "row:";

}  // namespace patchbay::delivery
