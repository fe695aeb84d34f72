// A session storage on real files, with the agent's side played by plain SQLite.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "session/session_storage.hpp"
#include "test_common/temp_folder.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::session {

class StorageTest : public ::testing::Test {
 protected:
  void SetUp() override { open(loop_); }
  void TearDown() override {
    storage_.reset();
    pool_.drain();
    loop_.run_ready();
  }

  // As after a restart of the host.
  void open(const base::Clock& clock, int messages_per_prompt = 10,
            std::size_t workers = limits::kSessionWorkers) {
    storage_.reset();
    pool_.drain();
    auto opened = SessionStorage::open({.sessions_folder = sessions(),
                                        .messages_per_prompt = messages_per_prompt,
                                        .messages_per_prompt_of = nullptr,
                                        .workers = workers},
                                       pool_, loop_, clock);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    storage_ = std::move(opened).value();
  }

  // Runs `start` with a completion and waits for its result.
  template <class T, class Start>
  base::Result<T> wait(Start start) {
    std::optional<base::Result<T>> result;
    start([&result](base::Result<T> given) { result.emplace(std::move(given)); });
    EXPECT_TRUE(loop_.run_until([&result] { return result.has_value(); }));
    return result ? std::move(*result)
                  : base::Result<T>(base::Status(base::Code::kTimeout, "no completion"));
  }

  base::Result<bool> create(const SessionAddress& session) {
    return wait<bool>([&](auto done) { storage_->create(session, std::move(done)); });
  }
  base::Result<CommandOutcome> write(InboundCommand command) {
    return wait<CommandOutcome>(
        [&](auto done) { storage_->write(session_, std::move(command), std::move(done)); });
  }
  base::Result<OutboundBatch> drain(Watermark watermark = {}) {
    return wait<OutboundBatch>(
        [&](auto done) { storage_->drain(session_, std::move(watermark), std::move(done)); });
  }
  base::Result<OutboundBatch> compare(std::vector<std::string> known) {
    return wait<OutboundBatch>(
        [&](auto done) { storage_->compare(session_, std::move(known), std::move(done)); });
  }
  base::Result<SessionStorage::Recovery> recover() {
    return wait<SessionStorage::Recovery>(
        [&](auto done) { storage_->recover(RunLease(session_), std::move(done)); });
  }
  base::Result<SessionStorage::Settled> settle(bool aborted = false) {
    return wait<SessionStorage::Settled>(
        [&](auto done) { storage_->settle_claims(RunLease(session_), aborted, std::move(done)); });
  }
  base::Result<std::vector<SessionStorage::RowState>> row_states(std::vector<std::string> ids) {
    return wait<std::vector<SessionStorage::RowState>>(
        [&](auto done) { storage_->read_rows(session_, std::move(ids), std::move(done)); });
  }
  base::Result<SessionWork> work() {
    return wait<SessionWork>([&](auto done) { storage_->read_work(session_, std::move(done)); });
  }

  InboundMessage message(const std::string& id) {
    InboundMessage result;
    result.id = id;
    result.timestamp = loop_.wall_now();
    result.address = {"telegram", "telegram:dm:5", ""};
    result.content = R"({"text":"hello"})";
    return result;
  }
  InboundMessage message(const std::string& id, InboundKind kind) {
    InboundMessage result = message(id);
    result.kind = kind;
    return result;
  }

  [[nodiscard]] std::string sessions() const { return temp_ / "sessions"; }
  [[nodiscard]] std::string folder() const {
    return sessions() + "/" + session_.agent.str() + "/" + session_.id.str();
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder() + "/" + name; }

  // The agent's side.
  SQLite::Database agent_outbound() {
    SQLite::Database database(file("outbound.db"), SQLite::OPEN_READWRITE);
    database.setBusyTimeout(5000);
    return database;
  }
  void agent(const std::string& sql) { agent_outbound().exec(sql); }
  void agent_writes(const std::string& id, std::int64_t seq,
                    const std::string& content = R"({"text":"answer"})") {
    SQLite::Database database = agent_outbound();
    SQLite::Statement insert(database,
                             "INSERT INTO messages_out (id, seq, timestamp, kind, content)"
                             " VALUES (?, ?, datetime('now'), 'chat', ?)");
    insert.bind(1, id);
    insert.bind(2, seq);
    insert.bind(3, content);
    insert.exec();
  }
  // The first column of the first row, as text; "NULL".
  [[nodiscard]] std::string inbound(const std::string& sql) {
    SQLite::Database database(file("inbound.db"), SQLite::OPEN_READONLY);
    database.setBusyTimeout(5000);
    SQLite::Statement statement(database, sql);
    if (!statement.executeStep()) {
      return "none";
    }
    return statement.getColumn(0).isNull() ? "NULL" : statement.getColumn(0).getString();
  }
  [[nodiscard]] std::string status_of(const std::string& id) {
    return inbound("SELECT status FROM messages_in WHERE id = '" + id + "'");
  }

  test::TempFolder temp_;
  test::VirtualLoop loop_;
  base::ThreadPool pool_{4, "storage"};
  SessionAddress session_{base::AgentGroupId("main"), base::SessionId("s1")};
  std::unique_ptr<SessionStorage> storage_;
};

}  // namespace patchbay::session
