// Where the run of a session's agent stands.
#pragma once

#include <cstdint>
#include <string_view>

namespace patchbay::agents {

enum class RunState : std::uint8_t {
  kStopped,
  kQueued,     // waits for a place
  kPreparing,  // the session is settled and made ready
  kRunning,
  kStopping,  // it was asked to
  kSettling,  // gone: what it left is read
  kBackoff,   // waits for the next try
};
[[nodiscard]] std::string_view to_string(RunState state);
// One of the places of Supervisor::Options::running_agents is taken.
[[nodiscard]] bool has_place(RunState state);

}  // namespace patchbay::agents
