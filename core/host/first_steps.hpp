// What a host on embedded defaults, which is somebody's first, tells that person.
#pragma once

#include <string>

#include "agents/agent_group.hpp"
#include "host/config.hpp"

namespace patchbay::adapters {
class AdapterHost;
}

namespace patchbay::host {

// Three lines: who answers and where the data is, how to talk to it, how to see how it is.
// `program` and `data`: absolute paths. [core thread]
[[nodiscard]] std::string first_steps(const std::string& program, const std::string& data,
                                      const ConfigOverrides& overrides,
                                      const agents::AgentGroup& agent,
                                      const adapters::AdapterHost& channels);

}  // namespace patchbay::host
