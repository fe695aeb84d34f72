// After a start: looks at every active session once, a few at a time, and tells the supervisor what
// is due there. Nothing else would wake an agent whose message came just before a crash.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "agents/supervisor.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"

namespace patchbay::host {

// [core thread]
class BackgroundScan {
 public:
  BackgroundScan(store::CentralDatabase& database, session::SessionStorage& sessions,
                 agents::Supervisor& supervisor)
      : database_(database), sessions_(sessions), supervisor_(supervisor) {}
  ~BackgroundScan() { *alive_ = false; }
  BackgroundScan(const BackgroundScan&) = delete;
  BackgroundScan& operator=(const BackgroundScan&) = delete;

  void start();
  void stop() {
    waiting_.clear();
    stopped_ = true;
  }

 private:
  void read_page();
  void look_at_next();

  store::CentralDatabase& database_;
  session::SessionStorage& sessions_;
  agents::Supervisor& supervisor_;
  std::deque<session::SessionAddress> waiting_;  // of one page
  std::int64_t next_page_ = 0;                   // 0: there is none
  int looking_ = 0;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace patchbay::host
