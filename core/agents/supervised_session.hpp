// What the supervisor keeps of a session that wants something.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "agents/run_state.hpp"
#include "agents/stuck_watch.hpp"
#include "base/timer.hpp"
#include "session/session_storage.hpp"

namespace patchbay::agents {

struct SupervisedSession {
  SupervisedSession(session::SessionAddress address, base::Loop& loop)
      : session(std::move(address)),
        idle_timer(loop),
        due_timer(loop),
        kill_timer(loop),
        backoff_timer(loop) {}

  [[nodiscard]] std::string name() const { return session_name(session); }

  const session::SessionAddress session;
  RunState state = RunState::kStopped;
  session::SessionWork work;
  bool damaged = false;  // it is to be recovered, even if no agent is to run
  RunId run = 0;
  // Held while no agent runs and the session is being settled; moved nowhere else.
  std::optional<session::RunLease> lease;
  base::WallTime queued_since;
  std::optional<base::WallTime> idle_since;  // running, and nothing due
  unsigned failures = 0;                     // runs in a row that brought nothing
  std::string failed_because;                // the last of them
  bool progress = false;                     // this run finished something
  bool gave_up = false;                      // a message was given up in its settling
  base::Milliseconds read_again{0};          // to the next look, since the last one failed
  bool told = false;                         // `failing` was called since the last progress
  bool host_stops_it = false;                // the exit to come is not a crash
  std::optional<StuckWatch> stuck_watch;     // while the agent runs
  base::Timer idle_timer;
  base::Timer due_timer;
  base::Timer kill_timer;
  base::Timer backoff_timer;
};

}  // namespace patchbay::agents
