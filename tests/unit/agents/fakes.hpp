// The two sides of the supervisor, scripted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agents/agent_runtime.hpp"
#include "agents/supervisor.hpp"
#include "session/session_storage.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::agents {

// Answers at once, through the loop, what the test put there.
class FakeStorage final : public session::SessionStorage {
 public:
  explicit FakeStorage(base::Executor& loop) : loop_(loop) {}

  std::map<session::SessionAddress, session::SessionWork> work;
  std::map<session::SessionAddress, Turn> turns;
  base::Status recover_status;
  std::optional<std::string> set_aside;       // by the next recovery
  std::vector<session::GivenUpRow> given_up;  // by the next settling
  base::Status read_status;
  std::vector<std::string> calls;

  void create(const session::SessionAddress&, Done<bool> done) override {
    later(std::move(done), true);
  }
  void write(const session::SessionAddress&, session::InboundCommand,
             Done<session::CommandOutcome> done) override {
    later(std::move(done), session::CommandOutcome::kDone);
  }
  void drain(const session::SessionAddress&, session::Watermark,
             Done<session::OutboundBatch> done) override {
    later(std::move(done), session::OutboundBatch{});
  }
  void compare(const session::SessionAddress&, std::vector<std::string>,
               Done<session::OutboundBatch> done) override {
    later(std::move(done), session::OutboundBatch{});
  }
  void recover(const session::RunLease& lease, Done<Recovery> done) override {
    calls.push_back("recover " + lease.session().id.str());
    if (recover_status.ok()) {
      Recovery recovery;
      recovery.inbound_set_aside = std::exchange(set_aside, std::nullopt);
      later(std::move(done), std::move(recovery));
    } else {
      later(std::move(done), base::Result<Recovery>(recover_status));
    }
  }
  void settle_claims(const session::RunLease& lease, bool, Done<Settled> done) override {
    calls.push_back("settle " + lease.session().id.str());
    later(std::move(done), Settled{work[lease.session()], std::exchange(given_up, {})});
  }
  void write_outbound(const session::RunLease&, session::DirectOutboundRow,
                      Done<session::CommandOutcome> done) override {
    later(std::move(done), session::CommandOutcome::kDone);
  }
  void read_turn(const session::SessionAddress& session, Done<Turn> done) override {
    later(std::move(done), turns[session]);
  }
  void rows_without_files(const session::SessionAddress&,
                          Done<std::vector<RowWithoutFiles>>) override {}
  void read_rows(const session::SessionAddress&, std::vector<std::string>,
                 Done<std::vector<RowState>>) override {}
  void read_work(const session::SessionAddress& session, Done<session::SessionWork> done) override {
    calls.push_back("read " + session.id.str());
    if (read_status.ok()) {
      later(std::move(done), work[session]);
    } else {
      later(std::move(done), base::Result<session::SessionWork>(read_status));
    }
  }
  void sweep_inbox(const session::SessionAddress&, base::WallTime, std::unordered_set<std::string>,
                   Done<std::size_t>) override {}
  base::Result<std::shared_ptr<attachments::ConfinedFolder>> folder(
      const session::SessionAddress&) override {
    return base::Status(base::Code::kNotFound, "there is no folder here");
  }
  void rest() override {}
  void on_work(
      std::function<void(const session::SessionAddress&, const session::SessionWork&)>) override {}

 private:
  template <class T, class V>
  void later(Done<T> done, V value) {
    loop_.post([done = std::move(done), value = base::Result<T>(std::move(value))]() mutable {
      done(std::move(value));
    });
  }
  base::Executor& loop_;
};

class FakeRuntime final : public AgentRuntime {
 public:
  struct Run {
    StartSpec spec;
    base::UniqueFunction<void(AgentExit)> on_exit;
    bool terminated = false;
    bool killed = false;
  };
  std::map<RunId, Run> runs;
  std::vector<std::string> started;  // session ids, in order
  base::Status start_status;
  std::optional<AgentActivity> busy;

  base::Result<RunId> start(const StartSpec& spec,
                            base::UniqueFunction<void(AgentExit)> on_exit) override {
    if (!start_status.ok()) {
      return start_status;
    }
    started.push_back(spec.session.id.str());
    runs.emplace(++last_, Run{spec, std::move(on_exit)});
    return last_;
  }
  void terminate(RunId run) override { runs.at(run).terminated = true; }
  void kill(RunId run) override { runs.at(run).killed = true; }
  std::optional<AgentActivity> activity(RunId) const override { return busy; }

  void exit(const std::string& session, AgentExit how = {}) {
    for (auto run = runs.begin(); run != runs.end(); ++run) {
      if (run->second.spec.session.id.str() == session) {
        const auto on_exit = std::move(run->second.on_exit);
        runs.erase(run);
        on_exit(how);
        return;
      }
    }
  }
  Run* of(const std::string& session) {
    for (auto& [id, run] : runs) {
      if (run.spec.session.id.str() == session) {
        return &run;
      }
    }
    return nullptr;
  }

 private:
  RunId last_ = 0;
};

class FakeHooks final : public RunHooks {
 public:
  base::Status prepare_status;
  base::Status told_status;
  std::vector<std::string> told;

  void prepare(const session::SessionAddress& session,
               base::UniqueFunction<void(base::Status)> ready) override {
    told.push_back("prepare " + session.id.str());
    ready(prepare_status);
  }
  void refill(const session::SessionAddress& session, const std::string& set_aside,
              base::UniqueFunction<void()> refilled) override {
    told.push_back("refill " + session.id.str() + " after " + set_aside);
    refilled();
  }
  void started(const session::SessionAddress& session) override {
    told.push_back("started " + session.id.str());
  }
  void exited(const session::SessionAddress& session,
              base::UniqueFunction<void()> drained) override {
    told.push_back("exited " + session.id.str());
    drained();
  }
  void stopped(const session::SessionAddress& session) override {
    told.push_back("stopped " + session.id.str());
  }
  void failing(const session::SessionAddress& session, const std::string&) override {
    told.push_back("failing " + session.id.str());
  }
  void given_up(const session::SessionAddress& session, std::vector<session::GivenUpRow> rows,
                base::UniqueFunction<void(base::Status)> done) override {
    for (const session::GivenUpRow& row : rows) {
      told.push_back("given up " + session.id.str() + " " + row.id);
    }
    done(told_status);
  }
};

}  // namespace patchbay::agents
