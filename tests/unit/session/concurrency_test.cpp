// Many sessions, agents that write meanwhile, and everything at once; meant for ThreadSanitizer
// too.
#include <atomic>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "base/limits.hpp"
#include "storage_fixture.hpp"

namespace patchbay::session {
namespace {

class Concurrency : public StorageTest {
 protected:
  static SessionAddress address(int number) {
    return {base::AgentGroupId("main"), base::SessionId("c" + std::to_string(number))};
  }
};

TEST_F(Concurrency, SessionsAndAgentsAtOnce) {
  constexpr int kSessions = 6;
  constexpr int kRows = 40;
  std::atomic<int> made{0};
  int finished = 0;
  for (int s = 0; s < kSessions; ++s) {
    storage_->create(address(s), [&](auto result) {
      EXPECT_TRUE(result.ok());
      ++made;
    });
  }
  ASSERT_TRUE(loop_.run_until([&] { return made == kSessions; }));

  std::vector<std::thread> agents;
  for (int s = 0; s < kSessions; ++s) {
    agents.emplace_back([this, s] {
      SQLite::Database out(sessions() + "/main/c" + std::to_string(s) + "/outbound.db",
                           SQLite::OPEN_READWRITE);
      out.setBusyTimeout(20'000);
      for (int row = 0; row < kRows; ++row) {
        SQLite::Statement insert(out,
                                 "INSERT INTO messages_out (id, seq, timestamp, kind, content)"
                                 " VALUES (?, ?, '', 'chat', '{}')");
        insert.bind(1, "o" + std::to_string(row));
        insert.bind(2, 2 * row + 1);
        insert.exec();
      }
    });
  }
  std::vector<std::set<std::string>> read(kSessions);
  std::vector<Watermark> watermarks(kSessions);
  int drains = 0;
  for (int row = 0; row < kRows; ++row) {
    for (int s = 0; s < kSessions; ++s) {
      storage_->write(address(s), message("m" + std::to_string(row)), [&](auto outcome) {
        EXPECT_TRUE(outcome.ok()) << outcome.status().message();
        ++finished;
      });
    }
  }
  // One look at a time for each session, as a watcher would do it.
  std::function<void(int)> look = [&](int s) {
    ++drains;
    storage_->drain(address(s), watermarks[static_cast<std::size_t>(s)], [&, s](auto batch) {
      --drains;
      storage_->rest();  // whatever else is under way
      auto& seen = read[static_cast<std::size_t>(s)];
      if (batch.ok()) {
        for (const OutboundMessage& message : batch->messages) {
          EXPECT_TRUE(seen.insert(message.id).second) << "twice: " << message.id;
        }
        watermarks[static_cast<std::size_t>(s)] = batch->watermark;
      } else {
        EXPECT_TRUE(batch.status().code() == base::Code::kBusy ||
                    batch.status().code() == base::Code::kUnavailable)
            << batch.status().message();
      }
      if (seen.size() < kRows) {
        look(s);
      }
    });
  };
  for (int s = 0; s < kSessions; ++s) {
    look(s);
  }
  ASSERT_TRUE(loop_.run_until([&] { return finished == kSessions * kRows && drains == 0; }));
  for (std::thread& agent : agents) {
    agent.join();
  }
  for (int s = 0; s < kSessions; ++s) {
    SQLite::Database database(sessions() + "/main/c" + std::to_string(s) + "/inbound.db",
                              SQLite::OPEN_READONLY);
    EXPECT_EQ(database.execAndGet("SELECT count(DISTINCT seq) FROM messages_in").getInt(), kRows);
    EXPECT_EQ(database
                  .execAndGet("SELECT group_concat(id) = (SELECT group_concat(id) FROM"
                              " (SELECT id FROM messages_in ORDER BY rowid)) FROM"
                              " (SELECT id FROM messages_in ORDER BY seq)")
                  .getInt(),
              1);
  }
}

TEST_F(Concurrency, TheStorageMayGoWhileWorkIsUnderWay) {
  ASSERT_TRUE(create(session_).ok());
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    storage_->write(session_, message("m" + std::to_string(i)), [&](auto) { ++done; });
  }
  storage_.reset();
  EXPECT_TRUE(loop_.run_until([&] { return done == 100; }));
}

}  // namespace
}  // namespace patchbay::session
