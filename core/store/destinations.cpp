#include "store/destinations.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr std::size_t kNameBytes = 64;

constexpr char kFindTarget[] =
    "SELECT name FROM destinations "
    "WHERE agent = ? AND instance = ? AND chat = ? AND target_agent = ?";
constexpr char kNameTaken[] = "SELECT 1 FROM destinations WHERE agent = ? AND name = ?";
constexpr char kInsert[] =
    "INSERT INTO destinations(agent, name, display_name, is_agent, instance, chat, target_agent) "
    "VALUES(?, ?, ?, ?, ?, ?, ?)";
constexpr char kList[] =
    "SELECT agent, name, display_name, is_agent, instance, chat, target_agent FROM destinations "
    "WHERE agent = ? ORDER BY name";
constexpr char kRemove[] = "DELETE FROM destinations WHERE agent = ? AND name = ?";

}  // namespace

std::string normalise_destination_name(std::string_view name) {
  std::string result;
  for (const char character : base::to_lower(name)) {
    const bool kept =
        (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
    if (kept) {
      result += character;
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
  }
  result.resize(std::min(result.size(), kNameBytes));
  while (!result.empty() && result.back() == '-') {
    result.pop_back();
  }
  return result.empty() ? "chat" : result;
}

base::Result<std::string> DestinationRepository::insert_with_free_name(
    const DestinationRecord& wished) {
  return guarded("writing a destination", [&]() -> base::Result<std::string> {
    {
      Query known(statements_, kFindTarget, wished.agent, wished.instance, wished.chat,
                  wished.target_agent);
      if (known.step()) {
        return known.text(0);
      }
    }
    const std::string name = normalise_destination_name(wished.name);
    std::string candidate = name;
    for (int number = 2; Query(statements_, kNameTaken, wished.agent, candidate).step(); ++number) {
      const std::string suffix = "-" + std::to_string(number);
      candidate = name.substr(0, kNameBytes - suffix.size()) + suffix;
    }
    Query(statements_, kInsert, wished.agent, candidate, wished.display_name, wished.is_agent,
          wished.instance, wished.chat, wished.target_agent)
        .run();
    return candidate;
  });
}

base::Result<std::string> DestinationRepository::ensure_channel(const base::AgentGroupId& agent,
                                                                std::string_view wished_name,
                                                                const std::string& display_name,
                                                                const base::InstanceName& instance,
                                                                const base::ChatKey& chat) {
  return insert_with_free_name(
      {agent, std::string(wished_name), display_name, false, instance, chat, {}});
}

base::Result<std::string> DestinationRepository::ensure_agent(const base::AgentGroupId& agent,
                                                              std::string_view wished_name,
                                                              const std::string& display_name,
                                                              const base::AgentGroupId& target) {
  return insert_with_free_name(
      {agent, std::string(wished_name), display_name, true, {}, {}, target});
}

base::Result<std::vector<DestinationRecord>> DestinationRepository::list(
    const base::AgentGroupId& agent) {
  return guarded("listing destinations", [&]() -> base::Result<std::vector<DestinationRecord>> {
    Query query(statements_, kList, agent);
    std::vector<DestinationRecord> destinations;
    while (query.step()) {
      destinations.push_back({query.id<base::AgentGroupId>(0), query.text(1), query.text(2),
                              query.flag(3), query.id<base::InstanceName>(4),
                              query.id<base::ChatKey>(5), query.id<base::AgentGroupId>(6)});
    }
    return destinations;
  });
}

base::Result<bool> DestinationRepository::may_write_to_chat(const base::AgentGroupId& agent,
                                                            const base::InstanceName& instance,
                                                            const base::ChatKey& chat) {
  return guarded("reading a destination", [&]() -> base::Result<bool> {
    return Query(statements_, kFindTarget, agent, instance, chat, base::AgentGroupId()).step();
  });
}

base::Result<bool> DestinationRepository::may_write_to_agent(const base::AgentGroupId& agent,
                                                             const base::AgentGroupId& target) {
  return guarded("reading a destination", [&]() -> base::Result<bool> {
    return Query(statements_, kFindTarget, agent, base::InstanceName(), base::ChatKey(), target)
        .step();
  });
}

base::Status DestinationRepository::remove(const base::AgentGroupId& agent,
                                           const std::string& name) {
  return guarded("removing a destination", [&]() -> base::Status {
    Query(statements_, kRemove, agent, name).run();
    return {};
  });
}

}  // namespace patchbay::store
