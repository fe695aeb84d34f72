// In which chats and threads an agent takes part because it was mentioned there (mention-sticky).
#pragma once

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

class EngagementRepository {
 public:
  explicit EngagementRepository(Statements& statements) : statements_(statements) {}

  base::Result<bool> takes_part(const base::AgentGroupId& agent, const base::InstanceName& instance,
                                const base::ChatKey& chat, const base::ThreadId& thread);
  base::Status set_takes_part(const base::AgentGroupId& agent, const base::InstanceName& instance,
                              const base::ChatKey& chat, const base::ThreadId& thread,
                              base::WallTime since);
  base::Status leave(const base::AgentGroupId& agent, const base::InstanceName& instance,
                     const base::ChatKey& chat, const base::ThreadId& thread);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
