// The look at every session after a start.
#include "host/background_scan.hpp"

#include <gtest/gtest.h>

#include "attachments/mime_detector.hpp"
#include "attachments/staging.hpp"
#include "base/random.hpp"
#include "store/repositories.hpp"
#include "test_common/memory_sessions.hpp"
#include "test_common/temp_folder.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::host {
namespace {

using session::SessionAddress;

// No agent starts here: the supervisor has no place for any.
class NoRuntime final : public agents::AgentRuntime {
 public:
  base::Result<agents::RunId> start(const agents::StartSpec& /*spec*/,
                                    base::UniqueFunction<void(agents::AgentExit)>) override {
    return base::Status(base::Code::kInternal, "no agent starts here");
  }
  void terminate(agents::RunId /*run*/) override {}
  void kill(agents::RunId /*run*/) override {}
  std::optional<agents::AgentActivity> activity(agents::RunId /*run*/) const override {
    return std::nullopt;
  }
};
class NoHooks final : public agents::RunHooks {
 public:
  void prepare(const SessionAddress&, base::UniqueFunction<void(base::Status)>) override {}
  void refill(const SessionAddress&, const std::string&, base::UniqueFunction<void()>) override {}
  void started(const SessionAddress&) override {}
  void exited(const SessionAddress&, base::UniqueFunction<void()>) override {}
  void stopped(const SessionAddress&) override {}
  void failing(const SessionAddress&, const std::string&) override {}
  void given_up(const SessionAddress&, std::vector<session::GivenUpRow>,
                base::UniqueFunction<void(base::Status)>) override {}
};

class BackgroundScanTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::CentralDatabase::open(folder / "patchbay.db", loop);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    database = std::move(opened).value();
    auto area = attachments::StagingArea::open(folder / "staging");
    ASSERT_TRUE(area.ok());
    staging = std::move(area).value();
    routing::RoutingConfig config;
    config.agents = {base::AgentGroupId("main")};
    config.default_agent = base::AgentGroupId("main");
    auto compiled = routing::CompiledRouting::compile(config);
    ASSERT_TRUE(compiled.ok()) << compiled.status().message();
    router = std::make_unique<routing::Router>(
        routing::RouterParts{loop, loop, *database, {&sessions, staging.get(), &mime}, random},
        *compiled);
    agents::Supervisor::Options options;
    options.running_agents = 0;
    supervisor =
        std::make_unique<agents::Supervisor>(std::move(options), loop, sessions, runtime, hooks);
    scan = std::make_unique<BackgroundScan>(loop, *database, sessions, *supervisor, *router);
  }
  void TearDown() override {
    scan.reset();
    router.reset();
    database.reset();
    loop.drop_everything();
  }
  // With a message that waits for its agent.
  SessionAddress make_session(const std::string& id) {
    const SessionAddress address{base::AgentGroupId("main"), base::SessionId(id)};
    store::SessionRecord record;
    record.agent = address.agent;
    record.id = address.id;
    record.key = "agent:main:" + id;
    const base::Status made = database->run(
        [&record](store::Repositories& stored) { return stored.sessions.insert(record); });
    EXPECT_TRUE(made.ok()) << made.message();
    sessions.sessions[address].work.due = 1;
    return address;
  }
  bool is_woken(const SessionAddress& address) {
    return supervisor->state(address) == agents::RunState::kQueued;
  }

  test::TempFolder folder;
  test::VirtualLoop loop;
  test::MemorySessions sessions{loop, folder.path()};
  NoRuntime runtime;
  NoHooks hooks;
  base::Random random{7};
  attachments::MimeDetector mime{loop};
  std::unique_ptr<store::CentralDatabase> database;
  std::unique_ptr<attachments::StagingArea> staging;
  std::unique_ptr<routing::Router> router;
  std::unique_ptr<agents::Supervisor> supervisor;
  std::unique_ptr<BackgroundScan> scan;
};

TEST_F(BackgroundScanTest, ASessionThatCannotBeReadIsLookedAtAgain) {
  const SessionAddress readable = make_session("s1");
  const SessionAddress locked = make_session("s2");
  // Newest first.
  sessions.read_failures = {{base::Code::kIo, "too many open files"}};
  scan->start();
  ASSERT_TRUE(loop.run_until([&] { return is_woken(readable) && sessions.read_failures.empty(); }));
  EXPECT_FALSE(is_woken(locked));
  sessions.read_failures = {{base::Code::kBusy, "database is locked"}};
  loop.advance(limits::kSessionReadAgain);
  EXPECT_TRUE(sessions.read_failures.empty());
  EXPECT_FALSE(is_woken(locked));
  loop.advance(2 * limits::kSessionReadAgain);
  EXPECT_TRUE(is_woken(locked));
}

TEST_F(BackgroundScanTest, ASessionWithoutItsFolderIsNotLookedAtForEver) {
  const SessionAddress gone = make_session("s1");
  sessions.read_failures = {{base::Code::kNotFound, "there is no such folder"}};
  scan->start();
  ASSERT_TRUE(loop.run_until([&] { return sessions.read_failures.empty(); }));
  loop.advance(std::chrono::hours(1));
  EXPECT_FALSE(is_woken(gone));
}

}  // namespace
}  // namespace patchbay::host
