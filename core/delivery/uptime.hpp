// Notes now and then that the host is at work, so that nothing grows old while it is off. Internal
// to this folder. [core thread]
#pragma once

#include "base/lifetime.hpp"
#include "delivery/core.hpp"

namespace patchbay::delivery {

class Uptime {
 public:
  explicit Uptime(Core& core) : core_(core) {}

  // Before the first attempt is made.
  void start();

 private:
  void note_now_and_then();

  Core& core_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
