// A session folder whose agent was talked into anything: each attack is refused or healed by name,
// no other file is touched, and other sessions go on.
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/unique_fd.hpp"
#include "hostile_files.hpp"
#include "session/database.hpp"
#include "storage_fixture.hpp"

namespace patchbay::session {
namespace {

using base::Code;

// SQLite's shared lock, as another process would hold it.
class ReadLock {
 public:
  explicit ReadLock(const std::string& database)
      : fd_(::open(database.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct flock lock{};
    lock.l_type = F_RDLCK;
    lock.l_start = 0x40000002;
    lock.l_len = 510;
    EXPECT_EQ(::fcntl(fd_.get(), F_OFD_SETLK, &lock), 0);
  }

 private:
  base::UniqueFd fd_;
};

class Attack : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    ASSERT_TRUE(create(session_).ok());
    ASSERT_TRUE(create(neighbour_).ok());
    agent_writes("before", 1);
    ASSERT_TRUE(write(message("in1")).ok());
    test::write_file(victim(), kSecret);
  }
  void TearDown() override {
    EXPECT_EQ(test::read_file(victim()), kSecret) << "a file outside was touched";
    const auto outcome = wait<CommandOutcome>(
        [&](auto done) { storage_->write(neighbour_, message("neighbour"), std::move(done)); });
    EXPECT_TRUE(outcome.ok()) << "the neighbour suffers: " << outcome.status().message();
    StorageTest::TearDown();
  }

  [[nodiscard]] std::string victim() const { return temp_ / "victim"; }

  // One that gives the database back what it was.
  void plant_journal(const std::string& database, const std::string& what_it_was) {
    test::write_file(file(database + "-journal"),
                     make_journal(pages_of(what_it_was),
                                  static_cast<std::uint32_t>(what_it_was.size() / kPageBytes)));
  }

  void expect_refused(const base::Status& status, const std::string& about) {
    ASSERT_FALSE(status.ok()) << about;
    EXPECT_TRUE(status.code() == Code::kRefused || status.code() == Code::kCorrupt ||
                status.code() == Code::kUnavailable)
        << status.message();
    EXPECT_NE(status.message().find("main/s1"), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(about), std::string::npos) << status.message();
  }
  // After it both databases work.
  void expect_healed(const std::string& about) {
    const auto recovery = recover();
    ASSERT_TRUE(recovery.ok()) << recovery.status().message();
    ASSERT_FALSE(recovery->healed.empty());
    EXPECT_NE(recovery->healed[0].find(about), std::string::npos) << recovery->healed[0];
    EXPECT_NE(recovery->healed[0].find(".corrupt-20260101T"), std::string::npos);
    expect_works();
  }
  void expect_works() {
    const std::string id = "works" + std::to_string(++works_);
    const auto outcome = write(message(id));
    EXPECT_TRUE(outcome.ok()) << outcome.status().message();
    agent_writes(id, 1001 + 2 * works_);
    const auto batch = drain();
    ASSERT_TRUE(batch.ok()) << batch.status().message();
    EXPECT_FALSE(batch->messages.empty());
  }
  // Replaces the file `name` by something else.
  void replace(const std::string& name, const std::function<int(const char*)>& make) {
    std::filesystem::remove(file(name));
    ASSERT_EQ(make(file(name).c_str()), 0) << name;
  }

  static constexpr const char* kSecret = "a file of the host's user";
  int works_ = 0;
  std::vector<std::string> told_;  // by the storage's listener
  base::SystemClock real_clock_;   // outlives the storage
  SessionAddress neighbour_{base::AgentGroupId("main"), base::SessionId("s2")};
};

constexpr const char* kRows =
    "SELECT group_concat(id) FROM (SELECT id FROM messages_in ORDER BY seq)";

int make_fifo(const char* path) { return ::mkfifo(path, 0600); }
int make_folder(const char* path) { return ::mkdir(path, 0700); }

TEST_F(Attack, FifoInPlaceOfTheDatabase) {
  replace("outbound.db", make_fifo);
  expect_refused(drain().status(), "outbound.db is a FIFO");
  expect_healed("outbound.db is a FIFO");
}

TEST_F(Attack, FifoInPlaceOfInbound) {
  replace("inbound.db", make_fifo);
  expect_refused(write(message("x")).status(), "inbound.db is a FIFO");
  expect_healed("inbound.db is a FIFO");
}

TEST_F(Attack, FolderInPlaceOfTheDatabase) {
  replace("outbound.db", make_folder);
  expect_refused(drain().status(), "outbound.db is a folder");
  expect_healed("outbound.db is a folder");
}

TEST_F(Attack, FifoUnderAJournalsName) {
  replace("outbound.db-journal", make_fifo);
  expect_refused(drain().status(), "outbound.db-journal is a FIFO");
  expect_healed("outbound.db-journal is a FIFO");
  replace("inbound.db-journal", make_fifo);
  expect_refused(write(message("x")).status(), "inbound.db-journal is a FIFO");
  expect_healed("inbound.db-journal is a FIFO");
}

TEST_F(Attack, SymbolicLinks) {
  for (const char* name :
       {"outbound.db", "outbound.db-journal", "inbound.db", "inbound.db-journal"}) {
    SCOPED_TRACE(name);
    replace(name, [this](const char* path) { return ::symlink(victim().c_str(), path); });
    const std::string about = std::string(name) + " is a symbolic link";
    expect_refused(name[0] == 'o' ? drain().status() : write(message("x")).status(), about);
    expect_healed(about);
  }
}

TEST_F(Attack, HardLinksToAHostsFile) {
  for (const char* name :
       {"outbound.db", "outbound.db-journal", "inbound.db", "inbound.db-journal"}) {
    SCOPED_TRACE(name);
    replace(name, [this](const char* path) { return ::link(victim().c_str(), path); });
    const std::string about = std::string(name) + " has 2 hard links";
    expect_refused(name[0] == 'o' ? drain().status() : write(message("x")).status(), about);
    expect_healed(about);
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      if (entry.path().string().find(".corrupt-") != std::string::npos) {
        std::filesystem::remove(entry.path());
      }
    }
  }
}

TEST_F(Attack, LinkedSessionFolder) {
  std::filesystem::rename(folder(), sessions() + "/main/elsewhere");
  ASSERT_EQ(::symlink((sessions() + "/main/s2").c_str(), folder().c_str()), 0);
  const auto outcome = write(message("x"));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().code(), Code::kRefused) << outcome.status().message();
}

TEST_F(Attack, JournalThatNamesASuperJournal) {
  const std::string bytes = test::read_file(file("outbound.db"));
  test::write_file(
      file("outbound.db-journal"),
      make_journal({}, static_cast<std::uint32_t>(bytes.size() / kPageBytes), victim()));
  expect_refused(drain().status(), "outbound.db");
  expect_healed("super-journal");
}

TEST_F(Attack, DamageIsTold) {
  storage_->on_work([this](const SessionAddress& session, const SessionWork& work) {
    told_.push_back(session.id.str() + (work.damaged ? " damaged" : " works"));
  });
  replace("outbound.db-journal", make_fifo);
  EXPECT_FALSE(drain().ok());
  replace("inbound.db-journal", make_fifo);
  EXPECT_FALSE(write(message("x")).ok());
  loop_.run_ready();
  EXPECT_EQ(told_, (std::vector<std::string>{"s1 damaged", "s1 damaged"}));
  ASSERT_TRUE(recover().ok());
  loop_.run_ready();
  EXPECT_EQ(told_.back(), "s1 works");
}

TEST_F(Attack, InboundJournalThatNamesASuperJournal) {
  const std::string bytes = test::read_file(file("inbound.db"));
  const std::string journal =
      make_journal({}, static_cast<std::uint32_t>(bytes.size() / kPageBytes), victim());
  test::write_file(file("inbound.db-journal"), journal);
  EXPECT_TRUE(write(message("in2")).ok()) << "it cannot be ours, so it is emptied";
  open(loop_);  // now it may be one that a killed host left behind
  test::write_file(file("inbound.db-journal"), journal);
  expect_refused(write(message("x")).status(), "super-journal");
  const auto recovery = recover();
  ASSERT_TRUE(recovery.ok()) << recovery.status().message();
  ASSERT_EQ(recovery->healed.size(), 1U);
  EXPECT_NE(recovery->healed[0].find("super-journal"), std::string::npos);
  EXPECT_FALSE(recovery->inbound_set_aside);
  EXPECT_EQ(inbound(kRows), "in1,in2");
  expect_works();
}

TEST_F(Attack, NamesOfSuperJournalsInEveryPlaceAreCutOff) {
  const std::string before = test::read_file(file("inbound.db"));
  const auto pages = static_cast<std::uint32_t>(before.size() / kPageBytes);
  const std::string tail = make_journal({}, pages, victim()).substr(make_journal({}, pages).size());
  const std::string name_alone = tail.substr(4);  // without the page number before it
  std::string many = make_journal(pages_of(before), pages);
  for (int i = 0; i < 100; ++i) {
    many += tail;
  }
  for (const std::string& journal : {name_alone, tail, many}) {
    SCOPED_TRACE(journal.size());
    open(loop_);
    test::write_file(file("inbound.db-journal"), journal);
    const auto recovery = recover();
    ASSERT_TRUE(recovery.ok()) << recovery.status().message();
    EXPECT_FALSE(recovery->inbound_set_aside);
    EXPECT_EQ(inbound(kRows), "in1");
    expect_works();
    test::write_file(file("inbound.db"), before);
  }
}

TEST_F(Attack, AHotJournalIsRolledBackWhateverAnAgentWroteBehindIt) {
  const std::string before = test::read_file(file("inbound.db"));
  ASSERT_TRUE(write(message("half")).ok());
  open(loop_);
  const auto pages = static_cast<std::uint32_t>(before.size() / kPageBytes);
  const std::string honest = make_journal(pages_of(before), pages);
  const std::string named = make_journal({}, pages, victim());
  // The name at the end of a journal, twice.
  const std::string tail = named.substr(make_journal({}, pages).size());
  test::write_file(file("inbound.db-journal"), honest + tail + tail);
  expect_refused(write(message("x")).status(), "super-journal");
  const auto recovery = recover();
  ASSERT_TRUE(recovery.ok()) << recovery.status().message();
  EXPECT_FALSE(recovery->inbound_set_aside);
  EXPECT_EQ(inbound(kRows), "in1") << "the transaction that the journal belongs to is undone";
  expect_works();
}

TEST_F(Attack, AJournalThatIsNoneCostsNoMessage) {
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    if (restarted) {
      open(loop_);
    }
    replace("inbound.db-journal", make_fifo);
    expect_refused(write(message("x")).status(), "inbound.db-journal is a FIFO");
    expect_healed("inbound.db-journal is a FIFO");
    EXPECT_EQ(status_of("in1"), "pending");
  }
  EXPECT_EQ(inbound(kRows), "in1,works1,works2");
}

TEST_F(Attack, ADamagedDatabaseBesideAJournalThatIsNoneIsReplaced) {
  open(loop_);
  std::string bytes = test::read_file(file("inbound.db"));
  bytes.replace(kPageBytes + 100, 3000, std::string(3000, 'x'));
  bytes.replace(2 * kPageBytes, 200, std::string(200, 'x'));
  test::write_file(file("inbound.db"), bytes);
  replace("inbound.db-journal", make_fifo);
  const auto recovery = recover();
  ASSERT_TRUE(recovery.ok()) << recovery.status().message();
  EXPECT_EQ(recovery->healed.size(), 2U);
  EXPECT_TRUE(recovery->inbound_set_aside);
  expect_works();
}

TEST_F(Attack, ARefusedJournalMakesNoOtherOneOurs) {
  const std::string earlier = test::read_file(file("inbound.db"));
  ASSERT_TRUE(write(message("in2")).ok());
  replace("inbound.db-journal", make_fifo);
  EXPECT_FALSE(write(message("x")).ok());
  std::filesystem::remove(file("inbound.db-journal"));
  plant_journal("inbound.db", earlier);
  ASSERT_TRUE(write(message("in3")).ok());
  EXPECT_EQ(inbound(kRows), "in1,in2,in3");
}

TEST_F(Attack, AReplacedInboundIsRefilledOnce) {
  ASSERT_TRUE(write(message("lost")).ok());
  test::write_file(file("inbound.db"), "no database");
  auto recovery = recover();
  ASSERT_TRUE(recovery.ok()) << recovery.status().message();
  ASSERT_TRUE(recovery->inbound_set_aside);
  EXPECT_TRUE(recovery->inbound_set_aside->starts_with("inbound.db.corrupt-20260101T"));
  EXPECT_TRUE(std::filesystem::exists(file(*recovery->inbound_set_aside)));
  // The host dies before it has put anything back.
  open(loop_);
  const std::string name = *recovery->inbound_set_aside;
  recovery = recover();
  ASSERT_TRUE(recovery.ok());
  EXPECT_TRUE(recovery->healed.empty());
  EXPECT_EQ(recovery->inbound_set_aside, name);
  // What is newer than what is put back stays.
  ASSERT_TRUE(write(DeliveredRow{"b", "p2", "failed", "by a report", loop_.wall_now()}).ok());
  RefillInbound refill;
  refill.delivered = {{"a", "p1", "delivered", "", loop_.wall_now()},
                      {"b", "p2", "delivered", "", loop_.wall_now()}};
  ASSERT_TRUE(write(refill).ok());
  ASSERT_TRUE(recover()->inbound_set_aside);
  InboundMessage notice = message("notice");
  notice.trigger = false;
  ASSERT_TRUE(write(RefillInbound{{}, notice}).ok());
  EXPECT_FALSE(recover()->inbound_set_aside);
  EXPECT_EQ(inbound("SELECT group_concat(message_out_id || ' ' || status) FROM"
                    " (SELECT * FROM delivered ORDER BY message_out_id)"),
            "a delivered,b failed");
  EXPECT_EQ(inbound(kRows), "notice");
}

TEST_F(Attack, JournalThatRewritesInbound) {
  const std::string earlier = test::read_file(file("inbound.db"));
  ASSERT_TRUE(write(message("in2")).ok());
  plant_journal("inbound.db", earlier);
  ASSERT_TRUE(write(message("in3")).ok());
  EXPECT_EQ(inbound(kRows), "in1,in2,in3");
}

TEST_F(Attack, JournalThatRewritesInboundOfASessionAtRest) {
  open(loop_, 10, 1);
  const std::string earlier = test::read_file(file("inbound.db"));
  ASSERT_TRUE(write(message("in2")).ok());
  pool_.drain();  // its turn has ended, so it rests as soon as another one works
  ASSERT_TRUE(create({session_.agent, base::SessionId("other")}).ok());
  plant_journal("inbound.db", earlier);
  ASSERT_TRUE(write(message("in3")).ok());
  EXPECT_EQ(inbound(kRows), "in1,in2,in3");
}

TEST_F(Attack, JournalThatRewritesInboundOfASessionThatWasPutToRest) {
  const std::string earlier = test::read_file(file("inbound.db"));
  ASSERT_TRUE(write(message("in2")).ok());
  pool_.drain();
  storage_->rest();
  plant_journal("inbound.db", earlier);
  ASSERT_TRUE(write(message("in3")).ok());
  EXPECT_EQ(inbound(kRows), "in1,in2,in3");
}

TEST_F(Attack, AViewWithoutEnd) {
  agent("DROP TABLE messages_out");
  agent(
      "CREATE VIEW messages_out AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM"
      " n) SELECT i AS rowid, 'x' || i AS id, i AS seq, NULL AS in_reply_to, NULL AS"
      " deliver_after, NULL AS recurrence, 'chat' AS kind, NULL AS platform_id, NULL AS"
      " channel_type, NULL AS thread_id, '{}' AS content FROM n");
  expect_refused(drain().status(), "messages_out");
  expect_healed("messages_out");
}

TEST_F(Attack, TablesThatAreNotPlain) {
  const std::string columns =
      "id TEXT PRIMARY KEY, seq INTEGER UNIQUE, in_reply_to TEXT, timestamp TEXT,"
      " deliver_after TEXT, recurrence TEXT, kind TEXT, platform_id TEXT, channel_type TEXT,"
      " thread_id TEXT";
  for (const std::string& sql : std::vector<std::string>{
           "CREATE TABLE messages_out (" + columns + ", content TEXT) WITHOUT ROWID",
           "CREATE TABLE messages_out (" + columns + ", content TEXT AS (kind || 'x'))",
           "CREATE TABLE messages_out (" + columns + ", content TEXT, RowId TEXT)",
           "CREATE TABLE messages_out (" + columns + ")",
           "CREATE VIRTUAL TABLE messages_out USING fts5(id, seq, content)",
           "CREATE TABLE other (x)"}) {
    SCOPED_TRACE(sql);
    agent("DROP TABLE IF EXISTS messages_out");
    agent(sql);
    const auto batch = drain();
    ASSERT_FALSE(batch.ok());
    EXPECT_EQ(batch.status().code(), Code::kRefused) << batch.status().message();
  }
}

TEST_F(Attack, AViewInPlaceOfTheAcknowledgements) {
  agent("DROP TABLE processing_ack");
  agent(
      "CREATE VIEW processing_ack AS SELECT 'in1' AS message_id, 'completed' AS status,"
      " '' AS status_changed");
  expect_refused(drain().status(), "processing_ack");
}

TEST_F(Attack, TriggersDoNotFire) {
  agent("CREATE TABLE fired (x)");
  agent("CREATE TRIGGER t AFTER DELETE ON processing_ack BEGIN INSERT INTO fired VALUES (1); END");
  agent("INSERT INTO processing_ack VALUES ('in1', 'processing', '')");
  ASSERT_TRUE(settle().ok());
  EXPECT_EQ(agent_outbound().execAndGet("SELECT count(*) FROM fired").getInt(), 0);
}

TEST_F(Attack, NoTable) {
  agent("DROP TABLE messages_out");
  expect_refused(drain().status(), "messages_out");
  ASSERT_TRUE(recover().ok());  // made again, as for a new session
  expect_works();
}

TEST_F(Attack, GarbageInPlaceOfTheDatabase) {
  test::write_file(file("outbound.db"), std::string(10'000, 'x'));
  expect_refused(drain().status(), "outbound.db");
  expect_healed("outbound.db");
}

TEST_F(Attack, ATruncatedDatabase) {
  std::string bytes = test::read_file(file("outbound.db"));
  bytes.resize(kPageBytes);
  test::write_file(file("outbound.db"), bytes);
  expect_refused(drain().status(), "outbound.db");
  expect_healed("outbound.db");
}

TEST_F(Attack, ADamagedInboundIsReplaced) {
  std::string bytes = test::read_file(file("inbound.db"));
  bytes.resize(kPageBytes);
  test::write_file(file("inbound.db"), bytes);
  expect_refused(write(message("x")).status(), "inbound.db");
  expect_healed("inbound.db");
}

TEST_F(Attack, AMissingDatabaseIsMadeAgain) {
  std::filesystem::remove(file("outbound.db"));
  const auto batch = drain();
  ASSERT_FALSE(batch.ok());
  EXPECT_EQ(batch.status().code(), Code::kNotFound);
  const auto recovery = recover();
  ASSERT_TRUE(recovery.ok()) << recovery.status().message();
  ASSERT_EQ(recovery->healed.size(), 1U);
  EXPECT_NE(recovery->healed[0].find("was missing"), std::string::npos);
  expect_works();
}

TEST_F(Attack, WalModeIsRefusedByName) {
  agent("PRAGMA journal_mode = WAL");
  expect_refused(drain().status(), "WAL");
  test::write_file(file("outbound.db-wal"), "a log that must not be replayed");
  expect_healed("WAL");
  EXPECT_FALSE(std::filesystem::exists(file("outbound.db-wal")));
}

TEST_F(Attack, AnotherEncodingIsReadAllTheSame) {
  std::filesystem::remove(file("outbound.db"));
  {
    SQLite::Database database(file("outbound.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec("PRAGMA encoding = 'UTF-16le'");
    database.exec(
        "CREATE TABLE messages_out (id TEXT PRIMARY KEY, seq INTEGER UNIQUE, in_reply_to,"
        " timestamp, deliver_after, recurrence, kind, platform_id, channel_type,"
        " thread_id, content)");
    database.exec(
        "CREATE TABLE processing_ack (message_id TEXT PRIMARY KEY, status,"
        " status_changed)");
    database.exec(
        "INSERT INTO messages_out (id, seq, kind, content) VALUES ('a', 1, 'chat',"
        " '{\"text\":\"\u00e4\"}')");
  }
  const auto batch = drain();
  ASSERT_TRUE(batch.ok()) << batch.status().message();
  ASSERT_EQ(batch->messages.size(), 1U);
  EXPECT_EQ(batch->messages[0].content, "{\"text\":\"\u00e4\"}");
}

TEST_F(Attack, AnHonestHotJournalIsRolledBackOnceNoAgentRuns) {
  const std::string before = test::read_file(file("outbound.db"));
  agent_writes("half", 3);
  plant_journal("outbound.db", before);
  const auto batch = drain();
  ASSERT_FALSE(batch.ok());
  EXPECT_EQ(batch.status().code(), Code::kUnavailable) << batch.status().message();
  const auto recovery = recover();
  ASSERT_TRUE(recovery.ok());
  EXPECT_TRUE(recovery->healed.empty());
  const auto after = drain();
  ASSERT_TRUE(after.ok()) << after.status().message();
  ASSERT_EQ(after->messages.size(), 1U);
  EXPECT_EQ(after->messages[0].id, "before");
}

TEST_F(Attack, ALockBeforeTheRollbackDoesNotCostTheJournal) {
  const std::string before = test::read_file(file("inbound.db"));
  ASSERT_TRUE(write(message("half")).ok());
  open(loop_);
  plant_journal("inbound.db", before);
  {
    const ReadLock reader(file("inbound.db"));
    EXPECT_EQ(work().status().code(), Code::kBusy);
  }
  ASSERT_TRUE(write(message("in2")).ok());
  EXPECT_EQ(inbound(kRows), "in1,in2") << "what the journal undoes is undone";
}

TEST_F(Attack, AKilledHostsOwnJournalIsRolledBack) {
  const std::string before = test::read_file(file("inbound.db"));
  ASSERT_TRUE(write(message("half")).ok());
  open(loop_);
  plant_journal("inbound.db", before);
  ASSERT_TRUE(write(message("in2")).ok());
  EXPECT_EQ(inbound(kRows), "in1,in2");
  EXPECT_EQ(std::filesystem::file_size(file("inbound.db-journal")), 0U);
}

TEST_F(Attack, AReadLockHeldForEver) {
  open(real_clock_);
  SQLite::Database reader(file("inbound.db"), SQLite::OPEN_READONLY);
  reader.exec("BEGIN");
  reader.execAndGet("SELECT count(*) FROM messages_in");
  std::vector<std::string> order;
  std::vector<Code> codes;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    storage_->write(session_, message("x" + std::to_string(i)), [&](auto outcome) {
      order.push_back("stuck");
      codes.push_back(outcome.status().code());
    });
  }
  for (int i = 0; i < 20; ++i) {
    storage_->write(neighbour_, message("n" + std::to_string(i)), [&](auto outcome) {
      EXPECT_TRUE(outcome.ok());
      order.push_back("free");
    });
  }
  ASSERT_TRUE(loop_.run_until([&] { return order.size() == 23; }));
  EXPECT_EQ(std::vector<std::string>(order.begin(), order.begin() + 20),
            std::vector<std::string>(20, "free"));
  EXPECT_EQ(codes, std::vector<Code>(3, Code::kBusy));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, limits::kInboundGiveUp * 2);
  const auto batch = drain();
  EXPECT_TRUE(batch.ok()) << "its answers still come: " << batch.status().message();
  reader.exec("COMMIT");
  EXPECT_TRUE(write(message("after")).ok());
  EXPECT_EQ(inbound(kRows), "in1,after");
}

TEST_F(Attack, AWriteLockHeldForEver) {
  SQLite::Database writer = agent_outbound();
  writer.exec("BEGIN EXCLUSIVE");
  const auto batch = drain();
  ASSERT_FALSE(batch.ok());
  EXPECT_EQ(batch.status().code(), Code::kBusy);
  EXPECT_TRUE(write(message("in2")).ok()) << "messages still come in";
  writer.exec("COMMIT");
  EXPECT_TRUE(drain().ok());
}

TEST_F(Attack, TheFolderIsSwappedAway) {
  std::filesystem::rename(folder(), sessions() + "/main/moved");
  const auto outcome = write(message("x"));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace patchbay::session
