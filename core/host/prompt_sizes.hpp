// How many unfinished messages each agent is shown at a time: read by the storage threads, changed
// when the configuration is read again.
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "agents/agent_group.hpp"
#include "base/ids.hpp"

namespace patchbay::host {

// [any thread]
class PromptSizes {
 public:
  void set(const std::vector<agents::AgentGroup>& groups);
  // limits::kMessagesPerPrompt for an agent that is not configured.
  [[nodiscard]] int of(const base::AgentGroupId& agent) const;

 private:
  mutable std::mutex mutex_;
  std::map<base::AgentGroupId, int> sizes_;
};

}  // namespace patchbay::host
