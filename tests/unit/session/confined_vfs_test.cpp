// What SQLite can and cannot do through the confined VFS.
#include "session/confined_vfs.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "session/confined_open.hpp"
#include "session/database.hpp"
#include "session/schema_upgrade.hpp"
#include "storage_fixture.hpp"
#include "system_calls.hpp"

namespace patchbay::session {
namespace {

class ConfinedVfs : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    ASSERT_TRUE(create(session_).ok());
    auto opened = storage_->folder(session_);
    ASSERT_TRUE(opened.ok());
    folder_ = *opened;
  }
  base::Result<Database> open(DatabaseFile file, Database::Mode mode) {
    return Database::open(*folder_, file, mode, limits::kInboundBusy);
  }

  std::shared_ptr<attachments::ConfinedFolder> folder_;
};

TEST_F(ConfinedVfs, PathsAreParsedExactly) {
  const auto path = parse_confined_path("/proc/self/fd/12/inbound.db");
  ASSERT_TRUE(path.has_value());
  EXPECT_EQ(path->folder, 12);
  EXPECT_EQ(path->name, "inbound.db");
  EXPECT_EQ(parse_confined_path("/proc/self/fd/12")->name, "");
  for (const char* other : {"/proc/self/fd/", "/proc/self/fd/x/inbound.db", "/proc/self/fd/-1/a",
                            "/proc/self/fd/12inbound.db", "/tmp/inbound.db", ""}) {
    EXPECT_FALSE(parse_confined_path(other).has_value()) << other;
  }
}

TEST_F(ConfinedVfs, OnlyFourNamesExist) {
  for (const char* name : {"other.db", "../outbound.db", "inbound.db-wal", "inbound.db-shm",
                           "inbound.db-journal-journal", "outbox/x"}) {
    vfs_report() = {};
    EXPECT_EQ(open_confined({folder_->fd(), name}, O_RDWR | O_CREAT, 0600), -1) << name;
    EXPECT_FALSE(vfs_report().refusal.empty()) << name;
  }
}

TEST_F(ConfinedVfs, WalModeCannotBeHad) {
  auto database = open(DatabaseFile::kOutbound, Database::Mode::kReadWrite);
  ASSERT_TRUE(database.ok());
  auto statement = database->prepare("PRAGMA journal_mode = WAL");
  ASSERT_TRUE(statement.ok());
  const auto row = statement->step();
  EXPECT_TRUE(!row.ok() || statement->text(0) == "delete");
  EXPECT_FALSE(std::filesystem::exists(file("outbound.db-wal")));
}

TEST_F(ConfinedVfs, NoOtherDatabaseCanBeAttached) {
  auto database = open(DatabaseFile::kOutbound, Database::Mode::kReadWrite);
  ASSERT_TRUE(database.ok());
  EXPECT_FALSE(database->execute("ATTACH 'other.db' AS other").ok());
}

TEST_F(ConfinedVfs, ACommitSyncsTheFolderWhenAJournalWasMadeOrRemoved) {
  auto database = open(DatabaseFile::kOutbound, Database::Mode::kReadWrite);
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE(database->execute("PRAGMA synchronous = EXTRA").ok());
  const std::uint64_t folders = folder_syncs();
  const std::uint64_t files = file_syncs();
  ASSERT_TRUE(database->execute("INSERT INTO session_state VALUES ('a', 'b', 'c')").ok());
  EXPECT_EQ(folder_syncs() - folders, 2U);  // the journal appears, the journal goes
  EXPECT_GE(file_syncs() - files, 2U);      // the journal, the database
}

TEST_F(ConfinedVfs, TheHostsCommitKeepsItsJournalAndIsSynced) {
  ASSERT_TRUE(write(message("warm")).ok());
  struct stat before{};
  ASSERT_EQ(::stat(file("inbound.db-journal").c_str(), &before), 0);
  const std::uint64_t files = file_syncs();
  ASSERT_TRUE(write(message("a")).ok());
  EXPECT_GE(file_syncs() - files, 3U);  // the journal, the database, the journal's end
  struct stat after{};
  ASSERT_EQ(::stat(file("inbound.db-journal").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(after.st_size, 0);
}

TEST_F(ConfinedVfs, AnUnchangedFileIsNotLocked) {
  agent(
      "INSERT INTO messages_out (id, seq, timestamp, kind, content)"
      " VALUES ('a', 1, '', 'chat', '{}')");
  const Watermark watermark = drain()->watermark;
  SQLite::Database database = agent_outbound();
  database.exec("BEGIN EXCLUSIVE");  // whoever asked for a lock now would wait
  const auto batch = drain(watermark);
  ASSERT_TRUE(batch.ok()) << batch.status().message();
  EXPECT_EQ(batch->watermark, watermark);
  database.exec("COMMIT");
}

TEST_F(ConfinedVfs, ATooLongStatementIsStopped) {
  constexpr int kSteps = 200'000;
  auto database = Database::open(*folder_, DatabaseFile::kOutbound, Database::Mode::kReadOnly,
                                 limits::kInboundBusy, kSteps);
  ASSERT_TRUE(database.ok());
  const auto endless = database->number(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  ASSERT_FALSE(endless.ok());
  EXPECT_EQ(endless.status().code(), base::Code::kRefused);
  EXPECT_NE(endless.status().message().find("session main/s1/outbound.db"), std::string::npos);
  EXPECT_TRUE(database->number("SELECT 1").ok()) << "the budget is a statement's";
}

TEST_F(ConfinedVfs, TheTemplateIsANewDatabase) {
  const auto bytes = make_template(DatabaseFile::kInbound);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(test::read_file(file("inbound.db")), *bytes);
  EXPECT_EQ(inbound("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(inbound("PRAGMA journal_mode"), "delete");
}

}  // namespace
}  // namespace patchbay::session
