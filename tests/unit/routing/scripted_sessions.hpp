// Session storage in memory that can be slow, locked or damaged, per session. Folders are real.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "base/executor.hpp"
#include "session/session_storage.hpp"

namespace patchbay::test {

class ScriptedSessions final : public session::SessionStorage {
 public:
  using Address = session::SessionAddress;

  ScriptedSessions(base::Loop& loop, std::filesystem::path folder)
      : loop_(loop), folder_(std::move(folder)) {}

  // What the databases hold; it survives the router.
  std::map<Address, std::vector<session::InboundMessage>> rows;
  std::map<Address, std::map<std::string, std::string>> completed;  // row id → content
  std::map<Address, base::Status> write_failure;                    // until it is taken away
  std::map<Address, base::Status> create_failure;
  std::map<Address, base::Status> folder_failure;
  bool completions_are_lost = false;  // as in a crash right after the commit
  std::set<Address> held;             // their writes stay on the way until release()
  std::size_t creations = 0;

  // What was held goes on, in order.
  void release() {
    held.clear();
    for (auto& waiting : std::exchange(waiting_, {})) {
      waiting();
    }
  }

  void create(const Address& session, Done<bool> done) override {
    ++creations;
    const auto failure = create_failure.find(session);
    base::Result<bool> result = true;
    if (failure != create_failure.end()) {
      result = failure->second;
    } else {
      std::filesystem::create_directories(path(session));
    }
    loop_.post([done_ = std::move(done), result] { done_(result); });
  }

  void write(const Address& session, session::InboundCommand command,
             Done<session::CommandOutcome> done) override {
    base::Task run = [this, session, command_ = std::move(command),
                      done_ = std::move(done)]() mutable {
      const auto result = apply(session, command_);
      if (completions_are_lost) {
        return;
      }
      loop_.post([done_ = std::move(done_), result] { done_(result); });
    };
    if (held.contains(session)) {
      waiting_.push_back(std::move(run));
    } else {
      run();
    }
  }

  [[nodiscard]] base::Result<std::shared_ptr<attachments::ConfinedFolder>> folder(
      const Address& session) override {
    if (const auto failure = folder_failure.find(session); failure != folder_failure.end()) {
      return failure->second;
    }
    PATCHBAY_ASSIGN(auto folder, attachments::ConfinedFolder::open(path(session).string()));
    return std::make_shared<attachments::ConfinedFolder>(std::move(folder));
  }
  [[nodiscard]] std::filesystem::path path(const Address& session) const {
    return folder_ / session.agent.str() / session.id.str();
  }

  void drain(const Address&, session::Watermark, Done<session::OutboundBatch>) override {}
  void compare(const Address&, std::vector<std::string>, Done<session::OutboundBatch>) override {}
  void recover(const session::RunLease&, Done<Recovery>) override {}
  void settle_claims(const session::RunLease&, bool, Done<Settled>) override {}
  void write_outbound(const session::RunLease&, session::DirectOutboundRow,
                      Done<session::CommandOutcome>) override {}
  void read_turn(const Address&, Done<Turn>) override {}
  // Pending rows of the databases that were not completed.
  void rows_without_files(const Address& session,
                          Done<std::vector<RowWithoutFiles>> done) override {
    std::vector<RowWithoutFiles> found;
    for (const session::InboundMessage& row : rows[session]) {
      if (row.attachments_pending && !completed[session].contains(row.id)) {
        found.push_back({row.id, row.content});
      }
    }
    loop_.post(
        [done_ = std::move(done), found = std::move(found)]() mutable { done_(std::move(found)); });
  }
  void read_rows(const Address&, std::vector<std::string>, Done<std::vector<RowState>>) override {}
  void read_work(const Address&, Done<session::SessionWork>) override {}
  void sweep_inbox(const Address&, base::WallTime, std::unordered_set<std::string>,
                   Done<std::size_t>) override {}
  void rest() override {}
  void on_work(
      std::function<void(const Address&, const session::SessionWork&)> /*listener*/) override {}

 private:
  base::Result<session::CommandOutcome> apply(const Address& session,
                                              const session::InboundCommand& command) {
    if (const auto failure = write_failure.find(session); failure != write_failure.end()) {
      return failure->second;
    }
    if (const auto* complete = std::get_if<session::CompleteAttachments>(&command)) {
      const bool first = completed[session].emplace(complete->id, complete->content).second;
      return first ? session::CommandOutcome::kDone : session::CommandOutcome::kDuplicate;
    }
    const auto& message = std::get<session::InboundMessage>(command);
    if (!ids_[session].insert(message.id).second) {
      return session::CommandOutcome::kDuplicate;
    }
    rows[session].push_back(message);
    return session::CommandOutcome::kDone;
  }

  base::Loop& loop_;
  std::filesystem::path folder_;
  std::vector<base::Task> waiting_;
  std::map<Address, std::set<std::string>> ids_;
};

}  // namespace patchbay::test
