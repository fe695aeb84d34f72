// Tells the operator of people that are refused since an agent hears known ones only: they get no
// answer, and nobody would know why.
#pragma once

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "routing/inbound_event.hpp"
#include "routing/seldom_told.hpp"

namespace patchbay::routing {

// All functions: [core thread].
class Strangers {
 public:
  // A message was refused for its sender. At most one line a chat within SeldomTold::kQuiet.
  void tell(const InboundEvent& event, base::MonotonicTime now);
  // Other wirings and owners: whom they still refuse is told anew.
  void forget() { *this = {}; }

 private:
  SeldomTold told_;
};

}  // namespace patchbay::routing
