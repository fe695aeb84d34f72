// A router with a real central database and real staging, and sessions that the test scripts.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "attachments/mime_detector.hpp"
#include "attachments/staging.hpp"
#include "routing/router.hpp"
#include "scripted_sessions.hpp"
#include "store/repositories.hpp"
#include "test_common/temp_folder.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::routing {

class ScriptedFiles final : public FilePort {
 public:
  using Done = base::UniqueFunction<void(base::Result<std::string>)>;
  void fetch(const base::InstanceName& /*instance*/, const std::string& reference,
             Done done) override {
    asked.push_back(reference);
    pending.push_back(std::move(done));
  }
  [[nodiscard]] bool is_connected(const base::InstanceName& /*instance*/) const override {
    return connected;
  }
  [[nodiscard]] bool is_paused(const base::InstanceName& /*instance*/) const override {
    return paused;
  }
  std::vector<std::string> asked;
  std::vector<Done> pending;
  bool connected = true;
  bool paused = false;
};

inline Wiring wiring(std::string chats, std::string agent, Engage engage = Engage::kAlways) {
  Wiring result;
  result.chats = std::move(chats);
  result.agent = base::AgentGroupId(std::move(agent));
  result.engage = engage;
  return result;
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    config_.agents = {base::AgentGroupId("main"), base::AgentGroupId("helper")};
    config_.default_agent = base::AgentGroupId("main");
    config_.wirings = {wiring("telegram:*", "main")};
    auto staging = attachments::StagingArea::open(folder_ / "staging");
    EXPECT_TRUE(staging.ok());
    staging_ = std::move(staging).value();
    tools_ = {&sessions_, staging_.get(), &mime_};
  }
  ~RouterTest() override { stop(); }

  void SetUp() override { start(); }

  // As after a restart: what is not on disk is gone.
  void start() {
    auto database = store::CentralDatabase::open(folder_ / "patchbay.db", loop_);
    ASSERT_TRUE(database.ok()) << database.status().message();
    database_ = std::move(database).value();
    storage_ = std::make_unique<base::ThreadPool>(1, "storage");
    auto routing = CompiledRouting::compile(config_);
    ASSERT_TRUE(routing.ok()) << routing.status().message();
    router_ = std::make_unique<Router>(RouterParts{loop_, *storage_, *database_, tools_, random_},
                                       *routing);
    router_->set_files(files_);
    ASSERT_TRUE(router_->start().ok());
  }
  void stop() {
    router_.reset();
    storage_.reset();
    database_.reset();
    loop_.drop_everything();
  }
  void restart() {
    stop();
    start();
  }
  void reconfigure() {
    auto routing = CompiledRouting::compile(config_);
    ASSERT_TRUE(routing.ok()) << routing.status().message();
    router_->reconfigure(*routing);
  }

  InboundEvent message(const std::string& id, const std::string& text = "hello") {
    InboundEvent event;
    event.instance = base::InstanceName("telegram");
    event.channel = base::ChannelName("telegram");
    event.event_id = "e" + id;
    event.message_id = id;
    event.chat_kind = store::ChatKind::kGroup;
    event.chat_id = "-1";
    event.chat = base::ChatKey("telegram:group:-1");
    event.chat_name = "Family";
    event.sender = {"42", "Ann", false, false};
    event.timestamp = loop_.wall_now();
    event.text = text;
    return event;
  }
  static InboundEvent in_chat(InboundEvent event, const std::string& id,
                              store::ChatKind kind = store::ChatKind::kGroup) {
    event.chat_id = id;
    event.chat_kind = kind;
    const bool direct = kind == store::ChatKind::kDirect;
    event.chat = base::ChatKey(event.instance.str() + (direct ? ":dm:" : ":group:") + id);
    return event;
  }

  // Submits, and returns the place of its outcome in `outcomes_`.
  std::size_t submit(InboundEvent event) {
    const std::size_t place = outcomes_.size();
    outcomes_.emplace_back();
    router_->submit(std::move(event), [this, place](SubmitOutcome outcome) {
      EXPECT_FALSE(outcomes_[place]) << "completed twice";
      outcomes_[place] = outcome;
    });
    return place;
  }
  bool all_ended() {
    return loop_.run_until([&] {
      return std::all_of(outcomes_.begin(), outcomes_.end(),
                         [](const auto& outcome) { return outcome.has_value(); });
    });
  }
  // Submits and waits.
  SubmitOutcome route(InboundEvent event) {
    const std::size_t place = submit(std::move(event));
    EXPECT_TRUE(loop_.run_until([&] { return outcomes_[place].has_value(); }));
    return outcomes_[place].value_or(SubmitOutcome::kBusy);
  }

  template <class Condition>
  bool eventually(Condition condition) {
    return loop_.run_until(condition);
  }

  template <class Ask>
  auto ask(Ask question) {
    using Answer = decltype(question(std::declval<store::Repositories&>()));
    typename Answer::value_type value{};
    const auto status = database_->run([&](store::Repositories& repositories) -> base::Status {
      auto answer = question(repositories);
      if (answer.ok()) {
        value = std::move(answer).value();
      }
      return answer.status();
    });
    EXPECT_TRUE(status.ok()) << status.message();
    return value;
  }
  // The only session of an agent.
  session::SessionAddress session_of(const std::string& agent) {
    const auto found = ask([&](store::Repositories& repositories) {
      return repositories.sessions.list(base::AgentGroupId(agent), true, 10);
    });
    EXPECT_EQ(found.size(), 1U) << agent;
    return found.empty() ? session::SessionAddress{}
                         : session::SessionAddress{found[0].agent, found[0].id};
  }
  // The texts in all sessions of an agent, in order; "+" before those that wake.
  std::vector<std::string> texts_of(const std::string& agent) {
    std::vector<std::string> texts;
    for (const auto& [session, rows] : sessions_.rows) {
      for (const auto& row : rows) {
        if (session.agent.str() == agent) {
          texts.push_back((row.trigger ? "+" : "-") +
                          nlohmann::json::parse(row.content).value("text", std::string()));
        }
      }
    }
    return texts;
  }

  // The disposition of an event of the usual chat; with a database of its own if none is open.
  std::optional<store::Disposition> ask_seen(const std::string& event) {
    const bool own = database_ == nullptr;
    if (own) {
      database_ = std::move(store::CentralDatabase::open(folder_ / "patchbay.db", loop_)).value();
    }
    const auto seen = ask([&](store::Repositories& repositories) {
      return repositories.seen.find(
          {base::InstanceName("telegram"), base::ChatKey("telegram:group:-1"), event});
    });
    if (own) {
      database_.reset();
    }
    return seen;
  }
  std::int64_t intake_rows() {
    return ask([](store::Repositories& repositories) { return repositories.intake.count(); });
  }

  std::string stage(const std::string& bytes) {
    auto file = staging_->from_bytes(bytes);
    EXPECT_TRUE(file.ok());
    auto name = std::move(*file).keep();
    EXPECT_TRUE(name.ok());
    return *name;
  }
  static InboundFile staged_file(std::string staged, std::string name) {
    InboundFile file;
    file.kind = "document";
    file.staged = std::move(staged);
    file.name = std::move(name);
    file.mime = "text/plain";
    return file;
  }

  test::TempFolder folder_;
  test::VirtualLoop loop_;
  attachments::MimeDetector mime_{loop_};
  base::Random random_{7};
  std::unique_ptr<attachments::StagingArea> staging_;
  test::ScriptedSessions sessions_{loop_, folder_.path() / "sessions"};
  FileTools tools_;
  ScriptedFiles files_;
  RoutingConfig config_;
  std::unique_ptr<store::CentralDatabase> database_;
  std::unique_ptr<base::ThreadPool> storage_;
  std::unique_ptr<Router> router_;
  std::vector<std::optional<SubmitOutcome>> outcomes_;
};

}  // namespace patchbay::routing
