// Decides when the agent of a session runs: wakes it when messages are due, keeps the number of
// running agents under the cap, starts again what failed, stops what idles or hangs. The one owner
// of run leases.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agents/agent_group.hpp"
#include "agents/agent_runtime.hpp"
#include "agents/run_state.hpp"
#include "base/executor.hpp"
#include "base/lifetime.hpp"
#include "session/session_storage.hpp"

namespace patchbay::agents {

// What the rest of the host does around a run. [core thread]
class RunHooks {
 public:
  virtual ~RunHooks() = default;
  // Before an agent starts: mark the session as having run, write its routing and destinations,
  // watch its folder. A failure keeps the agent from starting; it is tried again later.
  virtual void prepare(const session::SessionAddress& session,
                       base::UniqueFunction<void(base::Status)> ready) = 0;
  // inbound.db was made anew: put back what the host knows, and tell the agent of what was set
  // aside (empty: nothing was left). Comes again until a session::RefillInbound has ended it.
  virtual void refill(const session::SessionAddress& session, const std::string& set_aside,
                      base::UniqueFunction<void()> refilled) = 0;
  // The agent runs now.
  virtual void started(const session::SessionAddress& session) = 0;
  // The agent is gone and its databases are healed: read what it wrote last, then call `drained`.
  virtual void exited(const session::SessionAddress& session,
                      base::UniqueFunction<void()> drained) = 0;
  // Nothing runs and nothing is due.
  virtual void stopped(const session::SessionAddress& session) = 0;
  // The agent failed so often in a row that the people in the chat should know; once until it
  // works.
  virtual void failing(const session::SessionAddress& session, const std::string& reason) = 0;
  // These rows are not tried again: whoever wrote them should know. At least one. `told`: it is
  // certain that they will, after a crash too. After a failure the same rows come again.
  virtual void given_up(const session::SessionAddress& session,
                        std::vector<session::GivenUpRow> rows,
                        base::UniqueFunction<void(base::Status)> told) = 0;
};

struct SupervisedSession;

class Supervisor {
 public:
  struct Options {
    std::size_t running_agents = limits::kRunningAgents;
    std::string logs_folder;  // absolute; <agent>/<session>.log below it
    std::function<std::string(const session::SessionAddress&)> session_folder;  // absolute path
    std::map<base::AgentGroupId, AgentGroup> groups;
  };

  Supervisor(Options options, base::Loop& loop, session::SessionStorage& storage,
             AgentRuntime& runtime, RunHooks& hooks);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // What a session's inbound.db holds after a batch: wakes the agent if something is due. A damaged
  // session is recovered: now if no agent of it runs, else when that has ended.
  void on_work(const session::SessionAddress& session, const session::SessionWork& work);
  // The agent did something (its outbound.db changed): it is not idle.
  void on_activity(const session::SessionAddress& session);

  // New settings for the next start of each agent, which for one that failed is now; groups that
  // are gone are not started again.
  void set_groups(std::map<base::AgentGroupId, AgentGroup> groups);

  // No more starts; asks every agent to stop, kills after limits::kAgentStopGrace, and calls `done`
  // when the last is gone and settled.
  void stop_all(base::UniqueFunction<void()> done);

  [[nodiscard]] RunState state(const session::SessionAddress& session) const;
  struct Failure {
    std::string reason;  // of the last failed run or start
    unsigned in_a_row = 0;
    std::string log_file;  // absolute: what the agent wrote, if it ever ran
  };
  // Nothing: the session's agent works, or has nothing to do and did not fail at what it had.
  [[nodiscard]] std::optional<Failure> failure(const session::SessionAddress& session) const;
  [[nodiscard]] std::size_t failing() const;  // sessions that have a Failure
  [[nodiscard]] std::size_t running() const;  // slots in use
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

 private:
  using Entry = SupervisedSession;
  // Waiting sessions, the one that waits longest first.
  using QueueKey = std::pair<base::WallTime, session::SessionAddress>;

  Entry& entry(const session::SessionAddress& session);
  void on_damage(const session::SessionAddress& session);
  void consider(Entry& entry);
  void enqueue(Entry& entry);
  void fill_slots();
  void make_room();
  void begin(Entry& entry);
  void refill(Entry& entry, const session::SessionStorage::Recovery& recovery,
              base::UniqueFunction<void()> then);
  void recovered_before_start(Entry& entry);
  void settle_before_start(Entry& entry);
  void settle(Entry& entry, base::UniqueFunction<void()> then);
  void give_up(Entry& entry, std::vector<session::GivenUpRow> rows,
               base::UniqueFunction<void()> then);
  void prepare(Entry& entry);
  void launch(Entry& entry);
  void start_failed(Entry& entry, const base::Status& why);
  void agent_exited(Entry& entry, AgentExit exit);
  void settle_after_exit(Entry& entry, bool recovered);
  void run_ended(Entry& entry);
  void back_off(Entry& entry, std::string reason);
  void end_backoff(Entry& entry);
  void request_stop(Entry& entry, const std::string& why);
  void rearm_idle(Entry& entry);
  void rearm_due(Entry& entry);
  void look_at(const session::SessionAddress& session);
  void look_again_later(const session::SessionAddress& session, const base::Status& why);
  void forget_if_quiet(const session::SessionAddress& session);
  void finish_stop_all_if_done();

  Options options_;
  base::Loop& loop_;
  session::SessionStorage& storage_;
  AgentRuntime& runtime_;
  RunHooks& hooks_;
  std::map<session::SessionAddress, std::unique_ptr<Entry>> entries_;
  std::set<QueueKey> queue_;
  bool stopping_ = false;
  base::UniqueFunction<void()> all_stopped_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::agents
