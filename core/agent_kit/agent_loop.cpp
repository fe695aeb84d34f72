#include "agent_kit/agent_loop.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "base/failpoint.hpp"
#include "base/log.hpp"

namespace patchbay::agent_kit {
namespace {

using base::Code;
using base::Milliseconds;
using base::Result;
using base::Status;

constexpr int kWriteAttempts = 12;  // each waits 5 s for the lock
constexpr Milliseconds kTryAgain{1000};
constexpr Milliseconds kIdle{600'000};

bool is_readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&polled, 1, 0) > 0;
}

bool heals_by_itself(const Status& status) {
  return status.code() == Code::kBusy || status.code() == Code::kUnavailable;
}

std::vector<OutboundRow> rows_of(const Turn& turn, TurnResult& result) {
  std::vector<OutboundRow> rows;
  std::map<std::string, int> answers_to;
  for (TurnAnswer& answer : result.answers) {
    if (answer.text.empty() && answer.files.empty()) {
      continue;
    }
    const std::string& asked =
        answer.in_reply_to.empty() ? turn.rows.back().id : answer.in_reply_to;
    const nlohmann::json content = {{"text", answer.text}};
    rows.push_back(
        {.id = answer_row_id(asked, ++answers_to[asked]),
         .in_reply_to = std::move(answer.in_reply_to),
         .address = turn.address,
         .kind = "chat",
         .content = content.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
         .files = std::move(answer.files)});
  }
  return rows;
}

Status finish_patiently(AgentSession& session, const Turn& turn, TurnResult result) {
  const std::vector<OutboundRow> answers = rows_of(turn, result);
  Status finished;
  for (int attempt = 0; attempt < kWriteAttempts; ++attempt) {
    PBAY_FAILPOINT("agent.before_answer");
    finished = session.finish(turn.rows, result.acknowledgement, answers);
    if (finished.code() != Code::kBusy) {
      break;
    }
  }
  PBAY_FAILPOINT("agent.after_answer");
  return finished;
}

// True: the turn was given up because the agent is to stop.
Result<bool> take_turn(AgentSession& session, TurnTaker& taker, const Turn& turn) {
  PATCHBAY_TRY(session.claim(turn.rows));
  if (const Status touched = session.touch_heartbeat(); !touched.ok()) {
    base::log_warning("agent.no_heartbeat", {{"reason", touched.message()}});
  }
  PBAY_FAILPOINT("agent.after_claim");
  TurnResult result = taker.take(session, turn);
  if (result.given_up) {
    PATCHBAY_TRY(session.release(turn.rows));
    return true;
  }
  PATCHBAY_TRY(finish_patiently(session, turn, std::move(result)));
  session.remove_collecting_folder();
  return false;
}

Milliseconds until(const std::optional<base::WallTime>& due, const base::Clock& clock) {
  if (!due.has_value()) {
    return kIdle;
  }
  return std::clamp(*due - clock.wall_now(), Milliseconds{0}, kIdle);
}

}  // namespace

Result<std::optional<base::WallTime>> take_due_turns(AgentSession& session, TurnTaker& taker,
                                                     int stop_fd) {
  for (;;) {
    PATCHBAY_ASSIGN(const DueRows due, session.due());
    const std::vector<Turn> turns = make_turns(due.rows);
    if (turns.empty()) {
      return due.next_due;
    }
    for (const Turn& turn : turns) {
      if (is_readable(stop_fd)) {
        return due.next_due;
      }
      PATCHBAY_ASSIGN(const bool given_up, take_turn(session, taker, turn));
      if (given_up) {
        return due.next_due;
      }
    }
  }
}

Status run_agent(AgentSession& session, InboundWatch& watch, TurnTaker& taker,
                 const base::Clock& clock, int stop_fd) {
  std::string told;  // the same reason every second would fill the log
  for (;;) {
    const auto next_due = take_due_turns(session, taker, stop_fd);
    const Status& status = next_due.status();
    if (!status.ok() && !heals_by_itself(status)) {
      return status;
    }
    if (!status.ok() && status.message() != told) {
      base::log_warning("agent.try_again", {{"reason", status.message()}});
    }
    told = status.message();
    const Milliseconds timeout = next_due.ok() ? until(*next_due, clock) : kTryAgain;
    if (watch.wait(stop_fd, timeout) == Wake::kStopped) {
      return {};
    }
  }
}

}  // namespace patchbay::agent_kit
