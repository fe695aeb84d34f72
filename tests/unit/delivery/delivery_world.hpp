// A delivery service with everything around it: a real central database and spool, and fakes.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include <patchbay/adapter.h>

#include "delivery/delivery.hpp"
#include "test_common/memory_sessions.hpp"
#include "test_common/scripted_channels.hpp"
#include "test_common/temp_folder.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::delivery {

class RecordedActions final : public SystemActionPort {
 public:
  explicit RecordedActions(base::Loop& loop) : loop_(loop) {}
  void perform(SystemAction action, base::UniqueFunction<void(base::Status)> done) override {
    const bool known = action.action == "schedule_task";
    actions.push_back(std::move(action));
    loop_.post([done = std::move(done), known] {
      done(known ? base::Status() : base::Status(base::Code::kNotFound, "unknown"));
    });
  }
  std::vector<SystemAction> actions;

 private:
  base::Loop& loop_;
};

class RecordedAgentMessages final : public AgentMessagePort {
 public:
  explicit RecordedAgentMessages(base::Loop& loop) : loop_(loop) {}
  void send(AgentMessage message, base::UniqueFunction<void(base::Status)> done) override {
    messages.push_back(std::move(message));
    loop_.post([done = std::move(done)] { done({}); });
  }
  std::vector<AgentMessage> messages;

 private:
  base::Loop& loop_;
};

class NoWatcher final : public SessionWatcher {
 public:
  void on_change(Changed changed) override { hint = std::move(changed); }
  base::Status watch(const session::SessionAddress& session) override {
    watched.push_back(session);
    return {};
  }
  void unwatch(const session::SessionAddress& session) override { std::erase(watched, session); }
  Changed hint;
  std::vector<session::SessionAddress> watched;
};

class DeliveryWorld {
 public:
  DeliveryWorld() {
    std::filesystem::create_directories(folder.path() / "sessions");
    database = std::move(store::CentralDatabase::open(folder / "patchbay.db", loop)).value();
    spool = std::make_shared<const attachments::Spool>(
        std::move(attachments::Spool::open(folder / "spool")).value());
    add_session(session, "telegram:dm:42");
  }
  ~DeliveryWorld() {
    service.reset();
    database.reset();
    loop.drop_everything();
  }

  void add_session(const session::SessionAddress& address, const std::string& chat) {
    sessions.sessions.try_emplace(address);
    std::filesystem::create_directories(sessions.path(address) / "outbox");
    EXPECT_TRUE(database
                    ->run([&](store::Repositories& repositories) {
                      store::SessionRecord record;
                      record.id = address.id;
                      record.agent = address.agent;
                      record.key = "agent:" + address.agent.str() + ":" + address.id.str();
                      record.instance = base::InstanceName(chat.substr(0, chat.find(':')));
                      record.chat = base::ChatKey(chat);
                      record.agent_ran = true;
                      return repositories.sessions.insert(record);
                    })
                    .ok());
  }

  void start() {
    service = std::make_unique<DeliveryService>(
        Dependencies{loop, loop, random, *database, sessions, channels, actions, agent_messages,
                     watcher, spool, std::make_shared<attachments::MimeDetector>(loop)},
        options);
    channels.events = &service->channel_events();
    bool ready = false;
    service->start([&ready](const base::Status& status) {
      EXPECT_TRUE(status.ok()) << status.message();
      ready = true;
    });
    settle();
    EXPECT_TRUE(ready);
  }
  // As SIGKILL: what the database was given is committed, all else is forgotten.
  void crash() {
    channels.events = nullptr;
    channels.held.clear();
    service.reset();
    flush_database();
    loop.drop_everything();
  }
  // Runs everything that can run now; virtual time stands still.
  void settle() {
    do {
      loop.run_ready();
      flush_database();
    } while (loop.run_ready() > 0);
  }
  void pass(base::Milliseconds time) {
    const base::MonotonicTime end = loop.now() + time;
    settle();
    while (loop.next_timer() && *loop.next_timer() <= end) {
      const auto step = std::chrono::ceil<base::Milliseconds>(*loop.next_timer() - loop.now());
      loop.advance(std::max(step, base::Milliseconds(0)));
      settle();
    }
    if (loop.now() < end) {
      loop.advance(std::chrono::floor<base::Milliseconds>(end - loop.now()));
    }
    settle();
  }
  void write(const std::string& id, const std::string& content, const std::string& kind = "chat") {
    sessions.write_out(session, id, content, kind);
    service->wake(session);
    settle();
  }

  [[nodiscard]] store::DeliveryRecord record(const std::string& message_id) {
    return record(session, message_id);
  }
  [[nodiscard]] store::DeliveryRecord record(const session::SessionAddress& address,
                                             const std::string& message_id) {
    store::DeliveryRecord out;
    out.id = -1;
    EXPECT_TRUE(database
                    ->run([&](store::Repositories& repositories) -> base::Status {
                      PATCHBAY_ASSIGN(auto found, repositories.ledger.find_by_message(
                                                      address.agent, address.id, message_id));
                      out = found.value_or(out);
                      return {};
                    })
                    .ok());
    return out;
  }
  [[nodiscard]] std::vector<store::DeliveryRecord> all() {
    std::vector<store::DeliveryRecord> out;
    store::DeliveryFilter filter;
    filter.limit = 10'000;
    EXPECT_TRUE(database
                    ->run([&](store::Repositories& repositories) -> base::Status {
                      PATCHBAY_ASSIGN(auto page, repositories.ledger.list(filter));
                      out = std::move(page.records);
                      return {};
                    })
                    .ok());
    return out;
  }
  [[nodiscard]] test::MemorySessions::Session& files() { return sessions.sessions.at(session); }

  test::TempFolder folder;
  test::VirtualLoop loop;
  base::Random random{7};
  test::MemorySessions sessions{loop, folder.path() / "sessions"};
  test::ScriptedChannels channels{loop};
  RecordedActions actions{loop};
  RecordedAgentMessages agent_messages{loop};
  NoWatcher watcher;
  DeliveryOptions options;
  session::SessionAddress session{base::AgentGroupId("main"), base::SessionId("s1")};
  std::unique_ptr<store::CentralDatabase> database;
  std::shared_ptr<const attachments::Spool> spool;
  std::unique_ptr<DeliveryService> service;

 private:
  void flush_database() {
    // The second one comes after the completions of what the first one waited for.
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(database->run([](store::Repositories&) { return base::Status(); }).ok());
    }
  }
};

}  // namespace patchbay::delivery
