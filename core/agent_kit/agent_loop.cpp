#include "agent_kit/agent_loop.hpp"

#include <algorithm>
#include <functional>
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

constexpr Milliseconds kTryAgain{1000};
constexpr Milliseconds kIdle{600'000};

bool is_readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return fd >= 0 && ::poll(&polled, 1, 0) > 0;
}

bool heals_by_itself(const Status& status) {
  return status.code() == Code::kBusy || status.code() == Code::kUnavailable;
}

void show_life(const AgentSession& session) {
  if (const Status touched = session.touch_heartbeat(); !touched.ok()) {
    base::log_warning("agent.no_heartbeat", {{"reason", touched.message()}});
  }
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

// due() hides claimed rows: while `write` is not done, nobody looks at its rows again. So it is
// repeated, and when it cannot be done the agent has to end, for the host takes the rows of an
// agent that has ended back.
Status write_patiently(AgentSession& session, const Patience& patience, int stop_fd,
                       const std::function<Status()>& write) {
  for (int tried = 1;; ++tried) {
    const bool last = tried >= patience.tries || is_readable(stop_fd);
    Status written = write();
    if (written.ok() || !heals_by_itself(written)) {
      return written;
    }
    if (last) {
      return {Code::kTimeout,
              "gave up after " + std::to_string(tried) + " tries; " +
                  "the host gives the messages to the next agent process: " + written.message()};
    }
    if (tried == 1) {
      base::log_warning("agent.try_again", {{"reason", written.message()}});
    }
    show_life(session);
    pollfd stop{stop_fd, POLLIN, 0};  // poll() passes over a negative descriptor
    ::poll(&stop, 1, static_cast<int>(patience.pause.count()));
  }
}

// True: the turn was given up because the agent is to stop.
Result<bool> take_turn(AgentSession& session, TurnTaker& taker, const Turn& turn, int stop_fd,
                       const Patience& patience) {
  PATCHBAY_TRY(session.claim(turn.rows));
  show_life(session);
  PBAY_FAILPOINT("agent.after_claim");
  TurnResult result = taker.take(session, turn);
  if (result.given_up) {
    PATCHBAY_TRY(
        write_patiently(session, patience, stop_fd, [&] { return session.release(turn.rows); }));
    return true;
  }
  const std::vector<OutboundRow> answers = rows_of(turn, result);
  PBAY_FAILPOINT("agent.before_answer");
  PATCHBAY_TRY(write_patiently(session, patience, stop_fd, [&] {
    return session.finish(turn.rows, result.acknowledgement, answers, result.state);
  }));
  PBAY_FAILPOINT("agent.after_answer");
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
                                                     int stop_fd, Patience patience) {
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
      PATCHBAY_ASSIGN(const bool given_up, take_turn(session, taker, turn, stop_fd, patience));
      if (given_up) {
        return due.next_due;
      }
    }
  }
}

Status run_agent(AgentSession& session, InboundWatch& watch, TurnTaker& taker,
                 const base::Clock& clock, int stop_fd, Patience patience) {
  std::string told;  // the same reason every second would fill the log
  for (;;) {
    const auto next_due = take_due_turns(session, taker, stop_fd, patience);
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
