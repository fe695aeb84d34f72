// Puts into an inbound.db that was made anew what the host knows of the session: where it may
// write, what became of its messages, and the news itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "base/unique_function.hpp"
#include "routing/router.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"

namespace patchbay::host {

// [core thread] All that is given outlives this object.
class InboundRefill {
 public:
  InboundRefill(const base::Clock& clock, store::CentralDatabase& database,
                session::SessionStorage& sessions, routing::Router& router)
      : clock_(clock), database_(database), sessions_(sessions), router_(router) {}

  // `set_aside`: the file in the session's folder that holds the earlier messages; empty: none
  // does. `done` in any case: what failed is in the log, and the session's next recovery asks for
  // it once more.
  void refill(const session::SessionAddress& session, const std::string& set_aside,
              base::UniqueFunction<void()> done);

 private:
  struct Work;
  // Shared by the steps, which follow each other.
  using WorkPointer = std::shared_ptr<Work>;

  void read_page(const WorkPointer& work);
  void write(const WorkPointer& work, session::InboundCommand command,
             base::UniqueFunction<void()> next);
  void tell(const WorkPointer& work);
  static void fail(const WorkPointer& work, const base::Status& why);

  const base::Clock& clock_;
  store::CentralDatabase& database_;
  session::SessionStorage& sessions_;
  routing::Router& router_;
};

}  // namespace patchbay::host
