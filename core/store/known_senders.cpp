#include "store/known_senders.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kFind[] =
    "SELECT 1 FROM known_senders WHERE agent = ? AND instance = ? AND sender = ?";
constexpr char kInsert[] =
    "INSERT INTO known_senders(agent, instance, sender, since) VALUES(?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING";
constexpr char kRemove[] =
    "DELETE FROM known_senders WHERE agent = ? AND instance = ? AND sender = ?";

}  // namespace

base::Result<bool> KnownSenderRepository::contains(const base::AgentGroupId& agent,
                                                   const base::InstanceName& instance,
                                                   const std::string& sender) {
  return guarded("reading known senders", [&]() -> base::Result<bool> {
    return Query(statements_, kFind, agent, instance, sender).step();
  });
}

base::Status KnownSenderRepository::add(const base::AgentGroupId& agent,
                                        const base::InstanceName& instance,
                                        const std::string& sender, base::WallTime now) {
  return guarded("writing known senders", [&]() -> base::Status {
    Query(statements_, kInsert, agent, instance, sender, now).run();
    return {};
  });
}

base::Status KnownSenderRepository::remove(const base::AgentGroupId& agent,
                                           const base::InstanceName& instance,
                                           const std::string& sender) {
  return guarded("writing known senders", [&]() -> base::Status {
    Query(statements_, kRemove, agent, instance, sender).run();
    return {};
  });
}

}  // namespace patchbay::store
