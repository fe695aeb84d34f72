// What the host itself says: one thing at a time, and the durable table host_outbox, which other
// parts of the host write in their own transactions. Internal to this folder. [core thread]
#pragma once

#include "base/lifetime.hpp"
#include "delivery/acceptor.hpp"
#include "delivery/core.hpp"

namespace patchbay::delivery {

class HostOutbox {
 public:
  HostOutbox(Core& core, Acceptor& acceptor) : core_(core), acceptor_(acceptor) {}

  // `done` when it is in the ledger.
  void say(store::DeliveryRecord record, base::UniqueFunction<void(base::Status)> done);

  // Something may be in host_outbox. While it is read this is one more reading after it.
  void drain();

 private:
  void drained(const base::Status& status);

  Core& core_;
  Acceptor& acceptor_;
  bool is_running_ = false;
  bool again_ = false;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
