// Events as rows of messages_in. docs/session-contract.md, "Content shapes".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/status.hpp"
#include "routing/inbound_event.hpp"
#include "session/types.hpp"

namespace patchbay::routing {

// Compact; keys in the order of the alphabet.
[[nodiscard]] std::string json_text(const nlohmann::json& value);

// The id of the event's row for that agent; the same whenever the event comes again.
[[nodiscard]] std::string row_id_of(const InboundEvent& event, const base::AgentGroupId& agent);

// `attachments`: the finished array of the content.
[[nodiscard]] std::string content_of(const InboundEvent& event, const nlohmann::json& attachments);

enum class Wakes : std::uint8_t { kNo, kYes };
[[nodiscard]] session::InboundMessage row_of(const InboundEvent& event, std::string row_id,
                                             Wakes wakes, const nlohmann::json& attachments);

// A file is still to be fetched before the row can be seen.
[[nodiscard]] bool has_references(const InboundEvent& event);
[[nodiscard]] bool has_staged_files(const InboundEvent& event);

// The whole event, as the intake and pending files keep it.
[[nodiscard]] std::string to_text(const InboundEvent& event);

// A row that waits in the central intake for its session.
struct WaitingRow {
  session::InboundMessage row;
  std::string event_id;
  std::string pending_event;  // the event as JSON if its files are still to be fetched, else empty
};
[[nodiscard]] std::string to_text(const WaitingRow& waiting);
[[nodiscard]] base::Result<WaitingRow> waiting_row_from_text(std::string_view text);

}  // namespace patchbay::routing
