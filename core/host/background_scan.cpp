#include "host/background_scan.hpp"

#include "agents/backoff.hpp"
#include "base/log.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {
namespace {

constexpr int kAtATime = 2;
constexpr std::size_t kPage = 256;
// Younger files may be on their way with a message, even if the clock was set back meanwhile.
constexpr std::chrono::hours kOrphanAge{1};

}  // namespace

void BackgroundScan::start() {
  database_.transact<routing::InboxFolders>(
      routing::inbox_folders_of_intake,
      lifetime_.guard([this](base::Result<routing::InboxFolders> kept) {
        if (stopped_) {
          return;
        }
        if (kept.ok()) {
          kept_folders_ = std::move(kept).value();
        } else {
          base::log_warning("sessions.inboxes_not_swept", {{"error", kept.status().message()}});
        }
        read_page();
      }));
}

void BackgroundScan::read_page() {
  using Page = store::SessionRepository::Page;
  database_.transact<Page>(
      [before = next_page_](store::Repositories& stored) {
        return stored.sessions.page_of_active(before, kPage);
      },
      lifetime_.guard([this](base::Result<Page> found) {
        if (stopped_) {
          return;
        }
        if (!found.ok()) {
          base::log_error("sessions.not_scanned", {{"error", found.status().message()}});
          again_after_a_while([this] { read_page(); });
          return;
        }
        next_page_ = found->next;
        for (auto& [agent, id] : found->sessions) {
          waiting_.push_back({std::move(agent), std::move(id)});
        }
        look_at_waiting();
      }));
}

void BackgroundScan::look_at_waiting() {
  looking_ = kAtATime;
  for (int i = 0; i < kAtATime; ++i) {
    look_at_next();
  }
}

void BackgroundScan::page_done() {
  if (stopped_) {
    return;
  }
  if (next_page_ != 0) {
    read_page();
  } else if (!unread_.empty()) {
    again_after_a_while([this] {
      waiting_.assign(unread_.begin(), unread_.end());
      unread_.clear();
      look_at_waiting();
    });
  } else {
    sessions_.rest();
  }
}

void BackgroundScan::again_after_a_while(base::Task task) {
  again_after_ = agents::next_look(again_after_);
  again_timer_.arm(again_after_, std::move(task));
}

void BackgroundScan::look_at_next() {
  if (waiting_.empty()) {
    if (--looking_ == 0) {
      page_done();
    }
    return;
  }
  const session::SessionAddress session = waiting_.front();
  waiting_.pop_front();
  sessions_.read_work(session,
                      lifetime_.guard([this, session](base::Result<session::SessionWork> work) {
                        if (!work.ok()) {
                          could_not_read(session, work.status());
                          return;
                        }
                        supervisor_.on_work(session, *work);
                        router_.look_for_lost_files(
                            session, lifetime_.guard([this, session] { sweep_inbox(session); }));
                      }));
}

void BackgroundScan::could_not_read(const session::SessionAddress& session,
                                    const base::Status& why) {
  // Without its folder there is nothing to be read, ever.
  const bool again = why.code() != base::Code::kNotFound;
  base::log_warning(
      "session.not_readable",
      {{"session", session_name(session)}, {"error", why.message()}, {"looked_at_again", again}});
  if (again) {
    unread_.push_back(session);
  }
  look_at_next();
}

void BackgroundScan::sweep_inbox(const session::SessionAddress& session) {
  if (!kept_folders_) {
    look_at_next();
    return;
  }
  const std::string name = session_name(session);
  const auto kept = kept_folders_->find(name);
  sessions_.sweep_inbox(
      session, started_ - kOrphanAge,
      kept == kept_folders_->end() ? std::unordered_set<std::string>() : kept->second,
      lifetime_.guard([this, name](const base::Result<std::size_t>& removed) {
        if (!removed.ok()) {
          base::log_warning("session.inbox_not_swept",
                            {{"session", name}, {"error", removed.status().message()}});
        }
        look_at_next();
      }));
}

}  // namespace patchbay::host
