#include "host/refusing_ports.hpp"

namespace patchbay::host {

void NoSystemActions::perform(delivery::SystemAction action,
                              base::UniqueFunction<void(base::Status)> done) {
  done({base::Code::kNotFound, "this host has no action \"" + action.action + "\""});
}

void NoAgentMessages::send(delivery::AgentMessage message,
                           base::UniqueFunction<void(base::Status)> done) {
  done({base::Code::kNotFound, "agent " + message.to.str() + " cannot be written to"});
}

}  // namespace patchbay::host
