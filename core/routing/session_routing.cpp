#include "routing/session_routing.hpp"

#include <algorithm>

#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

session::Destination to_destination(const store::DestinationRecord& record) {
  session::Destination destination;
  destination.name = record.name;
  destination.display_name = record.display_name;
  destination.is_agent = record.is_agent;
  if (record.is_agent) {
    destination.agent_group_id = record.target_agent.str();
  } else {
    destination.chat = {record.instance.str(), record.chat.str(), {}};
  }
  return destination;
}

// The name that the agent's list does not have yet.
std::string free_name(const std::vector<session::Destination>& taken, const std::string& wished) {
  const std::string name = store::normalise_destination_name(wished);
  std::string candidate = name;
  const auto is_taken = [&](const session::Destination& other) { return other.name == candidate; };
  for (int number = 2; std::any_of(taken.begin(), taken.end(), is_taken); ++number) {
    candidate = name + "-" + std::to_string(number);
  }
  return candidate;
}

}  // namespace

base::Result<session::SetRouting> routing_for(store::Repositories& repositories,
                                              const session::SessionAddress& address) {
  PATCHBAY_ASSIGN(const auto session, repositories.sessions.find(address.agent, address.id));
  if (!session) {
    return base::Status(base::Code::kNotFound, "there is no session " + session_name(address));
  }
  session::SetRouting routing;
  bool own_chat_is_there = session->chat.empty();
  PATCHBAY_ASSIGN(const auto records, repositories.destinations.list(address.agent));
  for (const store::DestinationRecord& record : records) {
    if (!record.is_agent) {
      PATCHBAY_ASSIGN(const auto chat, repositories.chats.find(record.instance, record.chat));
      if (!chat) {
        continue;
      }
      own_chat_is_there |= record.instance == session->instance && record.chat == session->chat;
    }
    routing.destinations.push_back(to_destination(record));
  }
  if (!session->chat.empty()) {
    routing.default_address =
        session::ChatAddress{session->instance.str(), session->chat.str(), session->thread.str()};
  }
  if (!own_chat_is_there) {
    PATCHBAY_ASSIGN(const auto chat, repositories.chats.find(session->instance, session->chat));
    const std::string name = chat && !chat->name.empty() ? chat->name : session->chat.str();
    session::Destination own;
    own.name = free_name(routing.destinations, name);
    own.display_name = chat ? chat->name : std::string();
    own.chat = {session->instance.str(), session->chat.str(), {}};
    routing.destinations.push_back(std::move(own));
  }
  return routing;
}

}  // namespace patchbay::routing
