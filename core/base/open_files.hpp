// How many descriptors a process may have open (RLIMIT_NOFILE). The soft limit is 1,024 almost
// everywhere, for programs that use select(); a host of many accounts needs what the hard one
// gives.
#pragma once

#include <sys/resource.h>

#include "base/status.hpp"

namespace patchbay::base {

// [any thread] The soft limit of this process becomes its hard one. The soft one that there was:
// what programs that it starts are to get back.
[[nodiscard]] Result<rlim_t> raise_open_files();

}  // namespace patchbay::base
