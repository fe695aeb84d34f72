#include "host/session_runs.hpp"

#include "base/iso_time.hpp"
#include "base/log.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {

using base::Result;
using base::Status;
using session::SessionAddress;

void SessionRuns::prepare(const SessionAddress& session, base::UniqueFunction<void(Status)> ready) {
  // Durable before the agent can write its first row: the next start reads what it left.
  database_.transact(
      [session](store::Repositories& stored) -> Status {
        PATCHBAY_TRY(stored.sessions.set_agent_ran(session.agent, session.id, true));
        return stored.sessions.set_container_status(session.agent, session.id, "running");
      },
      [this, session, ready = std::move(ready)](Status marked) mutable {
        if (!marked.ok()) {
          ready(std::move(marked));
          return;
        }
        router_.routing_for(session, [this, session, ready = std::move(ready)](
                                         Result<session::SetRouting> routing) mutable {
          if (!routing.ok()) {
            ready(routing.status());
            return;
          }
          sessions_.write(session, *std::move(routing),
                          [this, session, ready = std::move(ready)](
                              Result<session::CommandOutcome> written) mutable {
                            if (written.ok()) {
                              delivery_.session_started(session);
                            }
                            ready(written.status());
                          });
        });
      });
}

void SessionRuns::started(const SessionAddress& session) { delivery_.set_working(session, true); }

void SessionRuns::exited(const SessionAddress& session, base::UniqueFunction<void()> drained) {
  delivery_.set_working(session, false);
  delivery_.session_exited(session, [session, drained = std::move(drained)](Status read) {
    if (!read.ok()) {
      base::log_error(
          "session.not_drained",
          {{"session", session.agent.str() + "/" + session.id.str()}, {"error", read.message()}});
    }
    drained();
  });
}

void SessionRuns::stopped(const SessionAddress& session) { set_status(session, "stopped"); }

void SessionRuns::set_status(const SessionAddress& session, const std::string& status) {
  database_.transact(
      [session, status](store::Repositories& stored) {
        return stored.sessions.set_container_status(session.agent, session.id, status);
      },
      [session](Status written) {
        if (!written.ok()) {
          base::log_warning("session.status_not_written",
                            {{"session", session.agent.str() + "/" + session.id.str()},
                             {"error", written.message()}});
        }
      });
}

void SessionRuns::failing(const SessionAddress& session, const std::string& reason) {
  base::log_error("agent.failing",
                  {{"session", session.agent.str() + "/" + session.id.str()}, {"reason", reason}});
  database_.transact<std::optional<store::SessionRecord>>(
      [session](store::Repositories& stored) {
        return stored.sessions.find(session.agent, session.id);
      },
      [this, session](Result<std::optional<store::SessionRecord>> found) {
        if (!found.ok() || !found->has_value() || (*found)->chat.empty()) {
          return;  // nobody to tell
        }
        const store::SessionRecord& record = **found;
        delivery::Saying saying;
        saying.message_out_id = "failing:" + session.agent.str() + "/" + session.id.str() + ":" +
                                base::format_iso_utc(loop_.wall_now());
        saying.lane = {record.instance, record.chat, record.thread};
        saying.text =
            "The agent has a problem and cannot answer at the moment. Your messages are kept; it "
            "tries again by itself.";
        delivery_.say(std::move(saying), [](Status said) {
          if (!said.ok()) {
            base::log_error("notice.not_accepted", {{"error", said.message()}});
          }
        });
      });
}

}  // namespace patchbay::host
