// seccomp: which system calls an isolated adapter may make.
#pragma once

#include "base/status.hpp"

namespace patchbay::adapters {

// From now on the calls that reach beyond this process (sockets, other processes, programs, modes
// of files, the system) fail with EPERM, and each is written to the pipe `refusals` as a Refusal;
// so is each file that Landlock does not let open. Needs PR_SET_NO_NEW_PRIVS. An error says why the
// kernel does not do that.
[[nodiscard]] base::Status confine_system_calls(int refusals);

}  // namespace patchbay::adapters
