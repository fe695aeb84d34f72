// What a runner's adapter has asked for and not yet got: which struct the answer carries, and how
// many descriptors it holds meanwhile.
#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_map>

#include <patchbay/adapter.h>

#include "adapters/isolation/details.hpp"

namespace patchbay::adapters {

// [any thread]
class AskedOperations {
 public:
  // False: the adapter holds more descriptors than one may.
  bool add(pbay_op op, DetailKind kind, std::size_t descriptors);
  // The kind, DetailKind::kNone for what is not known. A completed operation is forgotten, but one
  // that began well and has events to come.
  DetailKind completed(pbay_op op, std::int32_t code);
  [[nodiscard]] DetailKind kind(pbay_op op) const;
  void forget(pbay_op op);

 private:
  struct Asked {
    DetailKind kind = DetailKind::kNone;
    std::size_t descriptors = 0;
  };
  mutable std::mutex mutex_;
  std::unordered_map<pbay_op, Asked> asked_;  // guarded by mutex_
  std::size_t descriptors_ = 0;               // guarded by mutex_
};

}  // namespace patchbay::adapters
