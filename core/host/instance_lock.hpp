// One host for one data folder.
#pragma once

#include <string>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::host {

// Holds <data>/patchbay.lock as long as it lives; the kernel lets go when the process ends,
// however.
class InstanceLock {
 public:
  // kBusy names the process that holds it.
  [[nodiscard]] static base::Result<InstanceLock> take(const std::string& data_dir);

 private:
  explicit InstanceLock(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace patchbay::host
