// Where an agent may write to, by the names that it uses.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

struct DestinationRecord {
  base::AgentGroupId agent;  // whose it is
  std::string name;          // [a-z0-9-]{1,64}, unique for the agent
  std::string display_name;  // may be empty
  bool is_agent = false;
  base::InstanceName instance;  // of a channel
  base::ChatKey chat;
  base::AgentGroupId target_agent;  // of an agent
};

// Lower case, runs of anything but [a-z0-9] as one '-', none at the ends, at most 64 bytes; "chat"
// when nothing is left.
[[nodiscard]] std::string normalise_destination_name(std::string_view name);

class DestinationRepository {
 public:
  explicit DestinationRepository(Statements& statements) : statements_(statements) {}

  // Adds the chat unless the agent has it; a name that is taken gets -2, -3, …. The name it has.
  base::Result<std::string> ensure_channel(const base::AgentGroupId& agent,
                                           std::string_view wished_name,
                                           const std::string& display_name,
                                           const base::InstanceName& instance,
                                           const base::ChatKey& chat);
  base::Result<std::string> ensure_agent(const base::AgentGroupId& agent,
                                         std::string_view wished_name,
                                         const std::string& display_name,
                                         const base::AgentGroupId& target);
  base::Result<std::vector<DestinationRecord>> list(const base::AgentGroupId& agent);
  base::Result<bool> may_write_to_chat(const base::AgentGroupId& agent,
                                       const base::InstanceName& instance,
                                       const base::ChatKey& chat);
  base::Result<bool> may_write_to_agent(const base::AgentGroupId& agent,
                                        const base::AgentGroupId& target);
  base::Status remove(const base::AgentGroupId& agent, const std::string& name);

 private:
  base::Result<std::string> insert_with_free_name(const DestinationRecord& wished);
  Statements& statements_;
};

}  // namespace patchbay::store
