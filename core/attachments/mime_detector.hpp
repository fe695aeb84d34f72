// MIME types from content, by libmagic.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"

struct magic_set;

namespace patchbay::attachments {

// Reads at most 64 KiB of a file. libmagic's database is loaded at the first use and costs 6 MB, so
// the owner calls close_if_idle() now and then.
class MimeDetector {
 public:
  explicit MimeDetector(const base::Clock& clock) : clock_(clock) {}
  MimeDetector(const MimeDetector&) = delete;
  MimeDetector& operator=(const MimeDetector&) = delete;

  // [any thread] "" when it cannot be said. The descriptor's position stays.
  [[nodiscard]] std::string detect(int fd);
  // [any thread] Frees the database when it was not used for kMimeDetectorIdle.
  void close_if_idle();
  // [any thread]
  [[nodiscard]] bool is_open();

 private:
  struct CloseMagic {
    void operator()(magic_set* magic) const;
  };

  const base::Clock& clock_;
  std::mutex mutex_;
  std::unique_ptr<magic_set, CloseMagic> magic_;  // guarded by mutex_, like all below
  bool cannot_open_ = false;
  base::MonotonicTime last_used_;
};

}  // namespace patchbay::attachments
