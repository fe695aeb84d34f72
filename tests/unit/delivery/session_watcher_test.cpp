#include "delivery/session_watcher.hpp"

#include <gtest/gtest.h>
#include <thread>

#include "test_common/memory_sessions.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::seconds;

class Watcher : public testing::Test {
 protected:
  void make(WatcherOptions options = {}) {
    auto made = make_inotify_watcher(loop, pool, random, sessions, options);
    ASSERT_TRUE(made.ok()) << made.status().message();
    watcher = std::move(made).value();
    watcher->on_change([this](const session::SessionAddress& session) {
      ++hints[session];
      loop.stop();
    });
    add(one);
    add(two);
  }
  void add(const session::SessionAddress& session) {
    std::filesystem::create_directories(sessions.path(session));
    ASSERT_TRUE(watcher->watch(session).ok());
  }
  // Runs the loop until a hint comes, or for so long.
  void wait(base::Milliseconds at_most) {
    loop.poll();  // also makes it ready to run again
    const base::TimerId timer = loop.run_after(at_most, [this] { loop.stop(); });
    loop.run();
    loop.cancel(timer);
  }
  void change(const session::SessionAddress& session, const std::string& name) {
    test::write_file(sessions.path(session) / name, "x" + std::to_string(++changes));
  }

  test::TempFolder folder;
  base::EventLoop loop;
  base::ThreadPool pool{1, "storage"};
  base::Random random{3};
  test::MemorySessions sessions{loop, folder.path()};
  session::SessionAddress one{base::AgentGroupId("a"), base::SessionId("one")};
  session::SessionAddress two{base::AgentGroupId("a"), base::SessionId("two")};
  std::map<session::SessionAddress, int> hints;
  int changes = 0;
  std::unique_ptr<SessionWatcher> watcher;
};

TEST_F(Watcher, ACommitIsOneHint) {
  make();
  change(one, "outbound.db");
  change(one, "outbound.db-journal");
  std::filesystem::remove(sessions.path(one) / "outbound.db-journal");
  wait(seconds(10));
  EXPECT_EQ(hints[one], 1);
  EXPECT_EQ(hints[two], 0);
  change(one, "outbound.db");
  wait(seconds(10));
  EXPECT_EQ(hints[one], 2);
}

TEST_F(Watcher, TruncatedAndDeletedJournalsAreHints) {
  make();
  change(two, "outbound.db-journal");
  wait(seconds(10));
  const int before = hints[two];
  std::filesystem::resize_file(sessions.path(two) / "outbound.db-journal", 0);
  wait(seconds(10));
  EXPECT_GT(hints[two], before);
  const int truncated = hints[two];
  std::filesystem::remove(sessions.path(two) / "outbound.db-journal");
  wait(seconds(10));
  EXPECT_GT(hints[two], truncated);
}

TEST_F(Watcher, OtherFilesAreNot) {
  make();
  change(one, "inbound.db");
  change(one, ".heartbeat");
  change(one, "outbound.db");  // a sentinel: hints come in order
  wait(seconds(10));
  EXPECT_EQ(hints[one], 1);
}

TEST_F(Watcher, UnwatchedFoldersAreQuietAndMayBeWatchedAgain) {
  make();
  watcher->unwatch(one);
  change(one, "outbound.db");
  change(two, "outbound.db");
  wait(seconds(10));
  EXPECT_EQ(hints[one], 0);
  add(one);
  change(one, "outbound.db");
  wait(seconds(10));
  EXPECT_EQ(hints[one], 1);
}

TEST_F(Watcher, PollsWhereNothingIsTold) {
  WatcherOptions options;
  options.poll_always = true;
  options.poll_interval = base::Milliseconds(2);
  make(options);
  change(one, "outbound.db");
  wait(seconds(10));
  EXPECT_EQ(hints[one], 1);
  EXPECT_EQ(hints[two], 0);
}

TEST_F(Watcher, MoreThanTheBoundArePolled) {
  WatcherOptions options;
  options.max_watches = 1;
  options.poll_interval = base::Milliseconds(2);
  make(options);
  change(two, "outbound.db");
  wait(seconds(10));
  EXPECT_EQ(hints[two], 1);
}

TEST_F(Watcher, AMissingFolderIsAFailure) {
  make();
  EXPECT_FALSE(watcher->watch({base::AgentGroupId("a"), base::SessionId("none")}).ok());
}

TEST(WatcherFilesystems, NetworkAndVirtualMountsArePolled) {
  EXPECT_FALSE(filesystem_gives_events(0x01021997));  // 9p
  EXPECT_FALSE(filesystem_gives_events(0x6969));      // NFS
  EXPECT_FALSE(filesystem_gives_events(0x65735546));  // FUSE, virtiofs
  EXPECT_TRUE(filesystem_gives_events(0xEF53));       // ext4
  EXPECT_TRUE(filesystem_gives_events(0x01021994));   // tmpfs
}

}  // namespace
}  // namespace patchbay::delivery
