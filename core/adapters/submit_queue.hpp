// What an instance submits, on its way to routing: in the order of the calls, files first made
// durable in staging.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include <patchbay/adapter.h>

#include "adapters/extension_owner.hpp"
#include "adapters/inbound_copy.hpp"
#include "adapters/staging_extension.hpp"
#include "routing/ports.hpp"

namespace patchbay::adapters {

// [core thread]
class SubmitQueue {
 public:
  SubmitQueue(ExtensionOwner& owner, StagingExtension& staging, routing::InboundPort& inbound)
      : owner_(owner), staging_(staging), inbound_(inbound) {}

  // The caller has counted the event in bridge().pending_submits. However it ends, what is to be
  // submitted again is overtaken by nothing of its chat: see adapter.h.
  void submit(pbay_op op, InboundCopy copy);
  // Too many are under way; it was not counted.
  void refuse(pbay_op op, const base::ChatKey& chat, const std::vector<std::uint64_t>& handles);
  // What waits for its files is forgotten, and they go.
  void shut_down();

  void add_to(InstanceCounters& counters) const;

 private:
  struct Waiting {
    std::uint64_t number = 0;
    pbay_op op = 0;
    InboundCopy copy;
    bool ready = false;         // its files are in place
    bool may_not_pass = false;  // an event of its chat before it was not stored
  };
  void files_kept(std::uint64_t number, base::Result<std::vector<std::string>> names);
  void pass_ready();
  void pass(Waiting waiting);
  void answered(pbay_op op, const base::ChatKey& chat, routing::SubmitOutcome outcome);
  [[nodiscard]] bool begin(pbay_op op, const base::ChatKey& chat);
  void give_back(pbay_op op, const base::ChatKey& chat, const base::Status& why);
  // Until the function is called.
  [[nodiscard]] base::UniqueFunction<void()> hold_back(const base::ChatKey& chat);
  void discard(std::vector<std::string> names);

  ExtensionOwner& owner_;
  StagingExtension& staging_;
  routing::InboundPort& inbound_;
  std::deque<Waiting> waiting_;
  std::uint64_t last_number_ = 0;
  // Chats of which an event was not stored, as often as the adapter has yet to hear of one. What it
  // submits meanwhile may not overtake that.
  std::multiset<base::ChatKey> held_back_;
  InstanceCounters counters_;
};

}  // namespace patchbay::adapters
