#include "agent_kit/unread_notices.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"

namespace patchbay::agent_kit {
namespace {

using nlohmann::json;

constexpr std::string_view kKey = "patchbay_unread_notices";
constexpr std::size_t kMostKept = 10;

// A list of contents; empty when there is none, or none that can be read.
json kept_by(AgentSession& session) {
  const auto text = session.state(kKey);
  if (!text.ok() || !text->has_value()) {
    return json::array();
  }
  auto list = base::parse_json(**text);
  return list.ok() && list->is_array() ? std::move(*list) : json::array();
}

}  // namespace

Turn with_unread_notices(AgentSession& session, Turn turn) {
  std::vector<InboundRow> rows;
  for (const json& content : kept_by(session)) {
    if (content.is_string()) {
      InboundRow row;
      row.kind = "chat";
      row.address.channel_type = "agent";
      row.content = content.get<std::string>();
      row.trigger = false;
      rows.push_back(std::move(row));
    }
  }
  turn.rows.insert(turn.rows.begin(), std::make_move_iterator(rows.begin()),
                   std::make_move_iterator(rows.end()));
  return turn;
}

std::vector<StateChange> kept_notices(const Turn& turn) {
  json kept = json::array();
  for (const InboundRow& row : turn.rows) {
    if (is_notice(row)) {
      kept.push_back(row.content);
    }
  }
  while (kept.size() > kMostKept) {
    kept.erase(kept.begin());
  }
  if (kept.empty()) {
    return {};
  }
  return {{std::string(kKey), kept.dump(-1, ' ', false, json::error_handler_t::replace)}};
}

std::vector<StateChange> no_kept_notices(const Turn& turn) {
  if (std::none_of(turn.rows.begin(), turn.rows.end(), is_notice)) {
    return {};
  }
  return {{std::string(kKey), {}}};
}

}  // namespace patchbay::agent_kit
