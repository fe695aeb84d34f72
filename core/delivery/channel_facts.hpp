// What instances say about their chats (rates, abilities), asked once in a while. Internal to this
// folder. [core thread]
#pragma once

#include <map>
#include <utility>

#include "base/lifetime.hpp"
#include "delivery/core.hpp"

namespace patchbay::delivery {

class ChannelFacts {
 public:
  explicit ChannelFacts(Core& core) : core_(core) {}

  // Nothing: it must be asked.
  [[nodiscard]] const ChannelLimits* find(const store::LaneKey& lane) const;
  // `done` gets what the instance says, or no limits and no abilities when it says nothing for
  // five seconds (which is not remembered).
  void ask(const store::LaneKey& lane, base::UniqueFunction<void(const ChannelLimits&)> done);
  // The instance was restarted: what it said may have changed.
  void forget(const base::InstanceName& instance);

  // Adapters can be given something now, though it may fail.
  [[nodiscard]] static bool is_usable(InstanceState state);

 private:
  using Key = std::pair<base::InstanceName, base::ChatKey>;
  struct Fact {
    ChannelLimits limits;
    base::MonotonicTime asked_at;
  };

  Core& core_;
  std::map<Key, Fact> facts_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
