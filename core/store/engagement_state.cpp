#include "store/engagement_state.hpp"

#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kFind[] =
    "SELECT 1 FROM engagement WHERE agent = ? AND instance = ? AND chat = ? AND thread = ?";
constexpr char kInsert[] =
    "INSERT INTO engagement(agent, instance, chat, thread, since) VALUES(?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING";
constexpr char kRemove[] =
    "DELETE FROM engagement WHERE agent = ? AND instance = ? AND chat = ? AND thread = ?";

}  // namespace

base::Result<bool> EngagementRepository::takes_part(const base::AgentGroupId& agent,
                                                    const base::InstanceName& instance,
                                                    const base::ChatKey& chat,
                                                    const base::ThreadId& thread) {
  return guarded("reading who takes part", [&]() -> base::Result<bool> {
    return Query(statements_, kFind, agent, instance, chat, thread).step();
  });
}

base::Status EngagementRepository::set_takes_part(const base::AgentGroupId& agent,
                                                  const base::InstanceName& instance,
                                                  const base::ChatKey& chat,
                                                  const base::ThreadId& thread,
                                                  base::WallTime since) {
  return guarded("writing who takes part", [&]() -> base::Status {
    Query(statements_, kInsert, agent, instance, chat, thread, since).run();
    return {};
  });
}

base::Status EngagementRepository::leave(const base::AgentGroupId& agent,
                                         const base::InstanceName& instance,
                                         const base::ChatKey& chat, const base::ThreadId& thread) {
  return guarded("writing who takes part", [&]() -> base::Status {
    Query(statements_, kRemove, agent, instance, chat, thread).run();
    return {};
  });
}

}  // namespace patchbay::store
