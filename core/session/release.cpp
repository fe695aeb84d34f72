#include "session/release.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace patchbay::session {
namespace {

void take_earlier(std::optional<base::WallTime>& earliest, base::WallTime time) {
  if (!earliest || time < *earliest) {
    earliest = time;
  }
}

base::WallTime expiry_of(const OpenRow& system_row) {
  return std::max(system_row.timestamp, system_row.process_after.value_or(system_row.timestamp)) +
         system_row.tool_timeout.value_or(limits::kSystemRowTimeout);
}

}  // namespace

std::string_view to_string(RowStatus status) {
  switch (status) {
    case RowStatus::kPending:
      return "pending";
    case RowStatus::kQueued:
      return "queued";
    case RowStatus::kHeld:
      return "held";
    case RowStatus::kCompleted:
      return "completed";
  }
  return "completed";
}

ReleasePlanner::ReleasePlanner(int window, base::WallTime now, AgentState agent)
    : window_(static_cast<std::size_t>(std::max(window, 1))), now_(now), agent_(agent) {}

void ReleasePlanner::add_pending(OpenRow row) { pending_.push_back(std::move(row)); }

bool ReleasePlanner::is_due(const OpenRow& row) const {
  return !row.process_after || *row.process_after <= now_;
}

void ReleasePlanner::change(const OpenRow& row, RowStatus status) {
  result_.changes.push_back({row.rowid, status});
}

// The row is pending when the transaction ends.
void ReleasePlanner::expose(const OpenRow& row) {
  result_.exposed.push_back({row.id, row.process_after});
  if (!is_due(row)) {
    take_earlier(result_.work.next_due, *row.process_after);
    return;
  }
  if (row.trigger) {
    ++result_.work.due;
    take_earlier(result_.work.oldest_due, row.timestamp);
  }
  // A row for the next start is in nobody's window until then.
  if (row.on_wake) {
    return;
  }
  ++unfinished_;
  if (row.kind != OpenRow::Kind::kMessage) {
    ++fixed_;
  }
}

void ReleasePlanner::begin_release() {
  pending_done_ = true;
  for (const OpenRow& row : pending_) {
    if (row.kind == OpenRow::Kind::kSystem) {
      if (is_due(row) && expiry_of(row) <= now_) {
        change(row, RowStatus::kCompleted);  // nobody collected it: it would wake for ever
        continue;
      }
      take_earlier(next_expiry_, expiry_of(row));
    }
    const bool message = row.kind == OpenRow::Kind::kMessage;
    if (message && held_by_retry_ && agent_ == AgentState::kGone) {
      // It must not overtake the row that is tried again; no agent runs, so none has claimed it.
      change(row, row.trigger ? RowStatus::kQueued : RowStatus::kHeld);
      continue;
    }
    held_by_retry_ = held_by_retry_ || (message && row.tries > 0 && !is_due(row));
    expose(row);
  }
}

std::size_t ReleasePlanner::context_room() const {
  const std::size_t taken = fixed_ + 1;  // the trigger itself
  return window_ > taken ? window_ - taken : 0;
}

bool ReleasePlanner::add_context(const OpenRow& row) {
  // In a window of one there is never room for a notice.
  if (row.is_notice && window_ > 1) {
    notices_.push_back(row);
    if (notices_.size() > 2 * window_) {
      change(notices_.front(), RowStatus::kCompleted);
      notices_.pop_front();
    }
    return true;
  }
  context_.push_back(row);
  if (context_.size() > window_ - 1) {
    change(context_.front(), RowStatus::kCompleted);
    context_.pop_front();
  }
  return true;
}

// Exposes the oldest ones; the rest waits for the next trigger.
void ReleasePlanner::release_notices(std::size_t count) {
  for (; count > 0; --count) {
    change(notices_.front(), RowStatus::kPending);
    expose(notices_.front());
    notices_.pop_front();
  }
}

bool ReleasePlanner::release_trigger(const OpenRow& row) {
  const std::size_t room = context_room();
  // A pile of notices leaves half of the places to what people said, and one at least.
  const std::size_t for_context = std::min(room, std::max<std::size_t>(1, room / 2));
  const std::size_t notices =
      std::min(notices_.size(), room - std::min(context_.size(), for_context));
  const std::size_t kept = std::min(context_.size(), room - notices);
  if (unfinished_ + notices + kept + 1 > window_) {
    return false;
  }
  while (context_.size() > kept) {
    change(context_.front(), RowStatus::kCompleted);
    context_.pop_front();
  }
  release_notices(notices);
  for (const OpenRow& context : context_) {
    change(context, RowStatus::kPending);
    expose(context);
  }
  context_.clear();
  change(row, RowStatus::kPending);
  expose(row);
  return unfinished_ < window_;
}

bool ReleasePlanner::add_waiting(const OpenRow& row) {
  if (!pending_done_) {
    begin_release();
  }
  const bool full = unfinished_ >= window_;
  if (held_by_retry_ || full) {
    if (full && next_expiry_) {
      take_earlier(result_.work.next_due, *next_expiry_);
    }
    return false;
  }
  if (row.attachments_pending) {
    held_chats_.insert(row.chat);
    return true;
  }
  if (held_chats_.contains(row.chat)) {
    return true;
  }
  return row.trigger ? release_trigger(row) : add_context(row);
}

ReleaseResult ReleasePlanner::finish() {
  if (!pending_done_) {
    begin_release();
  }
  return std::move(result_);
}

}  // namespace patchbay::session
