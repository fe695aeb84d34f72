#include "agents/supervisor.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <utility>

#include "agents/backoff.hpp"
#include "agents/stuck.hpp"
#include "attachments/confined_folder.hpp"
#include "base/log.hpp"

namespace patchbay::agents {
namespace {

using session::SessionAddress;
using session::SessionWork;

constexpr base::Milliseconds kStuckCheck{10'000};
constexpr unsigned kFailuresBeforeNotice = 3;
constexpr std::string_view kHeartbeat = ".heartbeat";

std::string name_of(const SessionAddress& session) {
  return session.agent.str() + "/" + session.id.str();
}

std::string describe(const AgentExit& exit) {
  if (exit.signal != 0) {
    return "the agent was ended by signal " + std::to_string(exit.signal);
  }
  return "the agent ended with exit code " + std::to_string(exit.exit_code);
}

// When the file was last touched, by its name in the confined folder.
std::optional<base::WallTime> modified_at(const std::string& session_folder) {
  struct stat info{};
  // Only a time is read, of whatever stands there: lstat follows nothing.
  if (::lstat((session_folder + "/" + std::string(kHeartbeat)).c_str(), &info) != 0) {
    return std::nullopt;
  }
  return base::WallTime{std::chrono::seconds{info.st_mtim.tv_sec} +
                        std::chrono::milliseconds{info.st_mtim.tv_nsec / 1'000'000}};
}

}  // namespace

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::kStopped:
      return "stopped";
    case RunState::kQueued:
      return "queued";
    case RunState::kPreparing:
      return "preparing";
    case RunState::kRunning:
      return "running";
    case RunState::kStopping:
      return "stopping";
    case RunState::kSettling:
      return "settling";
    case RunState::kBackoff:
      return "backoff";
  }
  return "stopped";
}

struct Supervisor::Entry {
  explicit Entry(SessionAddress address) : session(std::move(address)) {}

  SessionAddress session;
  RunState state = RunState::kStopped;
  SessionWork work;
  bool damaged = false;  // it is to be recovered, even if no agent is to run
  RunId run = 0;
  // Held while no agent runs and the session is being settled; moved nowhere else.
  std::optional<session::RunLease> lease;
  base::WallTime queued_since;
  std::optional<base::WallTime> idle_since;  // running, and nothing due
  unsigned failures = 0;                     // runs in a row that brought nothing
  bool progress = false;                     // this run finished something
  bool told = false;                         // `failing` was called since the last progress
  bool host_stops_it = false;                // the exit to come is not a crash
  AgentActivity last_activity;
  base::TimerId idle_timer = 0;
  base::TimerId due_timer = 0;
  base::TimerId kill_timer = 0;
  base::TimerId stuck_timer = 0;
  base::TimerId backoff_timer = 0;
};

Supervisor::Supervisor(Options options, base::Loop& loop, session::SessionStorage& storage,
                       AgentRuntime& runtime, RunHooks& hooks)
    : options_(std::move(options)),
      loop_(loop),
      storage_(storage),
      runtime_(runtime),
      hooks_(hooks) {}

Supervisor::~Supervisor() {
  *alive_ = false;
  for (auto& [session, entry] : entries_) {
    for (base::TimerId* timer : {&entry->idle_timer, &entry->due_timer, &entry->kill_timer,
                                 &entry->stuck_timer, &entry->backoff_timer}) {
      drop_timer(*timer);
    }
  }
}

Supervisor::Entry& Supervisor::entry(const SessionAddress& session) {
  auto& slot = entries_[session];
  if (slot == nullptr) {
    slot = std::make_unique<Entry>(session);
  }
  return *slot;
}

void Supervisor::on_work(const SessionAddress& session, const SessionWork& work) {
  if (work.damaged) {
    on_damage(session);
    return;
  }
  if (work.due == 0 && !work.next_due && entries_.find(session) == entries_.end()) {
    return;
  }
  Entry& it = entry(session);
  if (work.due < it.work.due) {
    it.progress = true;
  }
  it.work = work;
  if (it.state == RunState::kRunning) {
    on_activity(session);
  }
  rearm_due(it);
  consider(it);
  forget_if_quiet(session);
}

void Supervisor::on_damage(const SessionAddress& session) {
  Entry& it = entry(session);
  const bool recovery_comes = it.state != RunState::kStopped && it.state != RunState::kQueued &&
                              it.state != RunState::kBackoff;
  if (!recovery_comes) {
    it.damaged = true;
    consider(it);
  }
  forget_if_quiet(session);
}

void Supervisor::on_activity(const SessionAddress& session) {
  const auto found = entries_.find(session);
  if (found == entries_.end() || found->second->state != RunState::kRunning) {
    return;
  }
  Entry& it = *found->second;
  it.idle_since = it.work.due == 0 ? std::optional(loop_.wall_now()) : std::nullopt;
  rearm_idle(it);
}

void Supervisor::set_groups(std::map<base::AgentGroupId, AgentGroup> groups) {
  options_.groups = std::move(groups);
}

RunState Supervisor::state(const SessionAddress& session) const {
  const auto found = entries_.find(session);
  return found == entries_.end() ? RunState::kStopped : found->second->state;
}

std::size_t Supervisor::running() const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [](const auto& item) {
        const RunState state = item.second->state;
        return state == RunState::kPreparing || state == RunState::kRunning ||
               state == RunState::kStopping || state == RunState::kSettling;
      }));
}

// Wakes a stopped session that has something to do. A session in any other state comes back here
// when that state ends.
void Supervisor::consider(Entry& it) {
  if (it.state == RunState::kStopped && (it.work.due > 0 || it.damaged) && !stopping_) {
    enqueue(it);
    fill_slots();
  }
}

void Supervisor::enqueue(Entry& it) {
  it.state = RunState::kQueued;
  it.queued_since = it.work.oldest_due.value_or(loop_.wall_now());
  queue_.emplace(it.queued_since, it.session);
}

void Supervisor::fill_slots() {
  while (!queue_.empty() && running() < options_.running_agents && !stopping_) {
    const SessionAddress session = queue_.begin()->second;
    queue_.erase(queue_.begin());
    begin(*entries_.at(session));
  }
  if (!queue_.empty() && !stopping_) {
    make_room();
  }
}

// Somebody waits: the running agent that has idled longest gives up its place.
void Supervisor::make_room() {
  Entry* idlest = nullptr;
  for (auto& [session, it] : entries_) {
    if (it->state == RunState::kStopping && it->host_stops_it) {
      return;  // a place is being made already
    }
    if (it->state == RunState::kRunning && it->idle_since &&
        (idlest == nullptr || *it->idle_since < *idlest->idle_since)) {
      idlest = it.get();
    }
  }
  if (idlest != nullptr) {
    request_stop(*idlest, "another session waits for its place");
  }
}

void Supervisor::begin(Entry& it) {
  it.state = RunState::kPreparing;
  it.progress = false;
  it.host_stops_it = false;
  it.lease.emplace(it.session);
  storage_.recover(*it.lease, [this, alive = alive_, session = it.session](
                                  base::Result<session::SessionStorage::Recovery> result) {
    if (!*alive) {
      return;
    }
    if (!result.ok()) {
      Entry& failed = *entries_.at(session);
      failed.damaged = true;
      start_failed(failed, result.status());
      return;
    }
    for (const std::string& healed : result->healed) {
      base::log_warning("session.healed", {{"session", name_of(session)}, {"what", healed}});
    }
    recovered_before_start(session);
  });
}

void Supervisor::recovered_before_start(const SessionAddress& session) {
  if (!std::exchange(entries_.at(session)->damaged, false)) {
    settle_before_start(session);
    return;
  }
  // Its last agent's rows could not be read.
  hooks_.exited(session, [this, alive = alive_, session] {
    if (*alive) {
      settle_before_start(session);
    }
  });
}

void Supervisor::settle_before_start(const SessionAddress& session) {
  Entry& it = *entries_.at(session);
  storage_.settle_claims(*it.lease, false,
                         [this, alive = alive_, session](base::Result<SessionWork> work) {
                           if (!*alive) {
                             return;
                           }
                           Entry& settled = *entries_.at(session);
                           if (!work.ok()) {
                             start_failed(settled, work.status());
                             return;
                           }
                           settled.work = *work;
                           rearm_due(settled);
                           if (settled.work.due == 0 || stopping_) {
                             run_ended(settled, *work);
                             return;
                           }
                           hooks_.prepare(session, [this, alive, session](base::Status ready) {
                             if (!*alive) {
                               return;
                             }
                             Entry& prepared = *entries_.at(session);
                             if (!ready.ok()) {
                               start_failed(prepared, ready);
                             } else if (stopping_) {
                               run_ended(prepared, prepared.work);
                             } else {
                               launch(prepared);
                             }
                           });
                         });
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
  StartSpec spec;
  spec.session = it.session;
  spec.command = group->second.command;
  spec.working_directory = group->second.workspace;
  spec.env = group->second.env;
  spec.env["PATCHBAY_SESSION_DIR"] = folder;
  spec.env["PATCHBAY_AGENT_DIR"] = group->second.workspace;
  spec.env["PATCHBAY_AGENT_GROUP"] = it.session.agent.str();
  spec.env["PATCHBAY_SESSION_ID"] = it.session.id.str();
  if (!group->second.timezone.empty()) {
    spec.env["TZ"] = group->second.timezone;
  }
  spec.log_file =
      options_.logs_folder + "/" + it.session.agent.str() + "/" + it.session.id.str() + ".log";

  it.lease.reset();
  const auto run =
      runtime_.start(spec, [this, alive = alive_, session = it.session](AgentExit exit) {
        if (*alive) {
          agent_exited(session, exit);
        }
      });
  if (!run.ok()) {
    start_failed(it, run.status());
    return;
  }
  it.run = *run;
  it.state = RunState::kRunning;
  it.idle_since.reset();
  it.last_activity = {};
  it.stuck_timer =
      loop_.run_after(kStuckCheck, [this, session = it.session] { check_stuck(session); });
  base::log_info("agent.started", {{"session", name_of(it.session)}});
  hooks_.started(it.session);
}

void Supervisor::start_failed(Entry& it, const base::Status& why) {
  it.lease.reset();
  ++it.failures;
  base::log_error("agent.not_started",
                  {{"session", name_of(it.session)}, {"error", why.message()}});
  back_off(it, why.message());
  hooks_.stopped(it.session);
  fill_slots();
  finish_stop_all_if_done();
}

void Supervisor::agent_exited(const SessionAddress& session, AgentExit exit) {
  Entry& it = *entries_.at(session);
  drop_timer(it.idle_timer);
  drop_timer(it.kill_timer);
  drop_timer(it.stuck_timer);
  it.idle_since.reset();
  it.run = 0;
  it.state = RunState::kSettling;
  if (it.host_stops_it || exit.clean()) {
    base::log_info("agent.exited", {{"session", name_of(session)}, {"how", describe(exit)}});
  } else {
    base::log_warning("agent.failed",
                      {{"session", name_of(session)},
                       {"how", describe(exit)},
                       {"log", options_.logs_folder + "/" + name_of(session) + ".log"}});
  }
  if (!it.host_stops_it && !it.progress) {
    ++it.failures;
  }
  // Heal first: a reader cannot open a database whose writer was killed in the middle.
  it.lease.emplace(session);
  storage_.recover(*it.lease, [this, alive = alive_,
                               session](base::Result<session::SessionStorage::Recovery> result) {
    if (!*alive) {
      return;
    }
    if (!result.ok()) {
      base::log_error("session.not_healed",
                      {{"session", name_of(session)}, {"error", result.status().message()}});
    }
    hooks_.exited(session, [this, alive, session, recovered = result.ok()] {
      if (*alive) {
        settle_after_exit(session, recovered);
      }
    });
  });
}

void Supervisor::settle_after_exit(const SessionAddress& session, bool recovered) {
  Entry& it = *entries_.at(session);
  if (!recovered) {
    it.damaged = true;
    it.lease.reset();
    back_off(it, "its session folder cannot be read");
    hooks_.stopped(session);
    fill_slots();
    finish_stop_all_if_done();
    return;
  }
  storage_.settle_claims(*it.lease, false,
                         [this, alive = alive_, session](base::Result<SessionWork> work) {
                           if (!*alive) {
                             return;
                           }
                           Entry& settled = *entries_.at(session);
                           if (!work.ok()) {
                             start_failed(settled, work.status());
                             return;
                           }
                           if (work->due < settled.work.due) {
                             settled.progress = true;
                           }
                           run_ended(settled, *work);
                         });
}

// The session is settled and nothing runs: what now?
void Supervisor::run_ended(Entry& it, const SessionWork& work) {
  it.lease.reset();
  it.work = work;
  if (it.progress || (work.due == 0 && !work.next_due)) {
    it.failures = 0;
    it.told = false;
  }
  rearm_due(it);
  hooks_.stopped(it.session);
  if (it.failures > 0 && !stopping_) {
    back_off(it, "its agent ends without finishing anything");
  } else {
    it.state = RunState::kStopped;
    consider(it);
  }
  const SessionAddress session = it.session;
  fill_slots();
  forget_if_quiet(session);
  finish_stop_all_if_done();
}

void Supervisor::back_off(Entry& it, const std::string& reason) {
  it.failures = std::max(it.failures, 1U);
  it.state = RunState::kBackoff;
  if (it.failures >= kFailuresBeforeNotice && !it.told) {
    it.told = true;
    hooks_.failing(it.session, reason);
  }
  const unsigned failures = it.failures;
  it.backoff_timer = loop_.run_after(restart_delay(failures), [this, session = it.session] {
    Entry& rested = *entries_.at(session);
    rested.backoff_timer = 0;
    rested.state = RunState::kStopped;
    consider(rested);
    forget_if_quiet(session);
  });
}

void Supervisor::request_stop(Entry& it, const std::string& why) {
  it.state = RunState::kStopping;
  it.host_stops_it = true;
  drop_timer(it.idle_timer);
  base::log_info("agent.stopping", {{"session", name_of(it.session)}, {"why", why}});
  runtime_.terminate(it.run);
  it.kill_timer = loop_.run_after(limits::kAgentStopGrace, [this, session = it.session] {
    Entry& late = *entries_.at(session);
    late.kill_timer = 0;
    base::log_warning("agent.killed",
                      {{"session", name_of(session)}, {"why", "it did not stop when asked"}});
    runtime_.kill(late.run);
  });
}

void Supervisor::rearm_idle(Entry& it) {
  drop_timer(it.idle_timer);
  if (it.state != RunState::kRunning || !it.idle_since) {
    return;
  }
  if (!queue_.empty()) {
    make_room();
    return;
  }
  const auto group = options_.groups.find(it.session.agent);
  const base::Milliseconds timeout =
      group == options_.groups.end() ? base::Milliseconds{0} : group->second.idle_timeout;
  it.idle_timer = loop_.run_after(timeout, [this, session = it.session] {
    Entry& idle = *entries_.at(session);
    idle.idle_timer = 0;
    request_stop(idle, "idle");
  });
}

// A row that becomes due later wakes the agent then, not at some sweep.
void Supervisor::rearm_due(Entry& it) {
  drop_timer(it.due_timer);
  if (!it.work.next_due || stopping_) {
    return;
  }
  const base::Milliseconds wait =
      std::max(base::Milliseconds{0}, *it.work.next_due - loop_.wall_now());
  it.due_timer = loop_.run_after(wait, [this, session = it.session] {
    entries_.at(session)->due_timer = 0;
    storage_.read_work(session, [this, alive = alive_, session](base::Result<SessionWork> work) {
      if (*alive && work.ok()) {
        on_work(session, *work);
      }
    });
  });
}

void Supervisor::check_stuck(const SessionAddress& session) {
  Entry& it = *entries_.at(session);
  it.stuck_timer = loop_.run_after(kStuckCheck, [this, session] { check_stuck(session); });
  if (it.state != RunState::kRunning || it.work.due == 0) {
    return;  // an idle agent holds no claims
  }
  storage_.read_turn(session, [this, alive = alive_, session,
                               run = it.run](base::Result<session::SessionStorage::Turn> turn) {
    const auto found = *alive ? entries_.find(session) : entries_.end();
    if (!*alive || found == entries_.end() || found->second->run != run || !turn.ok()) {
      return;
    }
    Entry& looked_at = *found->second;
    const auto group = options_.groups.find(session.agent);
    if (looked_at.state != RunState::kRunning || group == options_.groups.end()) {
      return;
    }
    TurnView view;
    view.now = loop_.wall_now();
    view.oldest_claim = turn->oldest_claim;
    view.tool_timeout = turn->tool_timeout;
    view.heartbeat = modified_at(options_.session_folder(session));
    view.claim_stuck_after = group->second.claim_stuck_after;
    view.heartbeat_stuck_after = group->second.stuck_after;
    if (const auto activity = runtime_.activity(run)) {
      view.active = activity->cpu_ticks != looked_at.last_activity.cpu_ticks ||
                    activity->io_bytes != looked_at.last_activity.io_bytes;
      looked_at.last_activity = *activity;
    }
    if (const auto reason = stuck_reason(view)) {
      base::log_warning("agent.stuck", {{"session", name_of(session)}, {"why", *reason}});
      runtime_.kill(run);
    }
  });
}

void Supervisor::stop_all(base::UniqueFunction<void()> done) {
  stopping_ = true;
  all_stopped_ = std::move(done);
  queue_.clear();
  for (auto& [session, it] : entries_) {
    drop_timer(it->due_timer);
    drop_timer(it->backoff_timer);
    if (it->state == RunState::kQueued || it->state == RunState::kBackoff) {
      it->state = RunState::kStopped;
    } else if (it->state == RunState::kRunning) {
      request_stop(*it, "the host stops");
    }
  }
  finish_stop_all_if_done();
}

void Supervisor::finish_stop_all_if_done() {
  if (!stopping_ || !all_stopped_ || running() != 0) {
    return;
  }
  loop_.post(std::exchange(all_stopped_, nullptr));
}

void Supervisor::drop_timer(base::TimerId& timer) {
  if (timer != 0) {
    loop_.cancel(timer);
    timer = 0;
  }
}

// Ten thousand sessions lie on disk; only those that want something are kept here.
void Supervisor::forget_if_quiet(const SessionAddress& session) {
  const auto found = entries_.find(session);
  if (found == entries_.end()) {
    return;
  }
  const Entry& it = *found->second;
  const bool wants_something = it.work.due > 0 || it.work.next_due || it.damaged;
  if (it.state == RunState::kStopped && !wants_something && it.failures == 0) {
    entries_.erase(found);
  }
}

}  // namespace patchbay::agents
