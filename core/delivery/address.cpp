#include "delivery/address.hpp"

#include <patchbay/sdk/group_key.hpp>

namespace patchbay::delivery {
namespace {

constexpr std::string_view kAgent = "agent";

bool is_absent(const session::ChatAddress& address) { return address.platform_id.empty(); }

// A notice has the agent's own group as its address: an answer to it belongs to the default chat.
bool is_own_notice(const session::ChatAddress& address, const base::AgentGroupId& own_group) {
  return address.channel_type == kAgent && address.platform_id == own_group.str();
}

}  // namespace

store::LaneKey host_lane(const session::SessionAddress& session) {
  return {base::InstanceName(), base::ChatKey(session_name(session)), {}};
}

store::LaneKey agent_lane(const base::AgentGroupId& target) {
  return {base::InstanceName(std::string(kAgent)), base::ChatKey(target.str()), {}};
}

bool is_host_lane(const store::LaneKey& lane) { return lane.instance.empty(); }

bool is_agent_lane(const store::LaneKey& lane) { return lane.instance.str() == kAgent; }

bool is_chat_lane(const store::LaneKey& lane) {
  return !is_host_lane(lane) && !is_agent_lane(lane);
}

store::LaneKey without_thread(store::LaneKey lane) {
  lane.thread = {};
  return lane;
}

base::Result<store::LaneKey> lane_of_address(const session::ChatAddress& address) {
  if (address.channel_type == kAgent) {
    if (!base::is_agent_group_id(address.platform_id)) {
      return base::Status(base::Code::kInvalidArgument,
                          "\"" + address.platform_id + "\" is no agent's name");
    }
    return agent_lane(base::AgentGroupId(address.platform_id));
  }
  sdk::GroupKeyHints hints;
  hints.instance = address.channel_type;
  std::string problem;
  const auto parsed = sdk::parse_group_key(address.platform_id, hints, &problem);
  if (!parsed) {
    return base::Status(base::Code::kInvalidArgument,
                        "\"" + address.platform_id + "\" names no chat: " + problem);
  }
  const sdk::GroupKey& key = parsed->key;
  if (!address.channel_type.empty() && key.instance != address.channel_type) {
    return base::Status(
        base::Code::kInvalidArgument,
        "\"" + address.platform_id + "\" is not a chat of \"" + address.channel_type + "\"");
  }
  const std::string& thread = address.thread_id.empty() ? key.thread : address.thread_id;
  return store::LaneKey{base::InstanceName(key.instance), base::ChatKey(key.chat().text()),
                        base::ThreadId(thread)};
}

base::Result<store::LaneKey> resolve_lane(const session::OutboundMessage& message,
                                          const base::AgentGroupId& own_group,
                                          const store::LaneKey& session_default) {
  if (!is_absent(message.address)) {
    return lane_of_address(message.address);
  }
  if (message.in_reply_to_address && !is_absent(*message.in_reply_to_address) &&
      !is_own_notice(*message.in_reply_to_address, own_group)) {
    return lane_of_address(*message.in_reply_to_address);
  }
  if (session_default.chat.empty()) {
    return base::Status(base::Code::kNotFound,
                        "the row names no chat, and the session has none of its own");
  }
  return session_default;
}

std::optional<PlatformChat> platform_chat(const store::LaneKey& lane) {
  sdk::GroupKeyHints hints;
  hints.instance = lane.instance.str();
  const auto parsed = sdk::parse_group_key(lane.chat.str(), hints);
  if (!parsed) {
    return std::nullopt;
  }
  PlatformChat chat;
  chat.id = parsed->key.id;
  switch (parsed->key.kind) {
    case sdk::ChatKind::kDirect:
      chat.kind = store::ChatKind::kDirect;
      break;
    case sdk::ChatKind::kGroup:
      chat.kind = store::ChatKind::kGroup;
      break;
    case sdk::ChatKind::kChannel:
      chat.kind = store::ChatKind::kChannel;
      break;
  }
  return chat;
}

}  // namespace patchbay::delivery
