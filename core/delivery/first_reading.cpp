#include "delivery/first_reading.hpp"

#include <memory>

#include "base/log.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using session::SessionAddress;

constexpr std::size_t kQuietPage = 256;

}  // namespace

void FirstReading::start(base::UniqueFunction<void(Status)> ready) {
  using Sessions = std::vector<store::SessionRecord>;
  core_.deps.database.transact<Sessions>(
      [](store::Repositories& repositories) { return repositories.sessions.list_ran(); },
      lifetime_.guard([this, ready = std::move(ready)](Result<Sessions>&& ran) mutable {
        if (!ran.ok()) {
          ready(ran.status());
          return;
        }
        // Shared by the drains: the last one calls it.
        struct Countdown {
          std::size_t left = 0;
          base::UniqueFunction<void(Status)> ready;
        };
        auto countdown = std::make_shared<Countdown>();
        countdown->left = ran->size() + 1;
        countdown->ready = std::move(ready);
        auto one_less = lifetime_.guard([this, countdown](const Status& status) {
          all_were_read_ = all_were_read_ && status.ok();
          if (--countdown->left == 0) {
            countdown->ready({});
            find_quiet_sessions();
          }
        });
        for (const store::SessionRecord& session : *ran) {
          drainer_.drain({session.agent, session.id}, one_less);
        }
        one_less(Status());
      }));
}

void FirstReading::find_quiet_sessions() {
  using Page = store::SessionRepository::Page;
  core_.deps.database.transact<Page>(
      [before = next_page_](store::Repositories& repositories) {
        return repositories.sessions.page_of_active(before, kQuietPage);
      },
      lifetime_.guard([this](Result<Page>&& page) {
        if (!page.ok()) {
          base::log_warning("delivery.sessions_not_listed", {{"reason", page.status().message()}});
          return;
        }
        next_page_ = page->next;
        for (auto& [agent, id] : page->sessions) {
          SessionAddress address{std::move(agent), std::move(id)};
          if (!drainer_.knows(address)) {
            quiet_.push_back(std::move(address));
          }
        }
        next_quiet_session();
      }));
}

// One at a time, whenever the loop has nothing else: a mark may be missing from older data.
void FirstReading::next_quiet_session() {
  if (core_.stopping) {
    return;
  }
  if (quiet_.empty() && next_page_ != 0) {
    find_quiet_sessions();
    return;
  }
  if (quiet_.empty()) {
    core_.deps.sessions.rest();
    if (all_were_read_) {
      aftermath_.all_sessions_read();
    }
    return;
  }
  const SessionAddress session = std::move(quiet_.front());
  quiet_.pop_front();
  drainer_.drain(session, lifetime_.guard([this, session](const Status& status) {
    all_were_read_ = all_were_read_ && status.ok();
    drainer_.rest(session);
    core_.deps.loop.post(lifetime_.guard([this] { next_quiet_session(); }));
  }));
}

}  // namespace patchbay::delivery
