// Ids of rows in messages_in, made from a message's names on its platform, so that the same message
// always has the same id; and the way back, for edits and reactions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace patchbay::store {

enum class RowIdKind : std::uint8_t { kMessage, kEdit, kReaction, kDelete };

struct RowIdParts {
  base::InstanceName instance;
  base::ChannelName channel;  // the instance is named in the id only if it is called otherwise
  std::string chat_id;        // the platform's
  std::string message_id;     // of the message itself, also for an edit of it
  RowIdKind kind = RowIdKind::kMessage;
  std::string event_id;  // of an edit or a reaction
  base::AgentGroupId agent;
};

// "[<instance>/]<chat id>:<message id>[:edit:<event>|:react:<event>|:del]:<agent>". Ids over
// limits::kRowIdBytes keep a readable beginning, then '~' and 128 bits of their SHA-256.
[[nodiscard]] std::string row_id(const RowIdParts& parts);

// The platform's message id in a row id of this chat and agent. Nothing when the row id is of
// another chat or agent, or was shortened.
[[nodiscard]] std::optional<std::string> message_id_of_row(std::string_view row_id,
                                                           const base::InstanceName& instance,
                                                           std::string_view chat_id,
                                                           const base::AgentGroupId& agent);

}  // namespace patchbay::store
