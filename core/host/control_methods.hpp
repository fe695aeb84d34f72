// What the control socket answers: facts about the running host.
#pragma once

#include <functional>
#include <string>

#include "adapters/adapters.hpp"
#include "agents/supervisor.hpp"
#include "base/executor.hpp"
#include "delivery/delivery.hpp"
#include "host/control_server.hpp"
#include "host/session_runs.hpp"
#include "routing/router.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"

namespace patchbay::host {

// All of it outlives the server.
struct ControlSubjects {
  base::Loop& loop;
  store::CentralDatabase& database;
  session::SessionStorage& sessions;
  adapters::AdapterHost& adapters;
  agents::Supervisor& supervisor;
  const SessionRuns& runs;
  delivery::DeliveryService& delivery;
  const routing::Router& router;
  std::string data_dir;
  std::size_t running_agents;  // at the most
  base::MonotonicTime started;
};

void add_control_methods(ControlServer& server, ControlSubjects subjects);

}  // namespace patchbay::host
