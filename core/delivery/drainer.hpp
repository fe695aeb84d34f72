// Reads what agents want to say (messages_out), one reading of a session at a time, and gives it to
// the acceptor. Internal to this folder. [core thread]
//
//   wake → what is known of the session → what is new → accepted, with the watermark → again
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/lifetime.hpp"
#include "delivery/acceptance.hpp"
#include "delivery/acceptor.hpp"
#include "delivery/core.hpp"
#include "delivery/lanes.hpp"

namespace patchbay::delivery {

class Drainer {
 public:
  using Done = base::UniqueFunction<void(base::Status)>;

  Drainer(Core& core, Acceptor& acceptor, const Lanes& lanes)
      : core_(core), acceptor_(acceptor), lanes_(lanes) {}

  // Something may be new. Wakes while a drain runs are one more drain after it.
  void wake(const session::SessionAddress& session);
  // `done` when everything that is there now has been accepted, or with what prevents it.
  void drain(const session::SessionAddress& session, Done done);
  // Its default chat may have changed, or its folder has gone: what is known of it is read anew.
  void forget(const session::SessionAddress& session);
  // Nothing is expected of it soon: it is forgotten, unless a drain runs.
  void rest(const session::SessionAddress& session);
  // It was woken or drained, and not forgotten since.
  [[nodiscard]] bool knows(const session::SessionAddress& session) const {
    return sessions_.contains(session);
  }

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

  void run(const session::SessionAddress& address);
  void read_facts(const session::SessionAddress& address);
  void read(const session::SessionAddress& address);
  void compare(const session::SessionAddress& address);
  void take(const session::SessionAddress& address, const session::OutboundBatch& read,
            bool is_comparison);
  void finish(const session::SessionAddress& address, const base::Status& status);

  Core& core_;
  Acceptor& acceptor_;
  const Lanes& lanes_;
  std::map<session::SessionAddress, Session> sessions_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
