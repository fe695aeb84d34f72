#include "adapters/for_ever.hpp"

#include <mutex>
#include <utility>
#include <vector>

namespace patchbay::adapters {

void keep_for_ever(std::shared_ptr<const void> thing) {
  struct Kept {
    std::mutex mutex;
    std::vector<std::shared_ptr<const void>> things;  // guarded by mutex
  };
  // Never destroyed, also not at exit: threads that hang in an adapter outlive main().
  static Kept& kept = *new Kept;
  const std::lock_guard lock(kept.mutex);
  kept.things.push_back(std::move(thing));
}

}  // namespace patchbay::adapters
