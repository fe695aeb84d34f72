// Which binaries have passed their probe, by SHA-256, so that only new ones are probed.
#pragma once

#include <set>
#include <string>

#include "base/status.hpp"

namespace patchbay::adapters {

class ProbeCache {
 public:
  // An empty path: remembers nothing. A file that is missing or damaged counts as empty.
  explicit ProbeCache(std::string path);

  [[nodiscard]] bool has(const std::string& sha256) const { return passed_.contains(sha256); }
  void add(const std::string& sha256) { changed_ = passed_.insert(sha256).second || changed_; }
  // Replaces the file if something was added. Losing it costs one more probe.
  [[nodiscard]] base::Status save();

 private:
  std::string path_;
  std::set<std::string> passed_;
  bool changed_ = false;
};

}  // namespace patchbay::adapters
