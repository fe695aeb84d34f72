// "patchbay.staging/1": where an instance streams the files that come in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"
#include "base/status.hpp"

namespace patchbay::adapters {

// [core thread]
class StagingExtension {
 public:
  explicit StagingExtension(ExtensionOwner& owner) : owner_(owner) {}

  // A handle that the host opens for the instance to stream into.
  [[nodiscard]] base::Result<std::uint64_t> open_for_fetch();
  void commit(pbay_op op, std::uint64_t handle);
  // Takes committed handles away from the instance, in the background: `done` gets one staging name
  // for each, empty for handle 0, or the first failure, after which none of the files is left.
  void keep(std::vector<std::uint64_t> handles,
            base::UniqueFunction<void(base::Result<std::vector<std::string>>)> done);
  void abort(const std::vector<std::uint64_t>& handles);
  void shut_down();

 private:
  ExtensionOwner& owner_;
};

[[nodiscard]] const void* staging_table();

}  // namespace patchbay::adapters
