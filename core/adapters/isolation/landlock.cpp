#include "adapters/isolation/landlock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace patchbay::adapters {
namespace {

using base::Result;
using base::Status;
using base::UniqueFd;

// Debian 12 builds with the headers of Linux 6.1, which has version 2 of Landlock; what came later
// is written out here and used where the running kernel has it.
constexpr std::uint64_t kTruncate = 1ULL << 14;        // version 3
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;     // version 5
constexpr std::uint64_t kBindTcp = 1ULL << 0;          // version 4
constexpr std::uint64_t kConnectTcp = 1ULL << 1;       // version 4
constexpr std::uint64_t kAbstractSockets = 1ULL << 0;  // version 6
constexpr std::uint64_t kSignals = 1ULL << 1;          // version 6
struct RulesetAttributes {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scopes;
};

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kReadAndRun = kRead | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kTree = kReadAndRun | LANDLOCK_ACCESS_FS_READ_DIR;

struct Allowed {
  const char* path;
  std::uint64_t access;
};
// What the dynamic linker and the C library read by themselves.
constexpr Allowed kSystem[] = {
    {"/usr", kTree},
    {"/lib", kTree},
    {"/lib64", kTree},
    {"/etc/ld.so.cache", kRead},
    {"/etc/localtime", kRead},
    {"/proc/self", kTree},
    {"/proc/sys/vm/overcommit_memory", kRead},
    {"/sys/devices/system/cpu", kTree},
    {"/dev/null", kRead | LANDLOCK_ACCESS_FS_WRITE_FILE},
    {"/dev/urandom", kRead},
};

RulesetAttributes handled(long version) {
  // Everything of version 1.
  RulesetAttributes out{(LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, 0, 0};
  if (version >= 2) {
    out.files |= LANDLOCK_ACCESS_FS_REFER;
  }
  if (version >= 3) {
    out.files |= kTruncate;
  }
  if (version >= 4) {
    out.network = kBindTcp | kConnectTcp;
  }
  if (version >= 5) {
    out.files |= kIoctlDevice;
  }
  if (version >= 6) {
    out.scopes = kAbstractSockets | kSignals;
  }
  return out;
}

std::size_t size_of_attributes(long version) {
  return version < 4   ? sizeof(std::uint64_t)
         : version < 6 ? 2 * sizeof(std::uint64_t)
                       : sizeof(RulesetAttributes);
}

// A path that is not there is no loss.
Status allow(int ruleset, const char* path, std::uint64_t access) {
  const UniqueFd opened(::open(path, O_PATH | O_CLOEXEC));
  struct stat found{};
  if (!opened.valid() || ::fstat(opened.get(), &found) != 0) {
    return {};
  }
  if (!S_ISDIR(found.st_mode)) {
    access &= ~std::uint64_t{LANDLOCK_ACCESS_FS_READ_DIR};
  }
  const landlock_path_beneath_attr rule{access, opened.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return Status::from_errno(errno, std::string("Landlock takes no rule for ") + path);
  }
  return {};
}

}  // namespace

Result<bool> confine_files(const std::string& library, long newest_version) {
  const long version =
      std::min(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION),
               newest_version);
  if (version <= 0) {
    return false;
  }
  const RulesetAttributes attributes = handled(version);
  const UniqueFd ruleset(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, size_of_attributes(version), 0)));
  if (!ruleset.valid()) {
    return Status::from_errno(errno, "Landlock makes no ruleset");
  }
  for (const Allowed& allowed : kSystem) {
    PATCHBAY_TRY(allow(ruleset.get(), allowed.path, allowed.access));
  }
  PATCHBAY_TRY(allow(ruleset.get(), library.c_str(), kReadAndRun));
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return Status::from_errno(errno, "Landlock does not confine this process");
  }
  return true;
}

}  // namespace patchbay::adapters
