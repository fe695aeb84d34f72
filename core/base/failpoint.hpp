// Named places where a test can kill the process, make an operation fail, or hold it.
// Compiled in only where tests are built.
//
// PATCHBAY_FAILPOINTS_SET="delivery.after_send=kill@3,session.before_commit=error" in the
// environment of the process: at the third passage the process gets SIGKILL; every passage fails.
#pragma once

#include <string_view>

namespace patchbay::base {

#if defined(PATCHBAY_FAILPOINTS)
// True if the operation at this failpoint is to fail. May not return ("kill").
[[nodiscard]] bool failpoint(std::string_view name);
#else
[[nodiscard]] constexpr bool failpoint(std::string_view) { return false; }
#endif

}  // namespace patchbay::base

// A place where only a kill makes sense.
#define PBAY_FAILPOINT(name) static_cast<void>(::patchbay::base::failpoint(name))
// An expression: true when the step that follows is to be treated as failed.
#define PBAY_FAILPOINT_FAILS(name) (::patchbay::base::failpoint(name))
