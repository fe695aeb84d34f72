// What an agent that dies with a message in its hands costs: the supervisor over real session
// folders.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agents/supervisor.hpp"
#include "fakes.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::agents {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class SupervisorClaimsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    session::SessionStorage::Options stored;
    stored.sessions_folder = folder / "sessions";
    auto opened = session::SessionStorage::open(std::move(stored), loop, loop, loop);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    storage = std::move(opened).value();
    AgentGroup group;
    group.id = session.agent;
    group.command = {"agent"};
    group.workspace = folder / "agents/main";
    Supervisor::Options options;
    options.logs_folder = folder / "logs";
    options.session_folder = [this](const session::SessionAddress& it) {
      return folder / ("sessions/" + session_name(it));
    };
    options.groups = {{group.id, group}};
    supervisor = std::make_unique<Supervisor>(std::move(options), loop, *storage, runtime, hooks);
    storage->on_work([this](const session::SessionAddress& it, const session::SessionWork& work) {
      supervisor->on_work(it, work);
    });
    storage->create(session, [](const base::Result<bool>& made) { ASSERT_TRUE(made.ok()); });
    loop.run_ready();
  }

  void message_comes(const std::string& id) {
    session::InboundMessage message;
    message.id = id;
    message.timestamp = loop.wall_now();
    message.address = {"telegram", "telegram:dm:5", ""};
    message.content = R"({"text":"hello"})";
    storage->write(session, std::move(message),
                   [](const auto& written) { ASSERT_TRUE(written.ok()); });
    loop.run_ready();
  }
  void agent_acknowledges(const std::string& id, const std::string& status) {
    SQLite::Database outbound(folder / ("sessions/" + session_name(session) + "/outbound.db"),
                              SQLite::OPEN_READWRITE);
    SQLite::Statement put(outbound,
                          "INSERT OR REPLACE INTO processing_ack VALUES (?, ?, datetime('now'))");
    put.bind(1, id);
    put.bind(2, status);
    put.exec();
  }
  std::string status_of(const std::string& id) {
    SQLite::Database inbound(folder / ("sessions/" + session_name(session) + "/inbound.db"));
    SQLite::Statement find(inbound, "SELECT status FROM messages_in WHERE id = ?");
    find.bind(1, id);
    return find.executeStep() ? find.getColumn(0).getString() : "none";
  }
  void crash() {
    runtime.exit("s1", {1, 0});
    loop.run_ready();
  }

  test::TempFolder folder;
  test::VirtualLoop loop;
  session::SessionAddress session{base::AgentGroupId("main"), base::SessionId("s1")};
  FakeRuntime runtime;
  FakeHooks hooks;
  std::unique_ptr<session::SessionStorage> storage;
  std::unique_ptr<Supervisor> supervisor;
};

TEST_F(SupervisorClaimsTest, EachCrashWithAClaimCountsUntilTheMessageIsGivenUp) {
  message_comes("7:42:main");
  for (unsigned crashes = 1; crashes <= limits::kClaimTries; ++crashes) {
    ASSERT_EQ(runtime.started.size(), crashes);
    agent_acknowledges("7:42:main", "processing");
    crash();
    ASSERT_TRUE(supervisor->failure(session)) << "after " << crashes;
    EXPECT_EQ(supervisor->failure(session)->in_a_row, crashes);
    EXPECT_EQ(std::count(hooks.told.begin(), hooks.told.end(), "failing s1"), crashes < 3 ? 0 : 1);
    loop.advance(seconds(5) * (1 << (crashes - 1)));
  }
  EXPECT_THAT(hooks.told, Not(Contains("given up s1 7:42:main")));
  agent_acknowledges("7:42:main", "processing");
  crash();
  EXPECT_THAT(hooks.told, Contains("given up s1 7:42:main"));
  loop.advance(std::chrono::hours(1));
  EXPECT_EQ(runtime.started.size(), limits::kClaimTries + 1U) << "nothing is left to do";
  EXPECT_TRUE(supervisor->failure(session)) << "and it is known why";
}

TEST_F(SupervisorClaimsTest, AMessageIsFailedOnlyWhenItsPeopleWereTold) {
  message_comes("7:42:main");
  for (int crashes = 1; crashes <= limits::kClaimTries; ++crashes) {
    agent_acknowledges("7:42:main", "processing");
    crash();
    loop.advance(seconds(5) * (1 << (crashes - 1)));
  }
  hooks.told_status = {base::Code::kIo, "the disk is full"};
  agent_acknowledges("7:42:main", "processing");
  crash();
  const auto times_told = [this] {
    return std::count(hooks.told.begin(), hooks.told.end(), "given up s1 7:42:main");
  };
  EXPECT_EQ(times_told(), 1);
  EXPECT_EQ(status_of("7:42:main"), "pending");
  ASSERT_TRUE(supervisor->failure(session));
  EXPECT_THAT(supervisor->failure(session)->reason, HasSubstr("the disk is full"));
  loop.advance(std::chrono::hours(1));
  EXPECT_GT(times_told(), 1) << "it is tried again";
  EXPECT_EQ(status_of("7:42:main"), "pending");
  EXPECT_EQ(runtime.started.size(), limits::kClaimTries + 1U) << "no agent is given it once more";

  hooks.told_status = {};
  loop.advance(std::chrono::minutes(10));
  EXPECT_EQ(status_of("7:42:main"), "failed");
  const auto told = times_told();
  loop.advance(std::chrono::hours(1));
  EXPECT_EQ(times_told(), told);
  message_comes("7:43:main");
  EXPECT_EQ(runtime.started.size(), limits::kClaimTries + 2U);
}

TEST_F(SupervisorClaimsTest, AnAcknowledgementIsWorkThoughTheNextMessageCrashesIt) {
  message_comes("first");
  message_comes("second");
  agent_acknowledges("first", "completed");
  agent_acknowledges("second", "processing");
  crash();
  EXPECT_FALSE(supervisor->failure(session));
  loop.advance(seconds(5));
  EXPECT_EQ(runtime.started.size(), 2U);
}

}  // namespace
}  // namespace patchbay::agents
