#include <SQLiteCpp/SQLiteCpp.h>
#include <csignal>
#include <future>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>

#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

using CentralDatabaseTest = StoreTest;

const base::InstanceName kInstance("telegram");

base::UniqueFunction<base::Status(Repositories&)> put(const std::string& key) {
  return [key](Repositories& repositories) { return repositories.kv.put(kInstance, key, "v"); };
}

// Writing beyond it fails, as on a full disk.
void set_largest_file(rlim_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST_F(CentralDatabaseTest, CompletionsComeInOrderWithTheirOwnOutcome) {
  std::vector<std::string> ended;
  for (int number = 0; number < 3000; ++number) {
    const std::string key = std::to_string(number);
    const bool fails = number % 7 == 3;
    database_->transact(
        [key, fails](Repositories& repositories) -> base::Status {
          PATCHBAY_TRY(repositories.kv.put(kInstance, key, "v"));
          return fails ? base::Status(base::Code::kRefused, "no") : base::Status();
        },
        [&ended, key, fails](base::Status status) {
          EXPECT_EQ(status.ok(), !fails);
          ended.push_back(key);
        });
  }
  ASSERT_TRUE(loop_.run_until([&] { return ended.size() == 3000; }));
  for (int number = 0; number < 3000; ++number) {
    EXPECT_EQ(ended.at(static_cast<std::size_t>(number)), std::to_string(number));
  }
  // A unit that failed left nothing behind, those around it did.
  const auto value = [&](const std::string& key) {
    return ask([&](Repositories& repositories) { return repositories.kv.get(kInstance, key); });
  };
  EXPECT_FALSE(value("3"));
  EXPECT_TRUE(value("2"));
  EXPECT_TRUE(value("4"));
}

TEST_F(CentralDatabaseTest, AValueComesBackWithItsTransaction) {
  std::optional<int> answer;
  database_->transact<int>([](Repositories&) -> base::Result<int> { return 42; },
                           [&](base::Result<int> result) { answer = *result; });
  ASSERT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer, 42);
}

TEST_F(CentralDatabaseTest, AnExceptionFailsItsUnitAlone) {
  std::vector<base::Code> codes;
  const auto note = [&](base::Status status) { codes.push_back(status.code()); };
  database_->transact(put("before"), note);
  database_->transact(
      [](Repositories& repositories) -> base::Status {
        static_cast<void>(repositories.kv.put(kInstance, "thrown", "v").ok());
        throw std::runtime_error("a bug");
      },
      note);
  database_->transact(put("after"), note);
  ASSERT_TRUE(loop_.run_until([&] { return codes.size() == 3; }));
  EXPECT_EQ(codes, (std::vector{base::Code::kOk, base::Code::kInternal, base::Code::kOk}));
  EXPECT_FALSE(
      ask([](Repositories& repositories) { return repositories.kv.get(kInstance, "thrown"); }));
}

TEST_F(CentralDatabaseTest, AFailureOfASoleUnitLeavesNothing) {
  const base::Status status = database_->run([](Repositories& repositories) -> base::Status {
    PATCHBAY_TRY(repositories.kv.put(kInstance, "key", "v"));
    return {base::Code::kRefused, "no"};
  });
  EXPECT_EQ(status.code(), base::Code::kRefused);
  EXPECT_FALSE(
      ask([](Repositories& repositories) { return repositories.kv.get(kInstance, "key"); }));
}

TEST_F(CentralDatabaseTest, AFailedCommitFailsTheWholeBatch) {
  std::promise<void> running;
  std::promise<void> go_on;
  std::vector<base::Status> ended;
  const auto note = [&](base::Status status) { ended.push_back(std::move(status)); };
  database_->transact(
      [&](Repositories&) -> base::Status {
        running.set_value();
        go_on.get_future().wait();
        return {};
      },
      note);
  running.get_future().wait();
  // Queued while the first runs, so these are one batch. What the last one does cannot be
  // committed.
  database_->transact(put("one"), note);
  database_->transact(
      [](Repositories& repositories) -> base::Status {
        PATCHBAY_TRY(repositories.kv.put(kInstance, "two", "v"));
        set_largest_file(0);
        return {};
      },
      note);
  go_on.set_value();
  const bool all_ended = loop_.run_until([&] { return ended.size() == 3; });
  set_largest_file(RLIM_INFINITY);
  ASSERT_TRUE(all_ended);
  EXPECT_TRUE(ended[0].ok());
  EXPECT_FALSE(ended[1].ok());
  EXPECT_FALSE(ended[2].ok());
  EXPECT_FALSE(ask([](Repositories& r) { return r.kv.get(kInstance, "one"); }));
  unit(put("the disk has room again"));
}

// Units that can be repeated, in one batch: the third fails.
TEST_F(CentralDatabaseTest, WhatIsRepeatedIsThereOnceAndAFailureHarmsNoOther) {
  std::promise<void> running;
  std::promise<void> go_on;
  database_->transact(
      [&](Repositories&) -> base::Status {
        running.set_value();
        go_on.get_future().wait();
        return {};
      },
      [](base::Status) {});
  running.get_future().wait();
  int runs = 0;
  std::vector<base::Code> codes;
  const auto append = [&runs](const std::string& letter, bool fails) {
    return [&runs, letter, fails](Repositories& repositories) -> base::Result<std::string> {
      ++runs;
      PATCHBAY_ASSIGN(const auto before, repositories.kv.get(kInstance, "letters"));
      PATCHBAY_TRY(repositories.kv.put(kInstance, "letters", before.value_or("") + letter));
      if (fails) {
        return base::Status(base::Code::kRefused, "no");
      }
      return letter;
    };
  };
  const auto note = [&](const base::Result<std::string>& result) {
    codes.push_back(result.status().code());
  };
  database_->transact_repeatable<std::string>(append("a", false), note);
  database_->transact_repeatable<std::string>(append("b", false), note);
  database_->transact_repeatable<std::string>(append("c", true), note);
  database_->transact_repeatable<std::string>(append("d", false), note);
  go_on.set_value();
  ASSERT_TRUE(loop_.run_until([&] { return codes.size() == 4; }));
  EXPECT_EQ(codes,
            (std::vector{base::Code::kOk, base::Code::kOk, base::Code::kRefused, base::Code::kOk}));
  EXPECT_EQ(ask([](Repositories& r) { return r.kv.get(kInstance, "letters"); }), "abd");
  EXPECT_EQ(runs, 7) << "three until one failed, then all four";
}

TEST_F(CentralDatabaseTest, WhatIsQueuedIsCommittedBeforeItCloses) {
  for (int number = 0; number < 500; ++number) {
    database_->transact(put(std::to_string(number)), [](base::Status) {});
  }
  reopen();
  EXPECT_EQ(ask([](Repositories& repositories) {
              return repositories.kv.keys(kInstance, "", 1000);
            }).size(),
            500U);
}

TEST_F(CentralDatabaseTest, FilesAreForTheirOwnerAlone) {
  unit(put("key"));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat facts{};
    ASSERT_EQ(::stat((path() + suffix).c_str(), &facts), 0) << suffix;
    EXPECT_EQ(facts.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST_F(CentralDatabaseTest, AnOpenFileOfOthersIsClosedToThem) {
  database_.reset();
  ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
  reopen();
  struct stat facts{};
  ASSERT_EQ(::stat(path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(CentralDatabaseTest, TheJournalStaysBounded) {
  const std::string value(32 * 1024, 'x');
  for (int round = 0; round < 40; ++round) {
    unit([&](Repositories& repositories) -> base::Status {
      for (int number = 0; number < 20; ++number) {
        PATCHBAY_TRY(repositories.kv.put(kInstance, std::to_string(number), value));
      }
      return {};
    });
  }
  struct stat facts{};
  ASSERT_EQ(::stat((path() + "-wal").c_str(), &facts), 0);
  EXPECT_LT(facts.st_size, 12 * 1024 * 1024);  // 26 MB were written
}

TEST_F(CentralDatabaseTest, ItIsInWalModeAndFullySynchronous) {
  SQLite::Database other(path(), SQLite::OPEN_READONLY);
  EXPECT_EQ(other.execAndGet("PRAGMA journal_mode").getString(), "wal");
}

TEST_F(CentralDatabaseTest, AFileThatIsNoDatabaseIsRefusedByName) {
  database_.reset();
  test::write_file(path(), std::string(8192, 'x'));
  const auto opened = CentralDatabase::open(path(), loop_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), base::Code::kCorrupt);
  EXPECT_NE(opened.status().message().find(path()), std::string::npos);
}

TEST_F(CentralDatabaseTest, WhatSessionsDoIsWrittenBehind) {
  const base::AgentGroupId agent("main");
  const base::SessionId session("s1");
  unit([&](Repositories& repositories) -> base::Status {
    SessionRecord record;
    record.agent = agent;
    record.id = session;
    record.key = "agent:main:main";
    record.created_at = at(1);
    PATCHBAY_TRY(repositories.sessions.insert(record));
    repositories.sessions.touch(agent, session, at(5000));
    repositories.sessions.touch(agent, session, at(4000));
    repositories.sessions.touch_container_status(agent, session, "running");
    repositories.sessions.touch_container_status(agent, session, "idle");
    return {};
  });
  reopen();
  const auto record =
      ask([&](Repositories& repositories) { return repositories.sessions.find(agent, session); });
  ASSERT_TRUE(record);
  EXPECT_EQ(record->last_active, at(5000));
  EXPECT_EQ(record->container_status, "idle");
}

TEST_F(CentralDatabaseTest, AStatusThatIsSetOutlivesOneThatWasRemembered) {
  const base::AgentGroupId agent("main");
  const base::SessionId stopped("s1");
  const base::SessionId started("s2");
  unit([&](Repositories& repositories) -> base::Status {
    for (const base::SessionId& session : {stopped, started}) {
      SessionRecord record;
      record.agent = agent;
      record.id = session;
      record.key = session.str();
      record.created_at = at(1);
      PATCHBAY_TRY(repositories.sessions.insert(record));
      repositories.sessions.touch_container_status(agent, session, "idle");
    }
    PATCHBAY_TRY(repositories.sessions.set_container_status(agent, stopped, "stopped"));
    return repositories.sessions.set_starting(agent, started, "command");
  });
  reopen();
  const auto find = [&](const base::SessionId& session) {
    return ask(
        [&](Repositories& repositories) { return repositories.sessions.find(agent, session); });
  };
  EXPECT_EQ(find(stopped)->container_status, "stopped");
  const auto record = find(started);
  EXPECT_EQ(record->container_status, "running");
  EXPECT_EQ(record->agent_provider, "command");
  EXPECT_TRUE(record->agent_ran);
}

}  // namespace
}  // namespace patchbay::store
