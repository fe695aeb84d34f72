// How people and agents are told of a failure. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/records.hpp"

namespace patchbay::delivery {

// What the agent is told, of one failure or of several that were gathered: which message, the
// reason, and whether it is certain.
[[nodiscard]] std::string agent_notice_text(const std::vector<store::DeliveryRecord>& failures,
                                            std::size_t more);
// The content of that row of messages_in.
[[nodiscard]] std::string agent_notice_content(const std::string& text);

// What the person in the chat is told.
[[nodiscard]] std::string user_notice_text(store::DeliveryState state, const std::string& reason);
// A content of messages_out that holds nothing but a text.
[[nodiscard]] std::string text_content(const std::string& text);

// The system row that answers an action which failed, as the tool that waits looks for it: by id
// for cli_request, else by a compact "questionId":"…".
struct ActionAnswer {
  std::string row_id;  // empty: any
  std::string content;
};
// The row names the tool's timeout where the action did.
[[nodiscard]] ActionAnswer action_error(const std::string& action, const std::string& request_id,
                                        const std::string& reason,
                                        std::optional<std::uint64_t> timeout_ms = std::nullopt);

}  // namespace patchbay::delivery
