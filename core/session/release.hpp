// Which rows of messages_in an agent may see: rules 2, 3 and 4 of the session contract as a pure
// function of the table, evaluated in every write transaction.
//
// The agent reads the newest N pending rows. So at most N unfinished ones are ever due and pending;
// what is behind them waits as `queued` (rows that wake) or `held` (context) and is released in the
// order of seq.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "session/types.hpp"

namespace patchbay::session {

// More a tool cannot declare.
inline constexpr base::Milliseconds kLongestTool = std::chrono::hours(24);

// An unfinished row, as far as the rules look at it.
struct OpenRow {
  std::int64_t rowid = 0;
  std::string id;
  std::int64_t seq = 0;
  enum class Kind : std::uint8_t { kMessage, kTask, kSystem } kind = Kind::kMessage;
  bool trigger = true;
  bool on_wake = false;
  bool attachments_pending = false;
  std::int64_t tries = 0;
  std::optional<base::WallTime> process_after;
  base::WallTime timestamp;
  // The host's own word to the agent (a failed delivery): context that nobody else repeats.
  bool is_notice = false;
  // Of the tool that waits for a system row, where the row names it.
  std::optional<base::Milliseconds> tool_timeout;
  std::string chat;  // channel and chat key; rows that wait for files hold those of their chat
};

enum class RowStatus : std::uint8_t { kPending, kQueued, kHeld, kCompleted };
[[nodiscard]] std::string_view to_string(RowStatus status);

struct StatusChange {
  std::int64_t rowid = 0;
  RowStatus status = RowStatus::kPending;
  auto operator<=>(const StatusChange&) const = default;
};

// A pending row; its acknowledgement is looked for from `due` on.
struct ExposedRow {
  std::string id;
  std::optional<base::WallTime> due;
};

struct ReleaseResult {
  std::vector<StatusChange> changes;
  std::vector<ExposedRow> exposed;
  SessionWork work;
  std::vector<GivenUpRow> given_up;  // by the commands before the release; the rules give up none
};

// Whether rows that an agent may have read already can be taken back.
enum class AgentState : std::uint8_t { kMayRun, kGone };

class ReleasePlanner {
 public:
  // `window` is N; at least 1.
  ReleasePlanner(int window, base::WallTime now, AgentState agent);

  // First every pending row, in the order of seq.
  void add_pending(OpenRow row);
  // Then the queued and held rows in the order of seq, until this answers false: no more can be
  // released.
  [[nodiscard]] bool add_waiting(const OpenRow& row);
  [[nodiscard]] ReleaseResult finish();

 private:
  void begin_release();
  [[nodiscard]] bool is_due(const OpenRow& row) const;
  void expose(const OpenRow& row);
  void change(const OpenRow& row, RowStatus status);
  [[nodiscard]] bool add_context(const OpenRow& row);
  void release_notices(std::size_t count);
  [[nodiscard]] bool release_trigger(const OpenRow& row);
  // Rows of the window that are never released by this function: system rows and due tasks.
  [[nodiscard]] std::size_t context_room() const;

  std::size_t window_;
  base::WallTime now_;
  AgentState agent_;
  bool pending_done_ = false;
  bool held_by_retry_ = false;
  std::vector<OpenRow> pending_;
  std::size_t fixed_ = 0;             // pending system rows and due tasks
  std::size_t unfinished_ = 0;        // due and pending: fixed_ and messages
  std::deque<OpenRow> context_;       // held rows since the last trigger; no notices
  std::deque<OpenRow> notices_;       // held ones that were not shown yet
  std::set<std::string> held_chats_;  // a row of theirs waits for files
  std::optional<base::WallTime> next_expiry_;
  ReleaseResult result_;
};

}  // namespace patchbay::session
