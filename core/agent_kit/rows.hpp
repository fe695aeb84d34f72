// The values that an agent reads and writes. Names of fields are those of the columns; what they
// mean is in docs/session-contract.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace patchbay::agent_kit {

// Where a message came from or goes to.
struct Address {
  std::string channel_type;
  std::string platform_id;
  std::string thread_id;  // empty: none
  auto operator<=>(const Address&) const = default;
};

// A row of messages_in.
struct InboundRow {
  std::string id;
  std::int64_t seq = 0;  // the message's number, as a model may be told it
  std::string kind;      // "chat", "chat-sdk", "task", "webhook", "system"
  std::string timestamp;
  Address address;
  std::string content;  // JSON, of whatever shape its sender made it
  bool trigger = true;  // false: context, no answer is expected to it alone
};

struct DueRows {
  std::vector<InboundRow> rows;            // by seq; none of kind system
  std::optional<base::WallTime> next_due;  // of the earliest row that is not due yet
};

// A file to send. It is moved out of its place when it lies on the session's filesystem and may be,
// else copied.
struct OutgoingFile {
  std::string path;
  std::string name;  // any; made safe and unique within the message
  enum class Source : std::uint8_t { kKept, kMayBeMoved } source = Source::kKept;
};

// A row for messages_out.
struct OutboundRow {
  std::string id;           // see answer_row_id()
  std::string in_reply_to;  // empty: NULL
  Address address;          // all empty: the address of in_reply_to, else the session's default
  std::string kind = "chat";
  std::string content;  // a JSON object; "files" is put in by the kit when there are any
  std::vector<OutgoingFile> files;
};

// A value of session_state as it is to be.
struct StateChange {
  std::string key;
  std::string value;  // empty: removed
};

enum class Acknowledgement : std::uint8_t { kCompleted, kFailed };

// The id of the number-th answer (from 1) to an inbound row. It is the same after a crash, so that
// a turn that is run again writes the same row instead of a second one, and it is a folder name.
[[nodiscard]] std::string answer_row_id(std::string_view inbound_id, int number);

}  // namespace patchbay::agent_kit
