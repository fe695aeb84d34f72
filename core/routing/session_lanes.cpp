#include "routing/session_lanes.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "routing/paging.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

using session::CommandOutcome;
using session::SessionAddress;

// Repeating such a row can never help, and it would hold up those behind it for ever.
bool is_hopeless(base::Code code) {
  return code == base::Code::kInvalidArgument || code == base::Code::kTooLarge ||
         code == base::Code::kAlreadyExists;
}

std::optional<SessionAddress> parse_session_name(const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) {
    return std::nullopt;
  }
  return SessionAddress{base::AgentGroupId(name.substr(0, slash)),
                        base::SessionId(name.substr(slash + 1))};
}

}  // namespace

// One page of a session's intake on its way into the session.
struct SessionLanes::Replay {
  SessionAddress lane;    // whose intake it is
  SessionAddress target;  // where it goes
  std::size_t open = 0;
  std::vector<std::int64_t> stored;    // or never to be
  std::vector<store::SeenKey> events;  // of those that are in the session
  std::vector<store::PendingFilesRecord> pending;
  base::Status failure;  // the first
};

base::Status SessionLanes::start() {
  std::vector<std::string> names;
  PATCHBAY_TRY(database_.run([&](store::Repositories& repositories) -> base::Status {
    PATCHBAY_ASSIGN(last_order_, repositories.intake.largest_id());
    PATCHBAY_ASSIGN(names, repositories.intake.sessions());
    return {};
  }));
  for (const std::string& name : names) {
    if (const auto session = parse_session_name(name)) {
      lanes_[*session].diverted = true;
      schedule_replay(*session, base::Milliseconds(0));
    }
  }
  return {};
}

std::size_t SessionLanes::diverted_sessions() const {
  return static_cast<std::size_t>(std::count_if(
      lanes_.begin(), lanes_.end(), [](const auto& entry) { return entry.second.diverted; }));
}

void SessionLanes::write(const SessionAddress& session, session::InboundMessage row,
                         base::UniqueFunction<void(Written)> done) {
  const std::int64_t order = next_order();
  Lane& lane = lanes_[session];
  if (lane.diverted) {
    done(divert(session, order,
                {base::Code::kBusy, "earlier messages of the session wait in the intake"}));
    return;
  }
  if (lane.folder == Folder::kThere) {
    write_now(session, std::move(row), order, std::move(done));
    return;
  }
  ensure_folder(session, [this, session, order, row_ = std::move(row),
                          done_ = std::move(done)](const base::Status& made) mutable {
    if (made.ok() && !lanes_[session].diverted) {
      write_now(session, std::move(row_), order, std::move(done_));
    } else {
      done_(divert(session, order, made.ok() ? base::Status(base::Code::kBusy, "diverted") : made));
    }
  });
}

void SessionLanes::write_now(const SessionAddress& session, session::InboundMessage row,
                             std::int64_t order, base::UniqueFunction<void(Written)> done) {
  sessions_.write(
      session, std::move(row),
      lifetime_.guard([this, session, order, done_ = std::move(done)](
                          const base::Result<CommandOutcome>& result) mutable {
        if (result.ok()) {
          done_({*result == CommandOutcome::kDuplicate ? Outcome::kDuplicate : Outcome::kDone,
                 order,
                 {}});
        } else if (is_hopeless(result.status().code())) {
          done_({Outcome::kRefused, order, result.status()});
        } else {
          done_(divert(session, order, result.status()));
        }
      }));
}

SessionLanes::Written SessionLanes::divert(const SessionAddress& session, std::int64_t order,
                                           base::Status why) {
  Lane& lane = lanes_[session];
  ++lane.being_settled;
  if (!lane.diverted) {
    lane.diverted = true;
    lane.backoff = limits::kReplayFirst;
    if (lane.folder == Folder::kThere) {
      // It may be what is missing; the replay begins with it.
      lane.folder = Folder::kNotLookedAt;
    }
    base::log_warning("routing.session_diverted",
                      {{"session", session_name(session)}, {"reason", why.message()}});
    schedule_replay(session, lane.backoff);
  }
  return {Outcome::kDiverted, order, std::move(why)};
}

void SessionLanes::ensure_folder(const SessionAddress& session,
                                 base::UniqueFunction<void(base::Status)> done) {
  Lane& lane = lanes_[session];
  if (lane.folder == Folder::kThere) {
    done({});
    return;
  }
  lane.waiting_for_folder.push_back(std::move(done));
  if (lane.folder == Folder::kBeingMade) {
    return;
  }
  lane.folder = Folder::kBeingMade;
  sessions_.create(session, lifetime_.guard([this, session](const base::Result<bool>& made) {
    Lane& made_lane = lanes_[session];
    made_lane.folder = made.ok() ? Folder::kThere : Folder::kNotLookedAt;
    // Taken out first: a callback may ask for the folder again.
    for (auto& waiting : std::exchange(made_lane.waiting_for_folder, {})) {
      waiting(made.status());
    }
  }));
}

void SessionLanes::intake_settled(const SessionAddress& session) {
  Lane& lane = lanes_[session];
  --lane.being_settled;
  lane.more_came = true;
  if (lane.diverted && !lane.replaying && lane.timer == 0) {
    schedule_replay(session, base::Milliseconds(0));
  }
}

void SessionLanes::session_is_writable(const SessionAddress& session) {
  const auto found = lanes_.find(session);
  if (found != lanes_.end() && found->second.diverted && !found->second.replaying) {
    schedule_replay(session, base::Milliseconds(0));
  }
}

void SessionLanes::schedule_replay(const SessionAddress& session, base::Milliseconds delay) {
  Lane& lane = lanes_[session];
  if (lane.timer != 0) {
    loop_.cancel(lane.timer);
  }
  lane.timer = loop_.run_after(delay, lifetime_.guard([this, session] {
    lanes_[session].timer = 0;
    replay(session);
  }));
}

void SessionLanes::replay(const SessionAddress& session) {
  Lane& lane = lanes_[session];
  if (lane.replaying) {
    return;
  }
  lane.replaying = true;
  load_page(session);
}

void SessionLanes::load_page(const SessionAddress& session) {
  lanes_[session].more_came = false;
  database_.transact<Page>(
      [session](store::Repositories& repositories) -> base::Result<Page> {
        Page page;
        store::IntakeFilter filter;
        filter.session = session_name(session);
        filter.limit = kPageRows;
        PATCHBAY_ASSIGN(page.records, repositories.intake.list(filter));
        PATCHBAY_ASSIGN(const auto record, repositories.sessions.find(session.agent, session.id));
        if (record && record->active) {
          page.session = session;
        } else if (record) {
          PATCHBAY_ASSIGN(const auto successor, repositories.sessions.find_active(record->key));
          if (successor) {
            page.session = SessionAddress{successor->agent, successor->id};
          }
        }
        return page;
      },
      lifetime_.guard([this, session](base::Result<Page> page) {
        if (!page.ok()) {
          replay_ended(session, page.status());
          return;
        }
        Lane& lane = lanes_[session];
        if (!page->records.empty()) {
          write_page(session, std::move(page).value());
        } else if (lane.more_came) {
          load_page(session);
        } else {
          replay_ended(session, {});
        }
      }));
}

void SessionLanes::write_page(const SessionAddress& session, Page page) {
  const bool has_target = page.session.has_value();
  if (!has_target) {
    // Deleted while messages waited for it; they go the way of the session.
    base::log_warning("routing.intake_dropped",
                      {{"session", session_name(session)},
                       {"rows", page.records.size()},
                       {"reason", "the session does not exist any more"}});
  }
  // Shared by the completions of the page.
  const auto replay = std::make_shared<Replay>();
  replay->lane = session;
  replay->target = page.session.value_or(session);
  replay->open = 1;
  auto row_ended = lifetime_.guard([this, replay] {
    if (--replay->open == 0) {
      page_is_written(replay);
    }
  });
  auto write_rows = [this, replay, row_ended,
                     page_ = std::move(page)](const base::Status& folder) mutable {
    replay->failure = folder;
    for (store::IntakeRecord& record : page_.records) {
      if (!folder.ok()) {
        break;
      }
      auto waiting = waiting_row_from_text(record.event);
      if (!page_.session || !waiting.ok()) {
        if (!waiting.ok()) {
          base::log_error("routing.intake_unreadable", {{"session", session_name(replay->lane)},
                                                        {"row", record.id},
                                                        {"reason", waiting.status().message()}});
        }
        replay->stored.push_back(record.id);
        continue;
      }
      ++replay->open;
      const std::string row_id = waiting->row.id;
      sessions_.write(
          replay->target, std::move(waiting->row),
          lifetime_.guard([replay, row_ended, row_id, id = record.id,
                           event = store::SeenKey{record.instance, record.chat,
                                                  std::move(waiting->event_id)},
                           pending = std::move(waiting->pending_event)](
                              const base::Result<CommandOutcome>& result) mutable {
            if (result.ok() || is_hopeless(result.status().code())) {
              replay->stored.push_back(id);
              if (result.ok()) {
                replay->events.push_back(std::move(event));
              }
              if (result.ok() && !pending.empty()) {
                replay->pending.push_back(
                    {0, replay->target.agent, replay->target.id, row_id, std::move(pending)});
              }
              if (!result.ok()) {
                base::log_error("routing.row_refused", {{"row", row_id},
                                                        {"session", session_name(replay->target)},
                                                        {"reason", result.status().message()}});
              }
            } else if (replay->failure.ok()) {
              replay->failure = result.status();
            }
            row_ended();
          }));
    }
    row_ended();
  };
  if (has_target) {
    ensure_folder(replay->target, std::move(write_rows));
  } else {
    write_rows({});  // drops them
  }
}

void SessionLanes::page_is_written(const std::shared_ptr<Replay>& replay) {
  if (replay->stored.empty()) {
    replay_ended(replay->lane, replay->failure);
    return;
  }
  database_.transact(
      [replay](store::Repositories& repositories) -> base::Status {
        for (const std::int64_t id : replay->stored) {
          PATCHBAY_TRY(repositories.intake.remove(id));
        }
        for (const store::SeenKey& event : replay->events) {
          PATCHBAY_TRY(repositories.seen.left_intake(event));
        }
        for (const store::PendingFilesRecord& pending : replay->pending) {
          PATCHBAY_TRY(repositories.pending_files.insert(pending));
        }
        return {};
      },
      lifetime_.guard([this, replay](const base::Status& removed) {
        if (!removed.ok() || !replay->failure.ok()) {
          replay_ended(replay->lane, removed.ok() ? replay->failure : removed);
        }
        if (removed.ok()) {
          for (const store::PendingFilesRecord& pending : replay->pending) {
            if (on_pending_files_) {
              on_pending_files_(pending);
            }
          }
          if (replay->failure.ok()) {
            load_page(replay->lane);
          }
        }
      }));
}

void SessionLanes::replay_ended(const SessionAddress& session, const base::Status& status) {
  Lane& lane = lanes_[session];
  lane.replaying = false;
  if (!status.ok()) {
    lane.backoff = std::clamp<base::Milliseconds>(lane.backoff * 2, limits::kReplayFirst,
                                                  limits::kReplayLongest);
    schedule_replay(session, lane.backoff);
    return;
  }
  // The intake is empty. Rows that are still being settled come back through intake_settled().
  if (lane.being_settled == 0 && lane.diverted) {
    lane.diverted = false;
    lane.backoff = base::Milliseconds(0);
    base::log_info("routing.session_back", {{"session", session_name(session)}});
  }
}

}  // namespace patchbay::routing
