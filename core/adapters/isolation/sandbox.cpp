#include "adapters/isolation/sandbox.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "adapters/isolation/landlock.hpp"
#include "adapters/isolation/system_calls.hpp"
#include "base/limits.hpp"

namespace patchbay::adapters {
namespace {

using base::Result;
using base::Status;

Status limit(int resource, rlim_t most, const char* name) {
  const rlimit value{most, most};
  return ::setrlimit(static_cast<__rlimit_resource>(resource), &value) == 0
             ? Status()
             : Status::from_errno(errno, std::string("cannot limit ") + name);
}

}  // namespace

Result<std::string> enter_sandbox(const SandboxPlan& plan) {
  PATCHBAY_TRY(limit(RLIMIT_CORE, 0, "core files"));
  PATCHBAY_TRY(limit(RLIMIT_NOFILE, limits::kRunnerDescriptors, "open files"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A sanitizer's shadow memory is larger than any limit.
  PATCHBAY_TRY(limit(RLIMIT_DATA, plan.memory_bytes, "memory"));
#endif
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Status::from_errno(errno, "cannot give up privileges");
  }
  PATCHBAY_ASSIGN(const bool files, confine_files(plan.library));
  PATCHBAY_TRY(confine_system_calls(plan.refusals));
  return files ? std::string()
               : "this kernel has no Landlock (Linux 5.13 or newer, enabled with lsm=landlock), so "
                 "that the adapter can read and write the files of Patchbay's user";
}

}  // namespace patchbay::adapters
