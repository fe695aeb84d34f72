// One run of an agent, from the place that it got to what it left.
#include <algorithm>
#include <utility>

#include "agents/backoff.hpp"
#include "agents/start_spec.hpp"
#include "agents/supervised_session.hpp"
#include "agents/supervisor.hpp"
#include "attachments/confined_folder.hpp"
#include "base/log.hpp"

namespace patchbay::agents {
namespace {

using session::SessionAddress;
using Settled = session::SessionStorage::Settled;
using Recovery = session::SessionStorage::Recovery;

constexpr unsigned kFailuresBeforeNotice = 3;

std::string describe(const AgentExit& exit) {
  if (exit.signal != 0) {
    return "the agent was ended by signal " + std::to_string(exit.signal);
  }
  return "the agent ended with exit code " + std::to_string(exit.exit_code);
}

}  // namespace

void Supervisor::begin(Entry& it) {
  it.state = RunState::kPreparing;
  it.progress = false;
  it.gave_up = false;
  it.host_stops_it = false;
  it.lease.emplace(it.session);
  storage_.recover(*it.lease, lifetime_.guard([this, &it](const base::Result<Recovery>& result) {
    if (!result.ok()) {
      it.damaged = true;
      start_failed(it, result.status());
      return;
    }
    for (const std::string& healed : result->healed) {
      base::log_warning("session.healed", {{"session", it.name()}, {"what", healed}});
    }
    refill(it, *result, [this, &it] { recovered_before_start(it); });
  }));
}

// Before anything else is written into the new database, and before an agent sees it.
void Supervisor::refill(Entry& it, const Recovery& recovery, base::UniqueFunction<void()> then) {
  if (!recovery.inbound_set_aside) {
    then();
    return;
  }
  hooks_.refill(it.session, *recovery.inbound_set_aside, lifetime_.guard(std::move(then)));
}

void Supervisor::recovered_before_start(Entry& it) {
  if (!std::exchange(it.damaged, false)) {
    settle_before_start(it);
    return;
  }
  // Its last agent's rows could not be read.
  hooks_.exited(it.session, lifetime_.guard([this, &it] { settle_before_start(it); }));
}

void Supervisor::settle_before_start(Entry& it) {
  settle(it, [this, &it] {
    if (it.work.due == 0 || stopping_) {
      run_ended(it);
    } else {
      prepare(it);
    }
  });
}

void Supervisor::settle(Entry& it, base::UniqueFunction<void()> then) {
  storage_.settle_claims(
      *it.lease, false,
      lifetime_.guard([this, &it, then = std::move(then)](base::Result<Settled> settled) mutable {
        if (!settled.ok()) {
          start_failed(it, settled.status());
          return;
        }
        it.progress = it.progress || settled->work.finished > 0;
        it.work = settled->work;
        rearm_due(it);
        if (settled->given_up.empty()) {
          then();
        } else {
          it.gave_up = true;
          give_up(it, std::move(settled->given_up), std::move(then));
        }
      }));
}

// First it is told, then they are failed: a crash between the two has it told again, which changes
// nothing. Until then no agent runs, for it would be given them once more.
void Supervisor::give_up(Entry& it, std::vector<session::GivenUpRow> rows,
                         base::UniqueFunction<void()> then) {
  hooks_.given_up(
      it.session, std::move(rows),
      lifetime_.guard([this, &it, then = std::move(then)](const base::Status& told) mutable {
        if (!told.ok()) {
          start_failed(it, told.with_context("nobody could be told of messages given up"));
          return;
        }
        storage_.write(
            it.session, session::FailGivenUp{},
            lifetime_.guard([this, &it, then = std::move(then)](
                                const base::Result<session::CommandOutcome>& failed) mutable {
              if (!failed.ok()) {
                start_failed(it, failed.status());
                return;
              }
              settle(it, std::move(then));
            }));
      }));
}

void Supervisor::prepare(Entry& it) {
  hooks_.prepare(it.session, lifetime_.guard([this, &it](const base::Status& ready) {
    if (!ready.ok()) {
      start_failed(it, ready);
    } else if (stopping_) {
      run_ended(it);
    } else {
      launch(it);
    }
  }));
}

void Supervisor::launch(Entry& it) {
  const auto group = options_.groups.find(it.session.agent);
  if (group == options_.groups.end()) {
    start_failed(it, {base::Code::kNotFound,
                      "agent " + it.session.agent.str() + " is not in the configuration any more"});
    return;
  }
  const std::string folder = options_.session_folder(it.session);
  if (const auto opened = storage_.folder(it.session); opened.ok()) {
    // Absent is what it should be; anything that cannot be removed is only a wrong heartbeat.
    static_cast<void>((*opened)->remove_file(std::string(kHeartbeat)));
  }
  it.lease.reset();
  const auto run =
      runtime_.start(make_start_spec(it.session, group->second, folder, options_.logs_folder),
                     lifetime_.guard([this, &it](AgentExit exit) { agent_exited(it, exit); }));
  if (!run.ok()) {
    start_failed(it, run.status());
    return;
  }
  it.run = *run;
  it.state = RunState::kRunning;
  it.progress = false;  // what was found before is the work of an earlier run
  it.idle_since.reset();
  it.stuck_watch.emplace(
      StuckWatch::Run{it.session, folder, it.run, group->second.claim_stuck_after,
                      group->second.stuck_after,
                      [&it] { return it.state == RunState::kRunning && it.work.due > 0; }},
      loop_, storage_, runtime_);
  base::log_info("agent.started", {{"session", it.name()}});
  hooks_.started(it.session);
}

void Supervisor::start_failed(Entry& it, const base::Status& why) {
  it.lease.reset();
  ++it.failures;
  base::log_error("agent.not_started", {{"session", it.name()}, {"error", why.message()}});
  back_off(it, why.message());
  hooks_.stopped(it.session);
  fill_slots();
  finish_stop_all_if_done();
}

void Supervisor::agent_exited(Entry& it, AgentExit exit) {
  it.idle_timer.cancel();
  it.kill_timer.cancel();
  it.stuck_watch.reset();
  it.idle_since.reset();
  it.run = 0;
  it.state = RunState::kSettling;
  if (it.host_stops_it || exit.clean()) {
    base::log_info("agent.exited", {{"session", it.name()}, {"how", describe(exit)}});
  } else {
    base::log_warning("agent.failed", {{"session", it.name()},
                                       {"how", describe(exit)},
                                       {"log", log_file_of(it.session, options_.logs_folder)}});
  }
  if (!it.host_stops_it && !it.progress) {
    ++it.failures;
    it.failed_because = describe(exit) + " without finishing anything";
  }
  // Heal first: a reader cannot open a database whose writer was killed in the middle.
  it.lease.emplace(it.session);
  storage_.recover(*it.lease, lifetime_.guard([this, &it](const base::Result<Recovery>& result) {
    if (!result.ok()) {
      base::log_error("session.not_healed",
                      {{"session", it.name()}, {"error", result.status().message()}});
    }
    const bool recovered = result.ok();
    refill(it, recovered ? *result : Recovery(), [this, &it, recovered] {
      hooks_.exited(it.session,
                    lifetime_.guard([this, &it, recovered] { settle_after_exit(it, recovered); }));
    });
  }));
}

void Supervisor::settle_after_exit(Entry& it, bool recovered) {
  if (!recovered) {
    it.damaged = true;
    it.lease.reset();
    back_off(it, "its session folder cannot be read");
    hooks_.stopped(it.session);
    fill_slots();
    finish_stop_all_if_done();
    return;
  }
  settle(it, [this, &it] { run_ended(it); });
}

// The session is settled and nothing runs: what now?
void Supervisor::run_ended(Entry& it) {
  it.lease.reset();
  const bool nothing_waits = it.work.due == 0 && !it.work.next_due;
  if (it.progress || (nothing_waits && !it.gave_up)) {
    it.failures = 0;
    it.told = false;
  }
  hooks_.stopped(it.session);
  if (it.failures > 0 && !stopping_) {
    back_off(it, it.failed_because);
  } else {
    it.state = RunState::kStopped;
    consider(it);
  }
  const SessionAddress session = it.session;
  fill_slots();
  forget_if_quiet(session);
  finish_stop_all_if_done();
}

void Supervisor::back_off(Entry& it, std::string reason) {
  it.failures = std::max(it.failures, 1U);
  it.failed_because = std::move(reason);
  it.state = RunState::kBackoff;
  if (it.failures >= kFailuresBeforeNotice && !it.told) {
    it.told = true;
    hooks_.failing(it.session, it.failed_because);
  }
  it.backoff_timer.arm(restart_delay(it.failures), [this, &it] { end_backoff(it); });
}

void Supervisor::request_stop(Entry& it, const std::string& why) {
  it.state = RunState::kStopping;
  it.host_stops_it = true;
  it.idle_timer.cancel();
  base::log_info("agent.stopping", {{"session", it.name()}, {"why", why}});
  runtime_.terminate(it.run);
  it.kill_timer.arm(limits::kAgentStopGrace, [this, &it] {
    base::log_warning("agent.killed",
                      {{"session", it.name()}, {"why", "it did not stop when asked"}});
    runtime_.kill(it.run);
  });
}

}  // namespace patchbay::agents
