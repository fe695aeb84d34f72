// The release rules, applied to the table.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/iso_time.hpp"
#include "base/json.hpp"
#include "session/inbound_database.hpp"

namespace patchbay::session {
namespace {

using base::Result;

constexpr const char* kSetStatus = "UPDATE messages_in SET status = ?2 WHERE rowid = ?1";
// Of system rows alone the content matters here.
constexpr const char* kPending =
    "SELECT rowid, id, seq, kind, trigger, on_wake, attachments_pending, tries, process_after,"
    " timestamp, channel_type, platform_id, source_session_id,"
    " CASE kind WHEN 'system' THEN content END"
    " FROM messages_in INDEXED BY idx_messages_in_pending WHERE status = 'pending' ORDER BY seq";
constexpr const char* kWaiting =
    "SELECT rowid, id, seq, kind, trigger, on_wake, attachments_pending, tries, process_after,"
    " timestamp, channel_type, platform_id, source_session_id, NULL"
    " FROM messages_in INDEXED BY idx_messages_in_waiting"
    " WHERE status IN ('queued', 'held') ORDER BY seq";

// Of the tool that waits for this row, if the row names it.
std::optional<base::Milliseconds> tool_timeout_of(std::string_view content) {
  const auto parsed = base::parse_json(content);
  if (!parsed.ok() || !parsed->is_object()) {
    return std::nullopt;
  }
  const auto timeout = parsed->find("timeoutMs");
  if (timeout == parsed->end() || !timeout->is_number_unsigned()) {
    return std::nullopt;
  }
  const auto longest = static_cast<std::uint64_t>(kLongestTool.count());
  return base::Milliseconds(
      static_cast<std::int64_t>(std::min(timeout->get<std::uint64_t>(), longest)));
}

OpenRow open_row(const Statement& row) {
  OpenRow open;
  open.rowid = row.number(0);
  open.id = row.text(1);
  open.seq = row.number(2);
  const std::string_view kind = row.text(3);
  open.kind = kind == "system" ? OpenRow::Kind::kSystem
              : kind == "task" ? OpenRow::Kind::kTask
                               : OpenRow::Kind::kMessage;
  open.trigger = row.number(4) != 0;
  open.on_wake = row.number(5) != 0;
  open.attachments_pending = row.number(6) != 0;
  open.tries = row.number(7);
  open.process_after = row.is_null(8) ? std::nullopt : base::parse_time(row.text(8));
  open.timestamp = base::parse_time(row.text(9)).value_or(base::WallTime());
  open.chat = row.text(10);
  open.chat += '\n';
  open.chat += row.text(11);
  // What the host says to the agent itself; another agent's message has a return path.
  open.is_notice =
      kind == "chat" && !open.trigger && row.text(10) == "agent" && row.text(12).empty();
  if (!row.is_null(13)) {
    open.tool_timeout = tool_timeout_of(row.text(13));
  }
  return open;
}

}  // namespace

Result<ReleaseResult> InboundDatabase::plan_release(int window, base::WallTime now,
                                                    AgentState agent) {
  ReleasePlanner planner(window, now, agent);
  PATCHBAY_ASSIGN(Statement * pending, prepared(kPending));
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, pending->step());
    if (!row) {
      break;
    }
    planner.add_pending(open_row(*pending));
  }
  pending->reset();
  PATCHBAY_ASSIGN(Statement * waiting, prepared(kWaiting));
  for (;;) {
    PATCHBAY_ASSIGN(const bool row, waiting->step());
    if (!row || !planner.add_waiting(open_row(*waiting))) {
      break;
    }
  }
  waiting->reset();
  return planner.finish();
}

Result<ReleaseResult> InboundDatabase::release(int window, base::WallTime now, AgentState agent) {
  PATCHBAY_ASSIGN(ReleaseResult result, plan_release(window, now, agent));
  for (const StatusChange& change : result.changes) {
    PATCHBAY_ASSIGN(Statement * update, prepared(kSetStatus));
    update->bind(1, change.rowid).bind(2, to_string(change.status));
    PATCHBAY_TRY(update->run());
  }
  return result;
}

}  // namespace patchbay::session
