// Inside the router: what is known of an event while it is under way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "routing/pipeline.hpp"

namespace patchbay::routing {

struct Router::Pipeline::Flow {
  struct Target {
    session::SessionAddress session;
    std::string row_id;
    bool trigger = true;
    Placement placement;        // of events with staged files
    std::string pending_event;  // of events with references: what is still to be fetched
    session::InboundMessage row;
    SessionLanes::Written written;
  };

  InboundEvent event;
  base::UniqueFunction<void(SubmitOutcome)> done;
  std::size_t bytes = 0;
  std::uint64_t number = 0;      // in the order of submission
  std::uint64_t generation = 0;  // of the routing that planned it
  int settlements = 0;           // tried
  std::int64_t held_as = 0;      // the intake row that it comes from, or 0
  base::WallTime received_at;
  Plan plan;
  std::vector<Target> targets;
  std::size_t open = 0;  // rows being written
};

}  // namespace patchbay::routing
