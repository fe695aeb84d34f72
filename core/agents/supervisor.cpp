#include "agents/supervisor.hpp"

#include <algorithm>
#include <utility>

#include "agents/backoff.hpp"
#include "agents/start_spec.hpp"
#include "agents/supervised_session.hpp"
#include "base/log.hpp"

namespace patchbay::agents {

using session::SessionAddress;
using session::SessionWork;

Supervisor::Supervisor(Options options, base::Loop& loop, session::SessionStorage& storage,
                       AgentRuntime& runtime, RunHooks& hooks)
    : options_(std::move(options)),
      loop_(loop),
      storage_(storage),
      runtime_(runtime),
      hooks_(hooks) {}

Supervisor::~Supervisor() = default;

Supervisor::Entry& Supervisor::entry(const SessionAddress& session) {
  auto& slot = entries_[session];
  if (slot == nullptr) {
    slot = std::make_unique<Entry>(session, loop_);
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
  it.progress = it.progress || work.finished > 0;
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
  std::vector<SessionAddress> failed;
  for (const auto& [session, it] : entries_) {
    if (it->state == RunState::kBackoff) {
      failed.push_back(session);
    }
  }
  for (const SessionAddress& session : failed) {
    end_backoff(*entries_.at(session));
  }
}

RunState Supervisor::state(const SessionAddress& session) const {
  const auto found = entries_.find(session);
  return found == entries_.end() ? RunState::kStopped : found->second->state;
}

std::optional<Supervisor::Failure> Supervisor::failure(const SessionAddress& session) const {
  const auto found = entries_.find(session);
  if (found == entries_.end() || found->second->failures == 0) {
    return std::nullopt;
  }
  const Entry& it = *found->second;
  return Failure{it.failed_because, it.failures, log_file_of(session, options_.logs_folder)};
}

std::size_t Supervisor::failing() const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [](const auto& item) { return item.second->failures > 0; }));
}

std::size_t Supervisor::running() const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [](const auto& item) { return has_place(item.second->state); }));
}

void Supervisor::end_backoff(Entry& it) {
  it.backoff_timer.cancel();
  it.state = RunState::kStopped;
  consider(it);
  forget_if_quiet(it.session);
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

void Supervisor::rearm_idle(Entry& it) {
  it.idle_timer.cancel();
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
  it.idle_timer.arm(timeout, [this, &it] { request_stop(it, "idle"); });
}

// A row that becomes due later wakes the agent then, not at some sweep.
void Supervisor::rearm_due(Entry& it) {
  it.due_timer.cancel();
  it.read_again = base::Milliseconds{0};
  if (!it.work.next_due || stopping_) {
    return;
  }
  const base::Milliseconds wait =
      std::max(base::Milliseconds{0}, *it.work.next_due - loop_.wall_now());
  it.due_timer.arm(wait, [this, session = it.session] { look_at(session); });
}

void Supervisor::look_at(const SessionAddress& session) {
  storage_.read_work(session, lifetime_.guard([this, session](base::Result<SessionWork> work) {
    if (work.ok()) {
      on_work(session, *work);
    } else {
      look_again_later(session, work.status());
    }
  }));
}

// Nothing else would look: the session is quiet, and its row stays due.
void Supervisor::look_again_later(const SessionAddress& session, const base::Status& why) {
  const auto found = entries_.find(session);
  if (found == entries_.end() || stopping_) {
    return;
  }
  Entry& it = *found->second;
  it.read_again = next_look(it.read_again);
  base::log_warning(
      "session.not_readable",
      {{"session", it.name()}, {"error", why.message()}, {"again_in_ms", it.read_again.count()}});
  it.due_timer.arm(it.read_again, [this, session] { look_at(session); });
}

void Supervisor::stop_all(base::UniqueFunction<void()> done) {
  stopping_ = true;
  all_stopped_ = std::move(done);
  queue_.clear();
  for (auto& [session, it] : entries_) {
    it->due_timer.cancel();
    it->backoff_timer.cancel();
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
