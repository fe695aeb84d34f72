#include "session/session_key.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <patchbay/sdk/group_key.hpp>

#include "base/text.hpp"

namespace patchbay::session {
namespace {

constexpr std::size_t kMaxKeyBytes = 1024;

// Words that begin a rest of their own; what follows them is opaque, even if it looks like a chat.
constexpr std::array<std::string_view, 5> kOwnWords = {"dashboard", "cron", "subagent", "acp",
                                                       "hook"};

bool is_direct_word(std::string_view word) { return word == "direct" || word == "dm"; }

// The parts between the colons; empty ones are left out.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (end > 0) {
      parts.push_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string join(const std::vector<std::string_view>& parts, std::size_t first = 0) {
  std::string text;
  for (std::size_t i = first; i < parts.size(); ++i) {
    text += i == first ? "" : ":";
    text += parts[i];
  }
  return text;
}

// A peer is opaque and may hold colons; escaping is undone first, so both spellings are one.
std::string peer_text(std::string_view peer) {
  const std::string id = sdk::unescape_key_id(base::trim(peer));
  return id.empty() ? "unknown" : sdk::escape_key_id(id);
}

// direct:<peer>, <channel>:direct:<peer>, <channel>:<account>:direct:<peer>; nothing if it is none.
std::optional<std::string> direct_rest(const std::vector<std::string_view>& parts) {
  for (std::size_t i = 0; i < 3 && i + 1 < parts.size(); ++i) {
    if (!is_direct_word(base::to_lower(parts[i]))) {
      if (!sdk::is_instance_name(base::to_lower(parts[i]))) {
        return std::nullopt;
      }
      continue;
    }
    std::string rest;
    for (std::size_t word = 0; word < i; ++word) {
      rest += base::to_lower(parts[word]) + ":";
    }
    return rest + "direct:" + peer_text(join(parts, i + 1));
  }
  return std::nullopt;
}

std::string canonical_rest(const std::vector<std::string_view>& parts, std::string_view main_key) {
  const std::string first = base::to_lower(parts.front());
  if (parts.size() == 1 && (first == "main" || parts.front() == main_key)) {
    return std::string(main_key);
  }
  if (std::find(kOwnWords.begin(), kOwnWords.end(), first) != kOwnWords.end()) {
    return parts.size() == 1 ? first : first + ":" + join(parts, 1);
  }
  if (auto direct = direct_rest(parts)) {
    return std::move(*direct);
  }
  const std::string text = join(parts);
  const auto group = sdk::parse_group_key(text);
  return group && group->key.kind != sdk::ChatKind::kDirect ? group->canonical : text;
}

bool is_printable(std::string_view text) {
  return base::is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

base::Status invalid(std::string_view text, std::string_view why) {
  std::string message = "session key \"";
  message += base::utf8_prefix(base::to_valid_utf8(text), 100);
  message += "\": ";
  message += why;
  return {base::Code::kInvalidArgument, std::move(message)};
}

std::string main_key_or_default(std::string_view main_key) {
  const std::string_view trimmed = base::trim(main_key);
  return std::string(trimmed.empty() ? "main" : trimmed);
}

}  // namespace

base::AgentGroupId normalise_agent_id(std::string_view name) {
  constexpr std::size_t kMaxBytes = 64;
  std::string id;
  for (const char c : base::to_lower(base::trim(name))) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (kept) {
      id += c;
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  // An id begins with a letter or a digit.
  id.erase(0, std::min(id.find_first_not_of("-_"), id.size()));
  id.resize(std::min(id.size(), kMaxBytes));
  id.erase(id.find_last_not_of('-') + 1);
  return base::AgentGroupId(id.empty() ? "main" : std::move(id));
}

base::Result<SessionKey> SessionKey::parse(std::string_view text,
                                           const base::AgentGroupId& default_agent,
                                           std::string_view main_key) {
  const std::string_view word = base::trim(text);
  if (word.size() > kMaxKeyBytes) {
    return invalid(text, "it is longer than 1024 bytes");
  }
  if (!is_printable(word)) {
    return invalid(text, "it holds control characters or malformed UTF-8");
  }
  const std::string lower = base::to_lower(word);
  if (lower == "global" || lower == "unknown") {
    return SessionKey(lower, std::nullopt);
  }
  std::vector<std::string_view> parts = split(word);
  if (parts.empty()) {
    return invalid(text, "it is empty");
  }
  base::AgentGroupId agent = default_agent;
  if (base::to_lower(parts.front()) == "agent") {
    if (parts.front() != "agent") {
      return invalid(text, "write \"agent\" in lower case");
    }
    if (parts.size() < 3) {
      return invalid(text, "write agent:<agent>:<rest>, for example agent:main:main");
    }
    agent = normalise_agent_id(parts[1]);
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  std::string key = "agent:" + agent.str() + ":";
  key += canonical_rest(parts, main_key_or_default(main_key));
  return SessionKey(std::move(key), std::move(agent));
}

std::string_view SessionKey::rest() const {
  if (!agent_) {
    return text_;
  }
  constexpr std::size_t kAround = 7;  // "agent:" and the colon after the agent
  return std::string_view(text_).substr(kAround + agent_->str().size());
}

SessionKey SessionKeyParts::key() const {
  std::string rest = main_key_or_default(main_key);
  if (mode != SessionMode::kAgentShared && direct) {
    switch (scope) {
      case DirectScope::kMain:
        break;
      case DirectScope::kPerPeer:
        rest = "direct:" + peer_text(peer);
        break;
      case DirectScope::kPerChannelPeer:
        rest = channel.str() + ":direct:" + peer_text(peer);
        break;
      case DirectScope::kPerAccountChannelPeer:
        rest = channel.str() + ":" + instance.str() + ":direct:" + peer_text(peer);
        break;
    }
  } else if (mode != SessionMode::kAgentShared) {
    rest = chat.str();
    if (mode == SessionMode::kPerThread && !thread.empty()) {
      const bool topic = sdk::thread_word_of_channel(channel.str()) == sdk::ThreadWord::kTopic;
      rest += topic ? ":topic:" : ":thread:";
      rest += sdk::escape_key_id(thread.str());
    }
  }
  return {"agent:" + agent.str() + ":" + rest, agent};
}

}  // namespace patchbay::session
