// Who decides where a connection may go.
#pragma once

#include <functional>
#include <string_view>

#include "base/status.hpp"

namespace patchbay::net {

// Says whether a connection may go to `host` (lower case, or an address). Asked before a name is
// resolved with an empty address, then with each numeric address before connecting to it, and the
// connection goes to that very address: the name is not resolved again. What it refuses ends with
// its Status, and nothing was sent to that host.
using HostAllow = std::function<base::Status(std::string_view host, std::string_view address)>;

}  // namespace patchbay::net
