// Reads every session once after the start: those that may hold unread rows at once, all others one
// at a time, whenever the loop has nothing else. Internal to this folder. [core thread]
#pragma once

#include <cstdint>
#include <deque>

#include "base/lifetime.hpp"
#include "delivery/aftermath.hpp"
#include "delivery/core.hpp"
#include "delivery/drainer.hpp"

namespace patchbay::delivery {

class FirstReading {
 public:
  FirstReading(Core& core, Drainer& drainer, Aftermath& aftermath)
      : core_(core), drainer_(drainer), aftermath_(aftermath) {}

  // `ready` when the sessions whose agents ran have been read, whatever came of it, or with what
  // the database said. The others follow; then the aftermath is told, if all could be read.
  void start(base::UniqueFunction<void(base::Status)> ready);

 private:
  void find_quiet_sessions();
  void next_quiet_session();

  Core& core_;
  Drainer& drainer_;
  Aftermath& aftermath_;
  std::deque<session::SessionAddress> quiet_;  // of one page
  std::int64_t next_page_ = 0;                 // 0: there is none
  bool all_were_read_ = true;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
