// Hosts that only the operator can open for an adapter.
#pragma once

#include <string_view>

namespace patchbay::testkit {

// An address that is not for the public internet, or a name of this machine: where an adapter's
// author sends it there, a host refuses, as core/adapters/host_rules.cpp does.
[[nodiscard]] bool is_private_host(std::string_view host);

}  // namespace patchbay::testkit
