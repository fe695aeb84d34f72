// Landlock: the kernel's rules about files for a process that gives rights up.
// Documentation: https://docs.kernel.org/userspace-api/landlock.html
#pragma once

#include <string>

#include "base/status.hpp"

namespace patchbay::adapters {

// From now on this process can open nothing but the system's libraries and `library`, to read, and
// change no folder. False: the kernel has no Landlock. Rights that came after `newest_version` of
// it are left alone, as an older kernel would. Needs PR_SET_NO_NEW_PRIVS.
[[nodiscard]] base::Result<bool> confine_files(const std::string& library, long newest_version);

}  // namespace patchbay::adapters
