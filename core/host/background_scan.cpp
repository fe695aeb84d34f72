#include "host/background_scan.hpp"

#include <limits>

#include "base/log.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {
namespace {

constexpr int kAtATime = 2;

}  // namespace

void BackgroundScan::start() {
  database_.transact<std::vector<store::SessionRecord>>(
      [](store::Repositories& stored) {
        return stored.sessions.list(base::AgentGroupId(), true,
                                    std::numeric_limits<std::int32_t>::max());
      },
      [this, alive = alive_](base::Result<std::vector<store::SessionRecord>> found) {
        if (!*alive) {
          return;
        }
        if (!found.ok()) {
          base::log_error("sessions.not_scanned", {{"error", found.status().message()}});
          return;
        }
        for (const store::SessionRecord& session : *found) {
          waiting_.push_back({session.agent, session.id});
        }
        for (int i = 0; i < kAtATime; ++i) {
          look_at_next();
        }
      });
}

void BackgroundScan::look_at_next() {
  if (waiting_.empty()) {
    return;
  }
  const session::SessionAddress session = waiting_.front();
  waiting_.pop_front();
  sessions_.read_work(
      session, [this, alive = alive_, session](base::Result<session::SessionWork> work) {
        if (!*alive) {
          return;
        }
        if (work.ok()) {
          supervisor_.on_work(session, *work);
        } else {
          base::log_warning("session.not_readable",
                            {{"session", session.agent.str() + "/" + session.id.str()},
                             {"error", work.status().message()}});
        }
        look_at_next();
      });
}

}  // namespace patchbay::host
