#include "agents/run_state.hpp"

namespace patchbay::agents {

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::kStopped:
      return "stopped";
    case RunState::kQueued:
      return "queued";
    case RunState::kPreparing:
      return "preparing";
    case RunState::kRunning:
      return "running";
    case RunState::kStopping:
      return "stopping";
    case RunState::kSettling:
      return "settling";
    case RunState::kBackoff:
      return "backoff";
  }
  return "stopped";
}

bool has_place(RunState state) {
  return state == RunState::kPreparing || state == RunState::kRunning ||
         state == RunState::kStopping || state == RunState::kSettling;
}

}  // namespace patchbay::agents
