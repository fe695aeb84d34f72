#include "routing/engagement.hpp"

namespace patchbay::routing {
namespace {

bool engages(const Wiring& wiring, const Pattern* pattern, const EngagementFacts& facts) {
  const bool addressed = facts.direct || facts.mentions_me;
  switch (wiring.engage) {
    case Engage::kAlways:
      return true;
    case Engage::kMention:
      return addressed;
    case Engage::kMentionSticky:
      return addressed || facts.takes_part;
    case Engage::kPattern:
      return pattern != nullptr && pattern->matches(facts.text);
  }
  return false;
}

// What happens to a message is told with the next message; it is no reason to begin a turn.
bool is_only_news(EventKind kind) {
  return kind == EventKind::kReaction || kind == EventKind::kDelete || kind == EventKind::kMember;
}

}  // namespace

Decision decide(const Wiring& wiring, const Pattern* pattern, const EngagementFacts& facts) {
  if (wiring.senders == Senders::kKnown && !facts.sender_known) {
    // Not even as context: what a stranger writes would be read with the next message. Only what an
    // owner's words would have triggered was refused to somebody who waits for an answer.
    const bool waits = engages(wiring, pattern, facts) && !is_only_news(facts.kind);
    return {waits ? Verdict::kRefused : Verdict::kIgnored, false};
  }
  if (!engages(wiring, pattern, facts)) {
    return {wiring.ignored == Ignored::kAccumulate ? Verdict::kContext : Verdict::kIgnored, false};
  }
  if (is_only_news(facts.kind)) {
    return {Verdict::kContext, false};
  }
  const bool sticks = wiring.engage == Engage::kMentionSticky && facts.mentions_me &&
                      !facts.direct && !facts.takes_part;
  return {Verdict::kTrigger, sticks};
}

}  // namespace patchbay::routing
