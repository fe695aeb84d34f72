// Names that must not be mixed up are types, not strings.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::base {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

using ChannelName = Id<struct ChannelNameTag>;    // "telegram"
using InstanceName = Id<struct InstanceNameTag>;  // "work-slack"; one configured account
using AgentGroupId = Id<struct AgentGroupIdTag>;  // "main"
using SessionId = Id<struct SessionIdTag>;        // a folder name, is_session_id() holds
using ChatKey = Id<struct ChatKeyTag>;            // a canonical group key: "telegram:group:-1001"
using ThreadId = Id<struct ThreadIdTag>;          // the platform's id of a thread; may be empty

// [a-z0-9][a-z0-9-]{0,31}, and none of the words that begin other keys: agent, gateway, global,
// unknown, group, channel, dm, direct.
[[nodiscard]] bool is_instance_name(std::string_view text);
// [a-z0-9][a-z0-9_-]{0,63}.
[[nodiscard]] bool is_agent_group_id(std::string_view text);
// [A-Za-z0-9][A-Za-z0-9._-]{0,127}.
[[nodiscard]] bool is_session_id(std::string_view text);

}  // namespace patchbay::base

template <class Tag>
struct std::hash<patchbay::base::Id<Tag>> {
  std::size_t operator()(const patchbay::base::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
