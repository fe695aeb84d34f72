#include "base/open_files.hpp"

#include <cerrno>

namespace patchbay::base {

Result<rlim_t> raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Status::from_errno(errno, "cannot read the limit on open files");
  }
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Status::from_errno(errno, "cannot raise the limit on open files from " +
                                         std::to_string(before) + " to " +
                                         std::to_string(limit.rlim_max));
  }
  return before;
}

}  // namespace patchbay::base
