// Whether one message is for one agent: a pure function of the wiring and of facts.
#pragma once

#include <cstdint>
#include <string_view>

#include "routing/inbound_event.hpp"
#include "routing/pattern.hpp"
#include "routing/wiring.hpp"

namespace patchbay::routing {

struct EngagementFacts {
  EventKind kind = EventKind::kMessage;
  bool direct = false;  // a chat with one person: everything in it is addressed to the agent
  bool mentions_me = false;
  bool takes_part = false;    // the agent was addressed in this chat and thread before
  bool sender_known = false;  // or an owner
  std::string_view text;
};

enum class Verdict : std::uint8_t {
  kTrigger,  // a row that wakes the agent
  kContext,  // a row that it sees with the next one that wakes it
  kIgnored,  // nothing, by the wiring
  kRefused,  // nothing, since the sender may not
};

struct Decision {
  Verdict verdict = Verdict::kIgnored;
  bool starts_taking_part = false;  // to be remembered for this chat and thread
};

// `pattern` is that of the wiring when it engages by pattern.
[[nodiscard]] Decision decide(const Wiring& wiring, const Pattern* pattern,
                              const EngagementFacts& facts);

}  // namespace patchbay::routing
