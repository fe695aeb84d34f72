#include "host/background_scan.hpp"

#include "base/log.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {
namespace {

constexpr int kAtATime = 2;
constexpr std::size_t kPage = 256;

}  // namespace

void BackgroundScan::start() { read_page(); }

void BackgroundScan::read_page() {
  using Page = store::SessionRepository::Page;
  database_.transact<Page>(
      [before = next_page_](store::Repositories& stored) {
        return stored.sessions.page_of_active(before, kPage);
      },
      [this, alive = alive_](base::Result<Page> found) {
        if (!*alive || stopped_) {
          return;
        }
        if (!found.ok()) {
          base::log_error("sessions.not_scanned", {{"error", found.status().message()}});
          return;
        }
        next_page_ = found->next;
        for (auto& [agent, id] : found->sessions) {
          waiting_.push_back({std::move(agent), std::move(id)});
        }
        looking_ = kAtATime;
        for (int i = 0; i < kAtATime; ++i) {
          look_at_next();
        }
      });
}

void BackgroundScan::look_at_next() {
  if (waiting_.empty()) {
    if (--looking_ == 0 && next_page_ != 0 && !stopped_) {
      read_page();
    }
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
