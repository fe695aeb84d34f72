// What an agent may ask of a host that this host does not do: answered as an error, never as done.
#pragma once

#include "delivery/ports.hpp"

namespace patchbay::host {

// Rows of kind system: no action is served.
class NoSystemActions final : public delivery::SystemActionPort {
 public:
  void perform(delivery::SystemAction action,
               base::UniqueFunction<void(base::Status)> done) override;
};

// Rows to other agents: none can be written to.
class NoAgentMessages final : public delivery::AgentMessagePort {
 public:
  void send(delivery::AgentMessage message, base::UniqueFunction<void(base::Status)> done) override;
};

}  // namespace patchbay::host
