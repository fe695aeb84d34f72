// Brings rows into the ledger and tells their lanes. Internal to this folder. [core thread]
//
//   files into the spool → ledger rows, and what says that they were read, in one transaction →
//   lanes
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/lifetime.hpp"
#include "delivery/acceptance.hpp"
#include "delivery/aftermath.hpp"
#include "delivery/core.hpp"
#include "delivery/lanes.hpp"

namespace patchbay::delivery {

// Rows that are accepted together, in the order of their acceptance.
struct AcceptanceBatch {
  std::optional<SessionFacts> session;  // none: what the host says
  session::Watermark watermark;         // of the session, with these rows
  std::vector<Candidate> candidates;
  std::vector<std::int64_t> outbox_ids;  // rows of host_outbox, which leave it
};

class Acceptor {
 public:
  using Done = base::UniqueFunction<void(const base::Status&)>;

  Acceptor(Core& core, Lanes& lanes, Aftermath& aftermath)
      : core_(core), lanes_(lanes), aftermath_(aftermath) {}

  // `done` when all of it is in the ledger. A failure: nothing is; what is in the spool already is
  // found there again.
  void accept(AcceptanceBatch batch, Done done);

 private:
  // Shared by the unit of work and its completion, which follow each other.
  struct Work {
    AcceptanceBatch batch;
    std::vector<bool> kept;   // candidates for which their lane was kept
    std::vector<bool> fresh;  // not in the ledger before
    Done done;
  };
  using SharedWork = std::shared_ptr<Work>;

  void spool(SharedWork work);
  [[nodiscard]] bool has_waited_for_files(const session::SessionAddress& session) const;
  void write(const SharedWork& work);
  static base::Status write_batch(store::Repositories& repositories, Work& work);
  void accepted(Work& work);

  Core& core_;
  Lanes& lanes_;
  Aftermath& aftermath_;
  // Sessions with files that the disk would not give, and the first time that it would not.
  std::map<session::SessionAddress, base::MonotonicTime> unreadable_since_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
