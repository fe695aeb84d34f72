// After a start: looks at every active session once, a few at a time. Tells the supervisor what is
// due there (nothing else would wake an agent whose message came just before a crash), has messages
// found whose files nobody fetches, and removes files whose message never came to be. A session
// that cannot be read just then is looked at again later: nothing else would.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "agents/supervisor.hpp"
#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/lifetime.hpp"
#include "base/timer.hpp"
#include "routing/kept_files.hpp"
#include "routing/router.hpp"
#include "session/session_storage.hpp"
#include "store/central_database.hpp"

namespace patchbay::host {

// [core thread]
class BackgroundScan {
 public:
  BackgroundScan(base::Loop& loop, store::CentralDatabase& database,
                 session::SessionStorage& sessions, agents::Supervisor& supervisor,
                 routing::Router& router)
      : database_(database),
        sessions_(sessions),
        supervisor_(supervisor),
        router_(router),
        started_(loop.wall_now()),
        again_timer_(loop) {}
  BackgroundScan(const BackgroundScan&) = delete;
  BackgroundScan& operator=(const BackgroundScan&) = delete;

  void start();
  void stop() {
    waiting_.clear();
    again_timer_.cancel();
    stopped_ = true;
  }

 private:
  void read_page();
  void look_at_waiting();
  void look_at_next();
  void page_done();
  void again_after_a_while(base::Task task);
  void could_not_read(const session::SessionAddress& session, const base::Status& why);
  void sweep_inbox(const session::SessionAddress& session);

  store::CentralDatabase& database_;
  session::SessionStorage& sessions_;
  agents::Supervisor& supervisor_;
  routing::Router& router_;
  const base::WallTime started_;
  std::optional<routing::InboxFolders> kept_folders_;  // none: not known, so nothing is removed
  std::deque<session::SessionAddress> waiting_;        // of one page
  std::vector<session::SessionAddress> unread_;        // to be looked at again
  std::int64_t next_page_ = 0;                         // 0: there is none
  int looking_ = 0;
  bool stopped_ = false;
  base::Timer again_timer_;
  base::Milliseconds again_after_{0};
  base::Lifetime lifetime_;
};

}  // namespace patchbay::host
