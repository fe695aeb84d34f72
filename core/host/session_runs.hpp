// What the host does around the run of an agent.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agents/supervisor.hpp"
#include "base/executor.hpp"
#include "delivery/delivery.hpp"
#include "host/inbound_refill.hpp"
#include "routing/router.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"

namespace patchbay::host {

// [core thread]
class SessionRuns final : public agents::RunHooks {
 public:
  SessionRuns(base::Loop& loop, store::CentralDatabase& database, session::SessionStorage& sessions,
              routing::Router& router, delivery::DeliveryService& delivery)
      : loop_(loop),
        database_(database),
        sessions_(sessions),
        router_(router),
        delivery_(delivery),
        refill_(loop, database, sessions, router) {}

  void prepare(const session::SessionAddress& session,
               base::UniqueFunction<void(base::Status)> ready) override;
  void refill(const session::SessionAddress& session, const std::string& set_aside,
              base::UniqueFunction<void()> refilled) override {
    refill_.refill(session, set_aside, std::move(refilled));
  }
  void started(const session::SessionAddress& session) override;
  void exited(const session::SessionAddress& session,
              base::UniqueFunction<void()> drained) override;
  void stopped(const session::SessionAddress& session) override;
  void failing(const session::SessionAddress& session, const std::string& reason) override;
  void given_up(const session::SessionAddress& session, std::vector<session::GivenUpRow> rows,
                base::UniqueFunction<void(base::Status)> told) override;

  // An agent that runs has something to do, or idles. Told more often than it changes.
  void set_working(const session::SessionAddress& session, bool working);
  [[nodiscard]] bool is_idle(const session::SessionAddress& session) const {
    return idle_.contains(session);
  }

  // The agents that run now read where they may write, and where an answer goes, as of now.
  void rewrite_routing();

 private:
  void write_routing(const session::SessionAddress& session,
                     base::UniqueFunction<void(base::Status)> written);
  void rewrite_routing(const session::SessionAddress& session);
  void set_status(const session::SessionAddress& session, const std::string& status);
  // Where the session's people are; nothing for one without a chat.
  using Chat = std::optional<store::LaneKey>;
  void find_chat(const session::SessionAddress& session,
                 base::UniqueFunction<void(base::Result<Chat>)> found);
  // In their order; `said` after the last one was accepted, or the first one was not.
  void say_all(std::vector<delivery::Saying> sayings,
               base::UniqueFunction<void(base::Status)> said);

  base::Loop& loop_;
  store::CentralDatabase& database_;
  session::SessionStorage& sessions_;
  routing::Router& router_;
  delivery::DeliveryService& delivery_;
  InboundRefill refill_;
  std::set<session::SessionAddress> prepared_;  // and not ended yet
  std::set<session::SessionAddress> idle_;      // run, with nothing to do
};

}  // namespace patchbay::host
