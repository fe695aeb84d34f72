// The canonical name of a session. Grammar and derivation: docs/session-keys.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::session {

// How sessions of a wiring are told apart.
enum class SessionMode : std::uint8_t { kShared, kPerThread, kAgentShared };

// How direct chats share sessions.
enum class DirectScope : std::uint8_t { kMain, kPerPeer, kPerChannelPeer, kPerAccountChannelPeer };

// The agent that a name from outside means: trimmed, empty is "main", lower case, every run of
// other characters one '-' (none at the ends), at most 64 characters.
[[nodiscard]] base::AgentGroupId normalise_agent_id(std::string_view name);

class SessionKey {
 public:
  // Accepts canonical keys, bare aliases (given the default agent), and legacy forms; the result is
  // always canonical, so it differs from `text` for a legacy form. kInvalidArgument names the text
  // and what is wrong with it. "main" is an alias of main_key everywhere.
  static base::Result<SessionKey> parse(std::string_view text,
                                        const base::AgentGroupId& default_agent,
                                        std::string_view main_key = "main");

  // "agent:<agent>:<rest>"; global and unknown have no agent.
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] const std::optional<base::AgentGroupId>& agent() const { return agent_; }
  [[nodiscard]] std::string_view rest() const;  // what follows the agent
  [[nodiscard]] bool is_main(std::string_view main_key = "main") const {
    return rest() == main_key;
  }
  auto operator<=>(const SessionKey& other) const { return text_ <=> other.text_; }
  bool operator==(const SessionKey& other) const { return text_ == other.text_; }

 private:
  friend struct SessionKeyParts;
  SessionKey(std::string text, std::optional<base::AgentGroupId> agent)
      : text_(std::move(text)), agent_(std::move(agent)) {}

  std::string text_;
  std::optional<base::AgentGroupId> agent_;
};

// What decides the session of a message.
struct SessionKeyParts {
  base::AgentGroupId agent;
  base::InstanceName instance;
  base::ChannelName channel;
  base::ChatKey chat;     // canonical
  base::ThreadId thread;  // empty: none
  bool direct = false;
  std::string peer;  // direct: the platform's id of the chat
  SessionMode mode = SessionMode::kShared;
  DirectScope scope = DirectScope::kMain;
  std::string main_key = "main";

  [[nodiscard]] SessionKey key() const;
};

}  // namespace patchbay::session
