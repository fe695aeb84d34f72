#include "host/prompt_sizes.hpp"

#include <utility>

#include "base/limits.hpp"

namespace patchbay::host {

void PromptSizes::set(const std::vector<agents::AgentGroup>& groups) {
  std::map<base::AgentGroupId, int> sizes;
  for (const agents::AgentGroup& group : groups) {
    sizes[group.id] = group.messages_per_prompt;
  }
  const std::lock_guard lock(mutex_);
  sizes_ = std::move(sizes);
}

int PromptSizes::of(const base::AgentGroupId& agent) const {
  const std::lock_guard lock(mutex_);
  const auto found = sizes_.find(agent);
  return found == sizes_.end() ? limits::kMessagesPerPrompt : found->second;
}

}  // namespace patchbay::host
