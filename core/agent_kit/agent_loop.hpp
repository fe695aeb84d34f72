// The life of an agent: wait for due messages, take turns, answer, until asked to stop.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent_kit/agent_session.hpp"
#include "agent_kit/inbound_watch.hpp"
#include "agent_kit/turn.hpp"
#include "base/status.hpp"

namespace patchbay::agent_kit {

struct TurnAnswer {
  std::string in_reply_to;  // id of a row of the turn
  std::string text;         // with no files either: no message
  std::vector<OutgoingFile> files;
};

struct TurnResult {
  Acknowledgement acknowledgement = Acknowledgement::kCompleted;
  bool given_up = false;  // asked to stop: the rows stay for the next process
  std::vector<TurnAnswer> answers;
  std::vector<StateChange> state;  // becomes true with the end of the turn, or not at all
};

class TurnTaker {
 public:
  virtual ~TurnTaker() = default;
  // Blocks for as long as the turn takes; touches the heartbeat of `session` meanwhile.
  virtual TurnResult take(AgentSession& session, const Turn& turn) = 0;
};

// How often the end of a turn is written again while something is in the way. An answer may have
// been dear; but a database that was replaced opens for a new process only.
struct Patience {
  int tries = 60;  // each waits up to 5 s for a lock
  base::Milliseconds pause{1000};
};

// Takes all turns that are due now. The time of the earliest row that is not due yet, if any.
// kTimeout: the end of a turn could not be written, and its rows stay claimed: the process has to
// end, so that the host takes them back.
[[nodiscard]] base::Result<std::optional<base::WallTime>> take_due_turns(AgentSession& session,
                                                                         TurnTaker& taker,
                                                                         int stop_fd,
                                                                         Patience patience = {});

// Until stop_fd is readable: ok. A failure that trying again does not heal ends it too.
[[nodiscard]] base::Status run_agent(AgentSession& session, InboundWatch& watch, TurnTaker& taker,
                                     const base::Clock& clock, int stop_fd, Patience patience = {});

// Answers each message that asks for an answer: its text with that text, each file with that file.
class EchoTaker final : public TurnTaker {
 public:
  TurnResult take(AgentSession& session, const Turn& turn) override;
};

// Runs a shell command a turn; docs/agents.md says what it is given and what is made of what it
// leaves.
class CommandTaker final : public TurnTaker {
 public:
  CommandTaker(std::string command, int stop_fd)
      : command_(std::move(command)), stop_fd_(stop_fd) {}
  TurnResult take(AgentSession& session, const Turn& turn) override;

 private:
  std::string command_;
  int stop_fd_;
};

}  // namespace patchbay::agent_kit
