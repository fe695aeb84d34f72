#include "host/session_runs.hpp"

#include "agents/agent_group.hpp"
#include "base/iso_time.hpp"
#include "base/log.hpp"
#include "host/given_up_notices.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {

using base::Result;
using base::Status;
using session::SessionAddress;

namespace {

constexpr base::Milliseconds kWriteAgain{5000};

}  // namespace

void SessionRuns::prepare(const SessionAddress& session, base::UniqueFunction<void(Status)> ready) {
  // Durable before the agent can write its first row: the next start reads what it left.
  database_.transact(
      [session](store::Repositories& stored) {
        return stored.sessions.set_starting(session.agent, session.id, agents::kProvider);
      },
      [this, session, ready = std::move(ready)](Status marked) mutable {
        if (!marked.ok()) {
          ready(std::move(marked));
          return;
        }
        write_routing(session, [this, session, ready = std::move(ready)](Status written) mutable {
          if (written.ok()) {
            prepared_.insert(session);
            delivery_.session_started(session);
          }
          ready(std::move(written));
        });
      });
}

void SessionRuns::write_routing(const SessionAddress& session,
                                base::UniqueFunction<void(Status)> written) {
  router_.routing_for(session, [this, session, written = std::move(written)](
                                   Result<session::SetRouting> routing) mutable {
    if (!routing.ok()) {
      written(routing.status());
      return;
    }
    sessions_.write(session, *std::move(routing),
                    [written = std::move(written)](const Result<session::CommandOutcome>& done) {
                      written(done.status());
                    });
  });
}

void SessionRuns::rewrite_routing() {
  const std::set<SessionAddress> running = prepared_;
  for (const SessionAddress& session : running) {
    rewrite_routing(session);
  }
}

void SessionRuns::rewrite_routing(const SessionAddress& session) {
  write_routing(session, [this, session](const Status& written) {
    if (written.ok() || !prepared_.contains(session)) {
      return;  // before the next start it is written anyway
    }
    base::log_warning("session.routing_not_written", {{"session", session_name(session)},
                                                      {"reason", written.message()},
                                                      {"again_in_ms", kWriteAgain.count()}});
    loop_.run_after(kWriteAgain, [this, session] {
      if (prepared_.contains(session)) {
        rewrite_routing(session);
      }
    });
  });
}

void SessionRuns::started(const SessionAddress& session) { delivery_.set_working(session, true); }

void SessionRuns::set_working(const SessionAddress& session, bool working) {
  delivery_.set_working(session, working);
  const bool changed = working ? idle_.erase(session) != 0 : idle_.insert(session).second;
  if (!changed) {
    return;
  }
  // At most so often as turns begin and end: not worth a commit of its own.
  database_.transact(
      [session, status = working ? "running" : "idle"](store::Repositories& stored) {
        stored.sessions.touch_container_status(session.agent, session.id, status);
        return Status();
      },
      [](const Status&) {});
}

void SessionRuns::exited(const SessionAddress& session, base::UniqueFunction<void()> drained) {
  prepared_.erase(session);
  idle_.erase(session);
  delivery_.set_working(session, false);
  delivery_.session_exited(session, [session, drained = std::move(drained)](const Status& read) {
    if (!read.ok()) {
      base::log_error("session.not_drained",
                      {{"session", session_name(session)}, {"error", read.message()}});
    }
    drained();
  });
}

void SessionRuns::stopped(const SessionAddress& session) {
  prepared_.erase(session);
  set_status(session, "stopped");
}

void SessionRuns::set_status(const SessionAddress& session, const std::string& status) {
  database_.transact(
      [session, status](store::Repositories& stored) {
        return stored.sessions.set_container_status(session.agent, session.id, status);
      },
      [session](const Status& written) {
        if (!written.ok()) {
          base::log_warning("session.status_not_written",
                            {{"session", session_name(session)}, {"error", written.message()}});
        }
      });
}

void SessionRuns::failing(const SessionAddress& session, const std::string& reason) {
  base::log_error("agent.failing", {{"session", session_name(session)}, {"reason", reason}});
  const auto not_said = [](const Status& said) {
    if (!said.ok()) {
      base::log_error("notice.not_accepted", {{"error", said.message()}});
    }
  };
  find_chat(session, [this, session, not_said](const Result<Chat>& chat) {
    if (!chat.ok() || !*chat) {
      not_said(chat.status());  // or nobody is there to tell
      return;
    }
    delivery::Saying saying;
    saying.message_out_id =
        "failing:" + session_name(session) + ":" + base::format_iso_utc(loop_.wall_now());
    saying.lane = **chat;
    saying.text =
        "The agent has a problem and cannot answer at the moment. Your messages are kept; it "
        "tries again by itself, and you are told if one has to be given up.";
    delivery_.say(saying, not_said);
  });
}

void SessionRuns::given_up(const SessionAddress& session, std::vector<session::GivenUpRow> rows,
                           base::UniqueFunction<void(Status)> told) {
  find_chat(session, [this, session, rows = std::move(rows),
                      told = std::move(told)](const Result<Chat>& own) mutable {
    if (own.ok()) {
      say_all(given_up_notices(session, rows, *own), std::move(told));
    } else {
      told(own.status());
    }
  });
}

void SessionRuns::find_chat(const SessionAddress& session,
                            base::UniqueFunction<void(Result<Chat>)> found) {
  using Record = std::optional<store::SessionRecord>;
  database_.transact<Record>(
      [session](store::Repositories& stored) {
        return stored.sessions.find(session.agent, session.id);
      },
      [found = std::move(found)](const Result<Record>& record) mutable {
        if (!record.ok()) {
          found(record.status());
          return;
        }
        const bool has_chat = record->has_value() && !(*record)->chat.empty();
        found(has_chat
                  ? Chat(store::LaneKey{(*record)->instance, (*record)->chat, (*record)->thread})
                  : Chat());
      });
}

void SessionRuns::say_all(std::vector<delivery::Saying> sayings,
                          base::UniqueFunction<void(Status)> said) {
  if (sayings.empty()) {
    said({});
    return;
  }
  const delivery::Saying first = std::move(sayings.front());
  sayings.erase(sayings.begin());
  delivery_.say(first, [this, sayings = std::move(sayings),
                        said = std::move(said)](const Status& accepted) mutable {
    if (accepted.ok()) {
      say_all(std::move(sayings), std::move(said));
    } else {
      said(accepted);
    }
  });
}

}  // namespace patchbay::host
