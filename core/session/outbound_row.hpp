// One row of messages_out as a value; the judgement of what is unacceptable in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "session/database.hpp"
#include "session/types.hpp"

namespace patchbay::session {

inline constexpr std::int64_t kLargestSeq = std::int64_t{1} << 53;  // exact in every language

// The columns that read_outbound_row() expects, in order.
inline constexpr std::string_view kOutboundColumns =
    "id, seq, in_reply_to, deliver_after, recurrence, kind, platform_id, channel_type, thread_id,"
    " content";

// The id of a row that has no usable one.
[[nodiscard]] std::string id_of_rowid(std::int64_t rowid);
// The id in that column, or id_of_rowid().
[[nodiscard]] std::string outbound_id(const Statement& row, int column, std::int64_t rowid);

[[nodiscard]] OutboundMessage outbound_row(const Statement& row, std::int64_t rowid);
// For a row that is too large to be read.
[[nodiscard]] OutboundMessage oversized_row(std::int64_t rowid, std::string id);

// content.messageId, when content is an object with an operation.
[[nodiscard]] std::optional<std::string> target_of_content(const std::string& content);

// "42" → 42; nothing if it is no sequence number.
[[nodiscard]] std::optional<std::int64_t> sequence_number(std::string_view text);

}  // namespace patchbay::session
