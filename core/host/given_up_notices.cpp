#include "host/given_up_notices.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "delivery/address.hpp"
#include "store/row_id.hpp"

namespace patchbay::host {
namespace {

using session::GivenUpRow;

struct Told {
  store::LaneKey lane;
  std::string message_id;  // quoted; empty: none is known
  std::string row_id;      // the first
  std::int64_t attempts = 0;
  std::size_t rows = 0;
};

std::optional<store::LaneKey> lane_of(const GivenUpRow& row,
                                      const std::optional<store::LaneKey>& own) {
  auto lane = delivery::lane_of_address(row.address);
  return lane.ok() && delivery::is_chat_lane(*lane) ? std::optional(*std::move(lane)) : own;
}

std::string message_id_of(const GivenUpRow& row, const store::LaneKey& lane,
                          const base::AgentGroupId& agent) {
  const auto chat = delivery::platform_chat(lane);
  return chat ? store::message_id_of_row(row.id, lane.instance, chat->id, agent).value_or("") : "";
}

std::string text_of(const Told& told) {
  const bool one = told.rows == 1;
  std::string text = "The agent stopped " + std::to_string(told.attempts) +
                     " times before it was done with " +
                     (told.message_id.empty() ? "a message" : "this message");
  if (!one) {
    text += " and " + std::to_string(told.rows - 1) + " more";
  }
  return text + (one ? ", so it was given up. Send it again if it still matters."
                     : ", so they were given up. Send them again if they still matter.");
}

}  // namespace

std::vector<delivery::Saying> given_up_notices(const session::SessionAddress& session,
                                               const std::vector<GivenUpRow>& rows,
                                               const std::optional<store::LaneKey>& own) {
  std::vector<Told> chats;
  for (const GivenUpRow& row : rows) {
    if (!row.trigger) {
      continue;  // what others said to each other, or the host to the agent
    }
    const auto lane = lane_of(row, own);
    if (!lane) {
      continue;
    }
    auto told = std::find_if(chats.begin(), chats.end(),
                             [&lane](const Told& other) { return other.lane == *lane; });
    if (told == chats.end()) {
      told = chats.insert(chats.end(), Told{*lane, "", row.id, 0, 0});
    }
    ++told->rows;
    told->attempts = std::max(told->attempts, row.attempts);
    if (told->message_id.empty()) {
      told->message_id = message_id_of(row, *lane, session.agent);
    }
  }
  std::vector<delivery::Saying> sayings;
  for (Told& told : chats) {
    delivery::Saying& saying = sayings.emplace_back();
    saying.message_out_id = "given-up:" + session_name(session) + ":" + told.row_id;
    saying.text = text_of(told);
    saying.lane = std::move(told.lane);
    saying.reply_to = std::move(told.message_id);
  }
  return sayings;
}

}  // namespace patchbay::host
