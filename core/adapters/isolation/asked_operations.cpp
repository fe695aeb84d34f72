#include "adapters/isolation/asked_operations.hpp"

#include "base/limits.hpp"

namespace patchbay::adapters {

bool AskedOperations::add(pbay_op op, DetailKind kind, std::size_t descriptors) {
  const std::lock_guard lock(mutex_);
  if (descriptors_ + descriptors > limits::kRunnerDescriptors) {
    return false;
  }
  if (asked_.try_emplace(op, Asked{kind, descriptors}).second) {
    descriptors_ += descriptors;
  }
  return true;
}

DetailKind AskedOperations::completed(pbay_op op, std::int32_t code) {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(op);
  if (found == asked_.end()) {
    return DetailKind::kNone;
  }
  const Asked asked = found->second;
  if (comes_in_events(asked.kind) && code == PBAY_OK) {
    return DetailKind::kNone;
  }
  descriptors_ -= asked.descriptors;
  asked_.erase(found);
  return comes_in_events(asked.kind) ? DetailKind::kNone : asked.kind;
}

DetailKind AskedOperations::kind(pbay_op op) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(op);
  return found == asked_.end() ? DetailKind::kNone : found->second.kind;
}

void AskedOperations::forget(pbay_op op) {
  const std::lock_guard lock(mutex_);
  if (const auto found = asked_.find(op); found != asked_.end()) {
    descriptors_ -= found->second.descriptors;
    asked_.erase(found);
  }
}

}  // namespace patchbay::adapters
