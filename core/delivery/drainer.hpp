// Brings what agents (messages_out) and the host (host_outbox) want to say into the ledger.
// Internal to this folder. [core thread]
//
//   wake → drain → files into the spool → ledger rows and watermark in one transaction → lanes
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delivery/acceptance.hpp"
#include "delivery/aftermath.hpp"
#include "delivery/core.hpp"
#include "delivery/lanes.hpp"
#include "delivery/lifetime.hpp"

namespace patchbay::delivery {

class Drainer {
 public:
  using Done = base::UniqueFunction<void(base::Status)>;

  Drainer(Core& core, Lanes& lanes, Aftermath& aftermath)
      : core_(core), lanes_(lanes), aftermath_(aftermath) {}

  // Reads the sessions that may hold unread rows; `ready` when they are read. All others follow.
  void start(base::UniqueFunction<void(base::Status)> ready);

  // Something may be new. Wakes while a drain runs are one more drain after it.
  void wake(const session::SessionAddress& session);
  // `done` when everything that is there now has been accepted, or with what prevents it.
  void drain(const session::SessionAddress& session, Done done);
  // Its default chat may have changed, or its folder has gone: what is known of it is read anew.
  void forget(const session::SessionAddress& session);

  void drain_host_outbox();
  // One thing that the host says.
  void say(store::DeliveryRecord record, Done done);

 private:
  struct Session {
    std::optional<SessionFacts> facts;
    session::Watermark watermark;
    bool running = false;
    bool again = false;
    bool facts_are_old = false;
    std::vector<Done> waiting;          // for the drain that runs
    std::vector<Done> waiting_next;     // for the one after it
    std::vector<std::string> not_sent;  // rows of kind task_log that a comparison met
    int failures = 0;                   // in a row
  };
  // Rows on their way into the ledger. Shared by the unit of work and its completion, which follow
  // each other.
  struct Batch {
    std::optional<SessionFacts> session;  // none: what the host says
    std::vector<Candidate> candidates;
    std::vector<bool> kept;   // candidates for which their lane was kept
    std::vector<bool> fresh;  // not in the ledger before
    session::Watermark watermark;
    std::vector<std::int64_t> outbox_ids;  // rows of host_outbox, which leave it
    base::UniqueFunction<void(const base::Status&)> done;
  };
  using SharedBatch = std::shared_ptr<Batch>;

  void run(const session::SessionAddress& address);
  void read_facts(const session::SessionAddress& address);
  void read(const session::SessionAddress& address);
  void compare(const session::SessionAddress& address);
  void take(const session::SessionAddress& address, session::OutboundBatch read,
            bool is_comparison);
  void spool(SharedBatch batch);
  void accept(const SharedBatch& batch);
  static base::Status write_batch(store::Repositories& repositories, Batch& batch);
  void accepted(Batch& batch);
  void host_outbox_taken(const base::Status& status);
  void finish(const session::SessionAddress& address, const base::Status& status);
  void find_quiet_sessions();
  void next_quiet_session();

  Core& core_;
  Lanes& lanes_;
  Aftermath& aftermath_;
  std::map<session::SessionAddress, Session> sessions_;
  std::deque<session::SessionAddress> quiet_;  // read one at a time after the start; of one page
  std::int64_t quiet_page_ = 0;                // the next page of them; 0: there is none
  bool all_were_read_ = true;                  // since the start, each session
  bool host_outbox_runs_ = false;
  bool host_outbox_again_ = false;
  Lifetime lifetime_;
};

}  // namespace patchbay::delivery
