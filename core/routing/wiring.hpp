// Which agents a chat reaches, as the configuration says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "session/session_key.hpp"

namespace patchbay::routing {

// When a message is for the agent.
enum class Engage : std::uint8_t {
  kAlways,
  kMention,        // it is addressed; in a direct chat it always is
  kMentionSticky,  // also every later one in a chat or thread where the agent was addressed
  kPattern,        // its text matches
};

// What becomes of a message that does not engage.
enum class Ignored : std::uint8_t { kDrop, kAccumulate };

// Whose messages reach the agent: everybody's, or those of owners and of people it knows.
enum class Senders : std::uint8_t { kAll, kKnown };

struct Wiring {
  std::string chats;  // a glob over chat keys: "telegram:group:*"
  base::AgentGroupId agent;
  Engage engage = Engage::kMention;
  std::string pattern;  // PCRE2, of kPattern
  bool pattern_ignores_case = false;
  Ignored ignored = Ignored::kDrop;
  session::SessionMode session = session::SessionMode::kShared;
  Senders senders = Senders::kAll;
  int priority = 0;  // higher ones are looked at first; equal ones in the order of the file
};

// A chat that no wiring names.
enum class UnknownChats : std::uint8_t { kDrop, kIntake, kDefaultAgent };

// What other bots write.
enum class Bots : std::uint8_t { kRefuse, kLikePeople };

struct RoutingConfig {
  std::vector<base::AgentGroupId> agents;  // in the order of the file
  base::AgentGroupId default_agent;
  std::vector<Wiring> wirings;  // the first match of each agent counts
  UnknownChats unknown_chats = UnknownChats::kIntake;
  Bots bots = Bots::kRefuse;
  std::vector<std::string> owners;  // "<instance>:<the platform's id of the person>"
  session::DirectScope direct_scope = session::DirectScope::kMain;
  std::string main_key = "main";
};

}  // namespace patchbay::routing
