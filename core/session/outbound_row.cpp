#include "session/outbound_row.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/iso_time.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace patchbay::session {
namespace {

enum Column : int {
  kId,
  kSeq,
  kInReplyTo,
  kDeliverAfter,
  kRecurrence,
  kKind,
  kPlatformId,
  kChannelType,
  kThreadId,
  kContent
};

bool is_usable_id(std::string_view id) {
  return !id.empty() && id.size() <= limits::kRowIdBytes && base::is_valid_utf8(id) &&
         id.find('\0') == std::string_view::npos;
}

std::string shortened(std::string_view text) {
  return std::string(base::utf8_prefix(base::to_valid_utf8(text.substr(0, 100)), 100));
}

// Puts a short column into `value`; an overlong one is a reason to refuse the row.
void take(const Statement& row, Column column, std::string_view name, std::string& value,
          std::string& refusal) {
  const std::string_view text = row.text(column);
  if (text.size() > limits::kOutboundFieldBytes) {
    refusal = std::string(name) + " is longer than 1024 bytes";
    return;
  }
  value = base::to_valid_utf8(text);
}

void take_content(const Statement& row, OutboundMessage& message) {
  const std::string_view content = row.text(kContent);
  if (row.is_null(kContent)) {
    message.refusal = "content is NULL";
  } else if (content.size() > limits::kOutboundContentBytes) {
    message.refusal = "content has " + std::to_string(content.size()) + " bytes; the limit is " +
                      std::to_string(limits::kOutboundContentBytes);
  } else {
    message.content = base::to_valid_utf8(content);
  }
}

void take_deliver_after(const Statement& row, OutboundMessage& message) {
  if (row.is_null(kDeliverAfter)) {
    return;
  }
  const std::string_view text = row.text(kDeliverAfter);
  message.deliver_after = base::parse_time(text);
  if (!message.deliver_after) {
    message.refusal = "deliver_after is no time: \"" + shortened(text) +
                      "\"; write YYYY-MM-DD HH:MM:SS (UTC) or ISO 8601";
  }
}

}  // namespace

std::string id_of_rowid(std::int64_t rowid) { return "rowid:" + std::to_string(rowid); }

std::string outbound_id(const Statement& row, int column, std::int64_t rowid) {
  // The type first: asking for the text may convert a number in place.
  const bool is_text = row.is_text(column);
  const std::string_view id = row.text(column);
  return is_text && is_usable_id(id) ? std::string(id) : id_of_rowid(rowid);
}

OutboundMessage outbound_row(const Statement& row, std::int64_t rowid) {
  OutboundMessage message;
  message.rowid = rowid;
  if (row.is_integer(kSeq) && row.number(kSeq) >= 1 && row.number(kSeq) <= kLargestSeq) {
    message.seq = row.number(kSeq);
  }
  // The last refusal is the one that is told; the id comes last because nothing works without one.
  take(row, kInReplyTo, "in_reply_to", message.in_reply_to, message.refusal);
  take(row, kPlatformId, "platform_id", message.address.platform_id, message.refusal);
  take(row, kChannelType, "channel_type", message.address.channel_type, message.refusal);
  take(row, kThreadId, "thread_id", message.address.thread_id, message.refusal);
  take(row, kKind, "kind", message.kind, message.refusal);
  if (row.text(kKind).empty()) {
    message.refusal = "kind is missing";
  }
  take_deliver_after(row, message);
  if (!row.is_null(kRecurrence) && !row.text(kRecurrence).empty()) {
    message.refusal =
        "recurrence is not supported on outbound rows; schedule a task with schedule_task";
  }
  take_content(row, message);
  const bool is_text = row.is_text(kId);
  message.id = outbound_id(row, kId, rowid);
  if (!is_text || message.id != row.text(kId)) {
    message.refusal = "its id is unusable: it must be text of 1 to 200 bytes";
  }
  return message;
}

OutboundMessage oversized_row(std::int64_t rowid, std::string id) {
  OutboundMessage message;
  message.rowid = rowid;
  message.id = std::move(id);
  message.refusal = "the row is larger than " + std::to_string(limits::kSqliteLengthBytes) +
                    " bytes; the limit of content is " +
                    std::to_string(limits::kOutboundContentBytes);
  return message;
}

std::optional<std::string> target_of_content(const std::string& content) {
  // Most messages are none: parsing them twice would be a waste.
  if (content.find("\"operation\"") == std::string::npos) {
    return std::nullopt;
  }
  const auto json = base::parse_json(content);
  if (!json.ok() || !json->is_object() || !json->contains("operation")) {
    return std::nullopt;
  }
  const auto found = json->find("messageId");
  if (found == json->end()) {
    return std::nullopt;
  }
  std::string reference;
  if (found->is_string()) {
    reference = found->get<std::string>();
  } else if (found->is_number_integer()) {
    reference = std::to_string(found->get<std::int64_t>());
  }
  if (reference.empty() || reference.size() > limits::kOutboundFieldBytes) {
    return std::nullopt;
  }
  return reference;
}

std::optional<std::int64_t> sequence_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1 ||
      number > kLargestSeq) {
    return std::nullopt;
  }
  return number;
}

}  // namespace patchbay::session
