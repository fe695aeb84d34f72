#include "adapters/isolation/sandbox.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/capability.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adapters/isolation/landlock.hpp"
#include "adapters/isolation/system_calls.hpp"
#include "base/limits.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {
namespace {

using base::Result;
using base::Status;

// A limit that is lower already stays: only root's processes may raise it again.
Status limit(__rlimit_resource resource, rlim_t most, const char* name) {
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) {
    return Status::from_errno(errno, std::string("cannot see the limit of ") + name);
  }
  const rlim_t lower = std::min(most, now.rlim_max);
  const rlimit value{lower, lower};
  return ::setrlimit(resource, &value) == 0
             ? Status()
             : Status::from_errno(errno, std::string("cannot limit ") + name);
}

// Data is counted by the kernel only where it is private and no stack; the rest is kept small by
// the filter of system calls (no shared memory, no growing mappings) and by these.
Status limit_memory(std::uint64_t bytes) {
  PATCHBAY_TRY(limit(RLIMIT_STACK, limits::kRunnerStackBytes, "its stack"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A sanitizer's shadow memory is larger than any limit.
  PATCHBAY_TRY(limit(RLIMIT_DATA, bytes, "memory"));
  // What is only reserved or read costs its page tables.
  PATCHBAY_TRY(limit(RLIMIT_AS, bytes + limits::kRunnerAddressRoom, "addresses"));
#else
  static_cast<void>(bytes);
#endif
  return {};
}

// When memory runs out, an adapter goes before the daemon. In a container that forbids it all go
// alike.
void go_first() {
  const base::UniqueFd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  constexpr std::string_view kScore = "500";
  static_cast<void>(::write(file.get(), kScore.data(), kScore.size()) < 0);
}

// Root's: with them limits could be raised again, and none would count.
Status drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0
             ? Status()
             : Status::from_errno(errno, "cannot give up capabilities");
}

}  // namespace

Result<std::string> enter_sandbox(const SandboxPlan& plan) {
  PATCHBAY_TRY(limit(RLIMIT_CORE, 0, "core files"));
  PATCHBAY_TRY(limit(RLIMIT_NOFILE, limits::kRunnerDescriptors, "open files"));
  PATCHBAY_TRY(limit_memory(plan.memory_bytes));
  go_first();
  PATCHBAY_TRY(drop_capabilities());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Status::from_errno(errno, "cannot give up privileges");
  }
  PATCHBAY_ASSIGN(const bool files, confine_files(plan.library, plan.newest_landlock));
  PATCHBAY_TRY(confine_system_calls(plan.refusals));
  return files ? std::string()
               : "this kernel has no Landlock (Linux 5.13 or newer, enabled with lsm=landlock), so "
                 "that the adapter can read and write the files of Patchbay's user";
}

}  // namespace patchbay::adapters
