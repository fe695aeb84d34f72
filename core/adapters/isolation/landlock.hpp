// Landlock: the kernel's rules about files for a process that gives rights up.
// Documentation: https://docs.kernel.org/userspace-api/landlock.html
#pragma once

#include <string>

#include "base/status.hpp"

namespace patchbay::adapters {

// From now on this process can open nothing but the system's libraries and `library`, to read, and
// change no folder. False: the kernel has no Landlock. Needs PR_SET_NO_NEW_PRIVS.
[[nodiscard]] base::Result<bool> confine_files(const std::string& library);

}  // namespace patchbay::adapters
