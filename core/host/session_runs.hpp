// What the host does around the run of an agent.
#pragma once

#include <set>

#include "agents/supervisor.hpp"
#include "base/executor.hpp"
#include "delivery/delivery.hpp"
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
        delivery_(delivery) {}

  void prepare(const session::SessionAddress& session,
               base::UniqueFunction<void(base::Status)> ready) override;
  void started(const session::SessionAddress& session) override;
  void exited(const session::SessionAddress& session,
              base::UniqueFunction<void()> drained) override;
  void stopped(const session::SessionAddress& session) override;
  void failing(const session::SessionAddress& session, const std::string& reason) override;

 private:
  void set_status(const session::SessionAddress& session, const std::string& status);

  base::Loop& loop_;
  store::CentralDatabase& database_;
  session::SessionStorage& sessions_;
  routing::Router& router_;
  delivery::DeliveryService& delivery_;
};

}  // namespace patchbay::host
