// Session folders without databases: what agents write, and what the host wrote for them, in
// memory; outbox files in a real folder. Header only; link patchbay::session.
#pragma once

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "attachments/confined_folder.hpp"
#include "base/executor.hpp"
#include "session/session_storage.hpp"

namespace patchbay::test {

class MemorySessions final : public session::SessionStorage {
 public:
  struct Session {
    std::vector<session::OutboundMessage> outbound;  // by rowid
    std::vector<session::InboundMessage> inbound;
    std::map<std::string, session::DeliveredRow> delivered;
    std::vector<session::Acknowledgement> acknowledgements;  // of the next drain
    std::vector<session::SessionStorage::RowState> row_states;
    session::SessionWork work;
    std::uint64_t inode = 1;
  };

  MemorySessions(base::Loop& loop, std::filesystem::path folder)
      : loop_(loop), folder_(std::move(folder)) {}

  std::map<session::SessionAddress, Session> sessions;
  std::size_t rows_per_drain = limits::kDrainRows;
  std::size_t drains = 0;
  // Failures of the next calls.
  std::vector<base::Status> drain_failures;
  std::vector<base::Status> write_failures;
  std::vector<base::Status> read_failures;
  base::Status folder_failure;  // until it is taken away

  // A row as an agent commits it.
  session::OutboundMessage& write_out(const session::SessionAddress& session, std::string id,
                                      std::string content, std::string kind = "chat") {
    auto& outbound = sessions[session].outbound;
    session::OutboundMessage message;
    message.rowid = outbound.empty() ? 1 : outbound.back().rowid + 1;
    message.id = std::move(id);
    message.seq = message.rowid * 2 + 1;
    message.kind = std::move(kind);
    message.content = std::move(content);
    outbound.push_back(std::move(message));
    return outbound.back();
  }
  [[nodiscard]] std::filesystem::path path(const session::SessionAddress& session) const {
    return folder_ / session.agent.str() / session.id.str();
  }

  void create(const session::SessionAddress& session, Done<bool> done) override {
    const bool made = sessions.try_emplace(session).second;
    std::filesystem::create_directories(path(session) / "outbox");
    loop_.post([done = std::move(done), made] { done(made); });
  }
  void write(const session::SessionAddress& session, session::InboundCommand command,
             Done<session::CommandOutcome> done) override {
    base::Result<session::CommandOutcome> result = session::CommandOutcome::kDone;
    if (const auto failure = take(write_failures)) {
      result = *failure;
    } else if (auto* message = std::get_if<session::InboundMessage>(&command)) {
      auto& inbound = sessions[session].inbound;
      const bool known = std::any_of(inbound.begin(), inbound.end(),
                                     [&](const auto& row) { return row.id == message->id; });
      if (known) {
        result = session::CommandOutcome::kDuplicate;
      } else {
        inbound.push_back(std::move(*message));
      }
    } else if (auto* row = std::get_if<session::DeliveredRow>(&command)) {
      sessions[session].delivered[row->message_out_id] = *row;
    }
    loop_.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }
  void drain(const session::SessionAddress& session, session::Watermark watermark,
             Done<session::OutboundBatch> done) override {
    ++drains;
    base::Result<session::OutboundBatch> result = read(session, watermark, nullptr);
    if (const auto failure = take(drain_failures)) {
      result = *failure;
    }
    loop_.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }
  void compare(const session::SessionAddress& session, std::vector<std::string> known,
               Done<session::OutboundBatch> done) override {
    const std::set<std::string> ids(known.begin(), known.end());
    loop_.post([done = std::move(done), batch = read(session, {}, &ids)]() mutable {
      done(std::move(batch));
    });
  }
  void recover(const session::RunLease& /*lease*/, Done<Recovery> done) override {
    loop_.post([done = std::move(done)] { done(Recovery{}); });
  }
  void settle_claims(const session::RunLease& /*lease*/, bool /*aborted*/,
                     Done<Settled> done) override {
    loop_.post([done = std::move(done)] { done(Settled{}); });
  }
  void write_outbound(const session::RunLease& lease, session::DirectOutboundRow row,
                      Done<session::CommandOutcome> done) override {
    write_out(lease.session(), row.id, row.content, row.kind).address = row.address;
    loop_.post([done = std::move(done)] { done(session::CommandOutcome::kDone); });
  }
  void read_turn(const session::SessionAddress& /*session*/, Done<Turn> done) override {
    loop_.post([done = std::move(done)] { done(Turn{}); });
  }
  void rows_without_files(const session::SessionAddress& /*session*/,
                          Done<std::vector<RowWithoutFiles>> done) override {
    loop_.post([done = std::move(done)] { done(std::vector<RowWithoutFiles>()); });
  }
  void read_rows(const session::SessionAddress& session, std::vector<std::string> ids,
                 Done<std::vector<RowState>> done) override {
    base::Result<std::vector<RowState>> result = std::vector<RowState>();
    if (const auto failure = take(read_failures)) {
      result = *failure;
    } else {
      std::copy_if(sessions[session].row_states.begin(), sessions[session].row_states.end(),
                   std::back_inserter(*result), [&ids](const RowState& state) {
                     return std::find(ids.begin(), ids.end(), state.id) != ids.end();
                   });
    }
    loop_.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }
  void read_work(const session::SessionAddress& session, Done<session::SessionWork> done) override {
    base::Result<session::SessionWork> result = sessions[session].work;
    if (const auto failure = take(read_failures)) {
      result = *failure;
    }
    loop_.post([done = std::move(done), result = std::move(result)] { done(result); });
  }
  void sweep_inbox(const session::SessionAddress& /*session*/, base::WallTime /*before*/,
                   std::unordered_set<std::string> /*kept*/, Done<std::size_t> done) override {
    loop_.post([done = std::move(done)] { done(std::size_t{0}); });
  }
  [[nodiscard]] base::Result<std::shared_ptr<attachments::ConfinedFolder>> folder(
      const session::SessionAddress& session) override {
    if (!folder_failure.ok()) {
      return folder_failure;
    }
    auto opened = attachments::ConfinedFolder::open(path(session).string());
    if (!opened.ok()) {
      return opened.status();
    }
    return std::make_shared<attachments::ConfinedFolder>(std::move(opened).value());
  }
  void rest() override {}
  void on_work(std::function<void(const session::SessionAddress&, const session::SessionWork&)>
                   listener) override {
    listener_ = std::move(listener);
  }

 private:
  static std::optional<base::Status> take(std::vector<base::Status>& failures) {
    if (failures.empty()) {
      return std::nullopt;
    }
    base::Status first = failures.front();
    failures.erase(failures.begin());
    return first;
  }

  session::OutboundBatch read(const session::SessionAddress& address,
                              const session::Watermark& watermark,
                              const std::set<std::string>* known) {
    Session& session = sessions[address];
    session::OutboundBatch batch;
    batch.acknowledgements = std::exchange(session.acknowledgements, {});
    batch.watermark = watermark;
    batch.watermark.inode = session.inode;
    const bool fresh = watermark.rowid == 0 || known != nullptr;
    if (!fresh) {
      const auto at = std::find_if(
          session.outbound.begin(), session.outbound.end(),
          [&](const auto& row) { return row.rowid == watermark.rowid && row.id == watermark.id; });
      if (at == session.outbound.end() || watermark.inode != session.inode) {
        batch.full_comparison_needed = true;
        return batch;
      }
    }
    for (const auto& message : session.outbound) {
      const bool is_new =
          known != nullptr ? !known->contains(message.id) : message.rowid > watermark.rowid;
      if (is_new && batch.messages.size() == rows_per_drain) {
        batch.more = true;
        break;
      }
      if (is_new) {
        batch.messages.push_back(message);
      }
      batch.watermark.rowid = message.rowid;
      batch.watermark.id = message.id;
      batch.watermark.seq = std::max(batch.watermark.seq, message.seq.value_or(0));
    }
    return batch;
  }

  base::Loop& loop_;
  std::filesystem::path folder_;
  std::function<void(const session::SessionAddress&, const session::SessionWork&)> listener_;
};

}  // namespace patchbay::test
