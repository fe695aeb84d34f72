// What a running agent says about the turn that it is in.
#include <algorithm>

#include "base/iso_time.hpp"
#include "session/outbound_reader.hpp"
#include "session/release.hpp"
#include "session/schema_upgrade.hpp"

namespace patchbay::session {

using base::Milliseconds;
using base::Result;

namespace {

constexpr std::int64_t kClaims = 1000;

}  // namespace

Result<SessionStorage::Turn> OutboundReader::read_turn() {
  SessionStorage::Turn turn;
  PATCHBAY_ASSIGN(Statement claims, database_.prepare("SELECT status_changed FROM processing_ack"
                                                      " WHERE status = 'processing' LIMIT ?1"));
  claims.bind(1, kClaims);
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, claims.step());
    if (!row) {
      break;
    }
    const auto claimed = base::parse_time(claims.text(0));
    if (claimed && (!turn.oldest_claim || *claimed < *turn.oldest_claim)) {
      turn.oldest_claim = claimed;
    }
  }
  if (!database_.has_plain_column("container_state", "tool_declared_timeout_ms")) {
    return turn;  // an older folder: no tool is known
  }
  PATCHBAY_TRY(check_plain_table(database_, "container_state", "current_tool"));
  PATCHBAY_ASSIGN(const auto timeout,
                  database_.number("SELECT tool_declared_timeout_ms FROM container_state"
                                   " WHERE id = 1 AND current_tool IS NOT NULL"));
  if (timeout && *timeout > 0) {
    turn.tool_timeout = Milliseconds(std::min<std::int64_t>(*timeout, kLongestTool.count()));
  }
  return turn;
}

}  // namespace patchbay::session
