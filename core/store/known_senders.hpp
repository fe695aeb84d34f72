// The people that an agent listens to where a wiring says `"senders": "known"`.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"

namespace patchbay::store {

class Statements;

class KnownSenderRepository {
 public:
  explicit KnownSenderRepository(Statements& statements) : statements_(statements) {}

  // `sender`: the platform's id of the person.
  base::Result<bool> contains(const base::AgentGroupId& agent, const base::InstanceName& instance,
                              const std::string& sender);
  base::Status add(const base::AgentGroupId& agent, const base::InstanceName& instance,
                   const std::string& sender, base::WallTime now);
  base::Status remove(const base::AgentGroupId& agent, const base::InstanceName& instance,
                      const std::string& sender);

 private:
  Statements& statements_;
};

}  // namespace patchbay::store
