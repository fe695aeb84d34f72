// What the host writes into inbound.db.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <vector>

#include "base/limits.hpp"
#include "base/unique_fd.hpp"
#include "storage_fixture.hpp"
#include "system_calls.hpp"

namespace patchbay::session {
namespace {

class Inbound : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    ASSERT_TRUE(create(session_).ok());
  }
  void put(const std::string& id) {
    const auto outcome = write(message(id));
    ASSERT_TRUE(outcome.ok()) << outcome.status().message();
    ASSERT_EQ(*outcome, CommandOutcome::kDone);
  }
  void finish(const std::string& id) {
    TakeOverAcknowledgements finished;
    finished.acknowledgements.push_back({id, AckStatus::kCompleted, "completed", {}});
    ASSERT_TRUE(write(finished).ok());
  }
};

TEST_F(Inbound, ASessionIsMadeOnce) {
  const SessionAddress other{base::AgentGroupId("main"), base::SessionId("s2")};
  const auto made = create(other);
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_TRUE(*made);
  const auto again = create(other);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_FALSE(*again);
  for (const char* name : {"inbound.db", "inbound.db-journal", "outbound.db", "inbox", "outbox"}) {
    EXPECT_TRUE(std::filesystem::exists(sessions() + "/main/s2/" + name)) << name;
  }
}

TEST_F(Inbound, BadNamesMakeNoFolder) {
  for (const char* id : {"..", "a/b", "", ".x"}) {
    const auto made = create({base::AgentGroupId("main"), base::SessionId(id)});
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.status().code(), base::Code::kInvalidArgument);
  }
}

TEST_F(Inbound, ARowHasAllItsColumns) {
  InboundMessage full = message("telegram:5:1:main");
  full.kind = InboundKind::kChatSdk;
  full.address.thread_id = "7";
  full.series_id = "series";
  full.source_session_id = "from";
  full.recurrence = "* * * * *";
  ASSERT_TRUE(write(full).ok());
  EXPECT_EQ(inbound("SELECT id || '|' || seq || '|' || kind || '|' || timestamp || '|' || status ||"
                    " '|' || tries || '|' || trigger || '|' || platform_id || '|' || channel_type"
                    " || '|' || thread_id || '|' || series_id || '|' || source_session_id || '|' ||"
                    " recurrence || '|' || on_wake || '|' || content FROM messages_in"),
            "telegram:5:1:main|2|chat-sdk|2026-01-01T00:00:00.000Z|pending|0|1|telegram:dm:5|"
            "telegram|7|series|from|* * * * *|0|{\"text\":\"hello\"}");
  put("plain");
  EXPECT_EQ(inbound("SELECT count(*) FROM messages_in WHERE id = 'plain' AND thread_id IS NULL AND"
                    " process_after IS NULL AND recurrence IS NULL AND source_session_id IS NULL"
                    " AND series_id = id"),
            "1");
}

TEST_F(Inbound, TheSameIdAgainChangesNothing) {
  put("a");
  InboundMessage again = message("a");
  again.content = R"({"text":"other"})";
  const auto outcome = write(again);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(*outcome, CommandOutcome::kDuplicate);
  EXPECT_EQ(inbound("SELECT content FROM messages_in"), R"({"text":"hello"})");
}

TEST_F(Inbound, NumbersAreEvenAndAboveBothTables) {
  put("a");
  agent_writes("out1", 77);
  put("b");
  EXPECT_EQ(inbound("SELECT seq FROM messages_in WHERE id = 'b'"), "78");
  put("c");
  EXPECT_EQ(inbound("SELECT seq FROM messages_in WHERE id = 'c'"), "80");
  agent_writes("out2", (std::int64_t{1} << 53) + 1);  // no number that counts
  put("d");
  EXPECT_EQ(inbound("SELECT seq FROM messages_in WHERE id = 'd'"), "82");
}

// 20 ms are about 40 looks at the lock, 200 ms about 130.
TEST_F(Inbound, TheFirstNumberWaitsForAnAgentThatHoldsItsLock) {
  agent_writes("out1", 77);
  SQLite::Database writer = agent_outbound();
  writer.exec("BEGIN EXCLUSIVE");
  at_nap(naps() + 80, [&writer] { writer.exec("COMMIT"); });
  put("a");
  at_nap(0, nullptr);
  EXPECT_EQ(inbound("SELECT seq FROM messages_in WHERE id = 'a'"), "78");
}

TEST_F(Inbound, AnAgentThatKeepsItsLockIsWaitedForOnce) {
  agent_writes("out1", 77);
  SQLite::Database writer = agent_outbound();
  writer.exec("BEGIN EXCLUSIVE");
  put("a");
  const std::uint64_t first = naps();
  put("b");
  EXPECT_LT(naps() - first, 60U);
  EXPECT_EQ(inbound("SELECT group_concat(seq) FROM messages_in"), "2,4");
  writer.exec("COMMIT");
  put("c");
  EXPECT_EQ(inbound("SELECT seq FROM messages_in WHERE id = 'c'"), "78");
}

TEST_F(Inbound, ABatchIsOneTransactionAndABadRowHarmsNoOther) {
  std::vector<base::Result<CommandOutcome>> outcomes;
  const auto keep = [&outcomes](auto outcome) { outcomes.push_back(std::move(outcome)); };
  storage_->write(session_, message("a"), keep);
  storage_->write(session_, message(std::string(limits::kRowIdBytes + 1, 'x')), keep);
  InboundMessage huge = message("huge");
  huge.content.assign(limits::kSqliteLengthBytes, 'x');
  storage_->write(session_, huge, keep);
  storage_->write(session_, CompleteAttachments{"unknown", "{}"}, keep);
  storage_->write(session_, message("b"), keep);
  ASSERT_TRUE(loop_.run_until([&] { return outcomes.size() == 5; }));
  EXPECT_TRUE(outcomes[0].ok());
  EXPECT_EQ(outcomes[1].status().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(outcomes[2].status().code(), base::Code::kTooLarge);
  EXPECT_EQ(outcomes[3].status().code(), base::Code::kNotFound);
  EXPECT_TRUE(outcomes[4].ok());
  EXPECT_EQ(inbound("SELECT group_concat(id) FROM (SELECT id FROM messages_in ORDER BY seq)"),
            "a,b");
}

TEST_F(Inbound, OnlyNRowsAreVisibleUntilTheyAreFinished) {
  for (int i = 0; i < 25; ++i) {
    put("m" + std::to_string(i));
  }
  EXPECT_EQ(inbound("SELECT count(*) FROM messages_in WHERE status = 'pending'"), "10");
  agent(
      "INSERT INTO processing_ack VALUES ('m0', 'completed', datetime('now')),"
      " ('m1', 'failed', datetime('now')), ('m2', 'script-skip:error', datetime('now')),"
      " ('m3', 'whatever', datetime('now')), ('m4', 'processing', datetime('now')),"
      " ('m20', 'completed', datetime('now'))");
  const auto batch = drain();
  ASSERT_TRUE(batch.ok()) << batch.status().message();
  EXPECT_EQ(batch->acknowledgements.size(), 5U);  // m20 was never visible
  const auto after = work();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->due, 10U);
  EXPECT_EQ(status_of("m0"), "completed");
  EXPECT_EQ(status_of("m1"), "failed");
  EXPECT_EQ(status_of("m2"), "failed");
  EXPECT_EQ(status_of("m3"), "completed");
  EXPECT_EQ(status_of("m4"), "pending");
  EXPECT_EQ(status_of("m13"), "pending");
  EXPECT_EQ(status_of("m14"), "queued");
  EXPECT_EQ(status_of("m20"), "queued");
}

TEST_F(Inbound, ContextIsHeldUntilATriggerComes) {
  for (int i = 0; i < 12; ++i) {
    InboundMessage context = message("c" + std::to_string(i));
    context.trigger = false;
    ASSERT_TRUE(write(context).ok());
  }
  EXPECT_EQ(inbound("SELECT count(*) FROM messages_in WHERE status = 'pending'"), "0");
  put("trigger");
  EXPECT_EQ(inbound("SELECT count(*) FROM messages_in WHERE status = 'pending'"), "10");
  EXPECT_EQ(status_of("c2"), "completed");
  EXPECT_EQ(status_of("c3"), "pending");
}

TEST_F(Inbound, LaterRowsOfAChatWaitForItsFiles) {
  InboundMessage photo = message("photo");
  photo.attachments_pending = true;
  ASSERT_TRUE(write(photo).ok());
  put("text");
  InboundMessage elsewhere = message("elsewhere");
  elsewhere.address.platform_id = "telegram:dm:6";
  ASSERT_TRUE(write(elsewhere).ok());
  EXPECT_EQ(status_of("photo"), "queued");
  EXPECT_EQ(status_of("text"), "queued");
  EXPECT_EQ(status_of("elsewhere"), "pending");
  const auto completed = write(CompleteAttachments{"photo", R"({"text":"","attachments":[]})"});
  ASSERT_TRUE(completed.ok());
  EXPECT_EQ(*completed, CommandOutcome::kDone);
  EXPECT_EQ(status_of("photo"), "pending");
  EXPECT_EQ(status_of("text"), "pending");
  EXPECT_EQ(inbound("SELECT content FROM messages_in WHERE id = 'photo'"),
            R"({"text":"","attachments":[]})");
  const auto again = write(CompleteAttachments{"photo", "{}"});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, CommandOutcome::kDuplicate);
}

TEST_F(Inbound, RowsThatWaitForTheirFilesAreFound) {
  InboundMessage photo = message("photo");
  photo.attachments_pending = true;
  InboundMessage context = photo;
  context.id = "context";
  context.trigger = false;
  ASSERT_TRUE(write(photo).ok());
  ASSERT_TRUE(write(context).ok());
  ASSERT_TRUE(write(message("text")).ok());
  using Rows = std::vector<SessionStorage::RowWithoutFiles>;
  const auto find = [this] {
    return wait<Rows>([&](auto done) { storage_->rows_without_files(session_, std::move(done)); });
  };
  auto rows = find();
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].id, "photo");
  EXPECT_EQ((*rows)[0].content, photo.content);
  EXPECT_EQ((*rows)[1].id, "context");
  ASSERT_TRUE(write(CompleteAttachments{"photo", "{}"}).ok());
  rows = find();
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ((*rows)[0].id, "context");
}

TEST_F(Inbound, NoNoticeIsCompletedUnseen) {
  open(loop_, 4);
  const auto context = [this](const std::string& id, const std::string& channel) {
    InboundMessage row = message(id);
    row.trigger = false;
    row.address.channel_type = channel;
    ASSERT_TRUE(write(row).ok());
  };
  for (const char* id : {"n1", "n2", "n3"}) {
    context(id, "agent");
  }
  for (const char* id : {"c1", "c2", "c3", "c4", "c5"}) {
    context(id, "telegram");
  }
  InboundMessage from_agent = message("other agent");
  from_agent.trigger = false;
  from_agent.address.channel_type = "agent";
  from_agent.source_session_id = "helper/s1";
  ASSERT_TRUE(write(from_agent).ok());
  put("t1");
  const std::string seen =
      "SELECT group_concat(id) FROM (SELECT id FROM messages_in WHERE status = 'pending' ORDER BY"
      " seq)";
  EXPECT_EQ(inbound(seen), "n1,n2,other agent,t1");
  EXPECT_EQ(status_of("n3"), "held");
  EXPECT_EQ(status_of("c5"), "completed");
  finish("n1");
  finish("n2");
  finish("other agent");
  finish("t1");
  put("t2");
  EXPECT_EQ(inbound(seen), "n3,t2");
}

TEST_F(Inbound, RoutingAndDestinationsAreReplacedAsAWhole) {
  SetRouting routing;
  routing.default_address = ChatAddress{"telegram", "telegram:dm:5", "7"};
  routing.destinations = {{"family", "Family", false, {"telegram", "telegram:group:-1", ""}, ""},
                          {"helper", "", true, {}, "helper-agent"}};
  ASSERT_TRUE(write(routing).ok());
  EXPECT_EQ(inbound("SELECT channel_type || platform_id || thread_id FROM session_routing"),
            "telegramtelegram:dm:57");
  EXPECT_EQ(inbound("SELECT type || display_name || agent_group_id FROM destinations"
                    " WHERE name = 'helper' AND channel_type IS NULL"),
            "agenthelperhelper-agent");
  routing.default_address.reset();
  routing.destinations.resize(1);
  ASSERT_TRUE(write(routing).ok());
  EXPECT_EQ(inbound("SELECT count(*) FROM session_routing"), "0");
  EXPECT_EQ(inbound("SELECT group_concat(name) FROM destinations"), "family");
}

TEST_F(Inbound, DeliveriesAreProjected) {
  const DeliveredRow row{"out1", "tg:99", "delivered", "", loop_.wall_now()};
  ASSERT_TRUE(write(row).ok());
  EXPECT_EQ(inbound("SELECT platform_message_id || status || delivered_at FROM delivered"),
            "tg:99delivered2026-01-01T00:00:00.000Z");
  ASSERT_TRUE(write(DeliveredRow{"out1", "", "failed", "blocked", loop_.wall_now()}).ok());
  EXPECT_EQ(inbound("SELECT status || reason FROM delivered WHERE platform_message_id IS NULL"),
            "failedblocked");
}

TEST_F(Inbound, AClaimOfADeadAgentIsTriedAgainAndThenFails) {
  put("a");
  put("b");
  for (int tries = 0; tries < limits::kClaimTries; ++tries) {
    agent("INSERT OR REPLACE INTO processing_ack VALUES ('a', 'processing', datetime('now'))");
    const auto settled = settle();
    ASSERT_TRUE(settled.ok()) << settled.status().message();
    EXPECT_EQ(settled->work.due, 0U);
    EXPECT_EQ(settled->work.finished, 0U) << "it is not due, but nobody did it";
    EXPECT_EQ(settled->work.next_due, loop_.wall_now() + std::chrono::seconds(5) * (1 << tries));
    EXPECT_TRUE(settled->given_up.empty());
    EXPECT_EQ(status_of("a"), "pending");
    EXPECT_EQ(status_of("b"), "queued") << "b must not overtake a";
    EXPECT_EQ(inbound("SELECT tries FROM messages_in WHERE id = 'a'"), std::to_string(tries + 1));
    loop_.advance(std::chrono::seconds(5) * (1 << tries));
    EXPECT_EQ(work()->due, 2U);
  }
  agent("INSERT OR REPLACE INTO processing_ack VALUES ('a', 'processing', datetime('now'))");
  const auto states = row_states({"b", "none", "a"});
  ASSERT_TRUE(states.ok()) << states.status().message();
  ASSERT_EQ(states->size(), 2U);
  EXPECT_EQ((*states)[0].id, "b");
  EXPECT_EQ((*states)[0].tries, 0);
  EXPECT_FALSE((*states)[0].process_after);
  EXPECT_EQ((*states)[1].status, "pending");
  EXPECT_EQ((*states)[1].tries, limits::kClaimTries);
  EXPECT_EQ((*states)[1].process_after, loop_.wall_now());
  const auto settled = settle();
  ASSERT_TRUE(settled.ok());
  ASSERT_EQ(settled->given_up.size(), 1U);
  EXPECT_EQ(settled->given_up[0].id, "a");
  EXPECT_EQ(settled->given_up[0].kind, "chat");
  EXPECT_TRUE(settled->given_up[0].trigger);
  EXPECT_EQ(settled->given_up[0].address, (ChatAddress{"telegram", "telegram:dm:5", ""}));
  EXPECT_EQ(settled->given_up[0].attempts, limits::kClaimTries + 1);
  EXPECT_EQ(row_states({"a"})->at(0).tries, limits::kClaimTries + 1);
  ASSERT_TRUE(write(FailGivenUp{}).ok());
  EXPECT_EQ(status_of("a"), "failed");
  EXPECT_EQ(status_of("b"), "pending");
  EXPECT_TRUE(settle()->given_up.empty()) << "it is told once";
  EXPECT_EQ(agent_outbound().execAndGet("SELECT count(*) FROM processing_ack").getInt(), 0);
}

TEST_F(Inbound, WhatIsGivenUpIsNamedUntilItIsFailedAcrossRestarts) {
  put("a");
  InboundMessage context = message("context");
  context.trigger = false;
  ASSERT_TRUE(write(context).ok());
  put("b");
  loop_.advance(std::chrono::hours(1));
  {
    SQLite::Database database(file("inbound.db"), SQLite::OPEN_READWRITE);
    database.exec("UPDATE messages_in SET tries = 5 WHERE id <> 'b'");
  }
  agent("INSERT INTO processing_ack VALUES ('a', 'processing', ''), ('context', 'processing', '')");
  const auto named = [this] {
    std::string names;
    const auto settled = settle();
    EXPECT_TRUE(settled.ok()) << settled.status().message();
    for (const GivenUpRow& row : settled->given_up) {
      names += row.id + (row.trigger ? " " : " (context) ");
    }
    return names;
  };
  EXPECT_EQ(named(), "a context (context) ");
  open(loop_);
  EXPECT_EQ(named(), "a context (context) ") << "nobody has said that they were told of";
  agent("INSERT INTO processing_ack VALUES ('a', 'processing', '')");  // as before a crash between
  EXPECT_EQ(named(), "a context (context) ");
  EXPECT_EQ(status_of("a"), "pending");
  ASSERT_TRUE(write(FailGivenUp{}).ok());
  EXPECT_EQ(named(), "");
  EXPECT_EQ(status_of("a"), "failed");
  EXPECT_EQ(status_of("context"), "failed");
  EXPECT_EQ(status_of("b"), "pending");
}

TEST_F(Inbound, WhatAnAgentWroteIntoARowIsReadAsText) {
  put("a");
  put("b");
  SQLite::Database database(file("inbound.db"), SQLite::OPEN_READWRITE);
  database.exec(
      "UPDATE messages_in SET tries = 9223372036854775807, kind = CAST(x'ff41' AS TEXT),"
      " platform_id = CAST(x'ff42' AS TEXT), thread_id = hex(zeroblob(100000)) WHERE id = 'a'");
  const auto settled = settle();
  ASSERT_TRUE(settled.ok()) << settled.status().message();
  ASSERT_EQ(settled->given_up.size(), 1U);
  EXPECT_EQ(settled->given_up[0].kind, "\uFFFDA");
  EXPECT_EQ(settled->given_up[0].address.platform_id, "\uFFFDB");
  EXPECT_EQ(settled->given_up[0].address.thread_id.size(), limits::kOutboundFieldBytes);
  EXPECT_EQ(settled->given_up[0].attempts, limits::kClaimTries + 1);
  database.exec("UPDATE messages_in SET status = CAST(x'ff41' AS TEXT) WHERE id = 'a'");
  const auto states = row_states({"a"});
  ASSERT_TRUE(states.ok()) << states.status().message();
  ASSERT_EQ(states->size(), 1U);
  EXPECT_EQ((*states)[0].status, "\uFFFDA");
  EXPECT_EQ((*states)[0].tries, limits::kClaimTries + 1);
}

TEST_F(Inbound, AMessageThatWasClaimedLaterIsNotAnsweredFirst) {
  const auto die_with = [&](const std::string& claims) {
    agent("INSERT OR REPLACE INTO processing_ack VALUES " + claims);
    ASSERT_TRUE(settle().ok());
  };
  put("a");
  die_with("('a', 'processing', datetime('now'))");
  put("b");
  loop_.advance(std::chrono::seconds(5));
  ASSERT_EQ(work()->due, 2U);
  die_with("('a', 'processing', datetime('now')), ('b', 'processing', datetime('now'))");
  loop_.advance(std::chrono::seconds(5));  // the delay of b, not that of a
  EXPECT_EQ(work()->due, 0U);
  EXPECT_EQ(status_of("b"), "queued");
  loop_.advance(std::chrono::seconds(5));
  EXPECT_EQ(work()->due, 2U);
}

TEST_F(Inbound, AClaimIsFoundAmongAnyNumberOfAcknowledgements) {
  put("a");
  agent(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)"
      " INSERT INTO processing_ack SELECT 'old' || i, 'completed', datetime('now') FROM n");
  agent("INSERT INTO processing_ack VALUES ('a', 'processing', datetime('now'))");
  ASSERT_TRUE(settle().ok());
  EXPECT_EQ(inbound("SELECT tries FROM messages_in WHERE id = 'a'"), "1");
}

// A sanitizer asks by a pipe whether memory may be read, and takes a shortage for no.
#if !defined(__SANITIZE_ADDRESS__)
TEST_F(Inbound, AShortageOfDescriptorsCostsNoDatabase) {
  put("a");
  agent_writes("answer", 1);
  ASSERT_TRUE(recover().ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const base::UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int failures = 0;
  int database_failures = 0;
  // At every step of the way the next descriptor is one too many.
  for (rlim_t allowed = 0; allowed < 12; ++allowed) {
    const rlimit few{static_cast<rlim_t>(next.get()) + 1 + allowed, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto recovered = recover();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    if (!recovered.ok()) {
      ++failures;
      database_failures += recovered.status().message().find("inbound.db") != std::string::npos;
    } else {
      EXPECT_TRUE(recovered->healed.empty()) << recovered->healed.front();
    }
  }
  EXPECT_GT(failures, database_failures) << "the folder itself";
  EXPECT_GT(database_failures, 0) << "its database";
  EXPECT_EQ(status_of("a"), "pending");
  EXPECT_EQ(drain()->messages.size(), 1U);
}
#endif

TEST_F(Inbound, ATurnThatWasAbortedIsNotRetried) {
  put("a");
  agent("INSERT INTO processing_ack VALUES ('a', 'processing', datetime('now'))");
  ASSERT_TRUE(settle(true).ok());
  EXPECT_EQ(status_of("a"), "completed");
}

TEST_F(Inbound, AnUnacknowledgedSystemRowEndsByItself) {
  ASSERT_TRUE(write(message("s", InboundKind::kSystem)).ok());
  EXPECT_EQ(status_of("s"), "pending");
  loop_.advance(limits::kSystemRowTimeout);
  const auto after = work();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->due, 0U);
  EXPECT_EQ(status_of("s"), "completed");
}

TEST_F(Inbound, ASystemRowEndsAfterTheTimeoutThatItNames) {
  InboundMessage shorter = message("shorter", InboundKind::kSystem);
  shorter.content = R"({"type":"question_response","questionId":"q","timeoutMs":20000})";
  InboundMessage longer = message("longer", InboundKind::kSystem);
  longer.content = R"({"type":"question_response","questionId":"r","timeoutMs":900000})";
  InboundMessage odd = message("odd", InboundKind::kSystem);
  odd.content = R"({"timeoutMs":-1)";
  for (const InboundMessage& row : {shorter, longer, odd}) {
    ASSERT_TRUE(write(row).ok());
  }
  loop_.advance(std::chrono::seconds(20));
  ASSERT_TRUE(work().ok());
  EXPECT_EQ(status_of("shorter"), "completed");
  EXPECT_EQ(status_of("odd"), "pending");
  loop_.advance(limits::kSystemRowTimeout);
  ASSERT_TRUE(work().ok());
  EXPECT_EQ(status_of("odd"), "completed");
  EXPECT_EQ(status_of("longer"), "pending");
  loop_.advance(std::chrono::seconds(900));
  ASSERT_TRUE(work().ok());
  EXPECT_EQ(status_of("longer"), "completed");
}

TEST_F(Inbound, AnOlderFolderGainsItsColumns) {
  std::filesystem::remove(file("inbound.db"));
  {
    SQLite::Database old(file("inbound.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec(
        "CREATE TABLE messages_in (id TEXT PRIMARY KEY, seq INTEGER UNIQUE, kind TEXT NOT NULL,"
        " timestamp TEXT NOT NULL, status TEXT DEFAULT 'pending', process_after TEXT,"
        " recurrence TEXT, tries INTEGER DEFAULT 0, platform_id TEXT, channel_type TEXT,"
        " thread_id TEXT, content TEXT NOT NULL)");
    old.exec(
        "CREATE TABLE delivered (message_out_id TEXT PRIMARY KEY, delivered_at TEXT NOT NULL)");
    old.exec(
        "INSERT INTO messages_in (id, seq, kind, timestamp, content) VALUES"
        " ('old', 2, 'chat', '2026-01-01T00:00:00.000Z', '{}')");
  }
  put("new");
  EXPECT_EQ(inbound("SELECT group_concat(id || trigger || on_wake) FROM messages_in"),
            "old10,new10");
  ASSERT_TRUE(write(DeliveredRow{"o", "p", "delivered", "", loop_.wall_now()}).ok());
}

TEST_F(Inbound, TheJournalStaysAsAnEmptyFile) {
  put("a");
  EXPECT_EQ(std::filesystem::file_size(file("inbound.db-journal")), 0U);
}

TEST_F(Inbound, WorkIsAnnouncedAfterEachBatch) {
  std::vector<SessionWork> seen;
  storage_->on_work([&](const SessionAddress& session, const SessionWork& work) {
    EXPECT_EQ(session, session_);
    seen.push_back(work);
  });
  put("a");
  ASSERT_TRUE(loop_.run_until([&] { return !seen.empty(); }));
  EXPECT_EQ(seen.back().due, 1U);
  EXPECT_EQ(seen.back().oldest_due, loop_.wall_now());
  EXPECT_EQ(seen.back().finished, 0U);
  agent("INSERT INTO processing_ack VALUES ('a', 'completed', datetime('now'))");
  seen.clear();
  ASSERT_TRUE(drain().ok());
  ASSERT_TRUE(loop_.run_until([&] { return !seen.empty(); }));
  EXPECT_EQ(seen.back().finished, 1U);
  finish("a");
  EXPECT_EQ(seen.back().finished, 0U) << "it is finished once";
}

TEST_F(Inbound, TheHostPutsARowIntoTheAgentsOwnFile) {
  put("a");
  const auto insert = [this](const std::string& id) {
    return wait<CommandOutcome>([&](auto done) {
      storage_->write_outbound(RunLease(session_),
                               {id, "chat", {"telegram", "telegram:dm:5", ""}, "{}"},
                               std::move(done));
    });
  };
  EXPECT_EQ(*insert("host:1"), CommandOutcome::kDone);
  EXPECT_EQ(*insert("host:1"), CommandOutcome::kDuplicate);
  EXPECT_EQ(*insert("host:2"), CommandOutcome::kDone);
  SQLite::Database database = agent_outbound();
  EXPECT_EQ(
      database.execAndGet("SELECT group_concat(seq || timestamp) FROM messages_out").getString(),
      "32026-01-01 00:00:00,52026-01-01 00:00:00");
}

TEST_F(Inbound, NothingOvertakesAMessageWhoseBatchCouldNotBeWritten) {
  put("a");
  std::vector<base::Code> codes;
  const auto write_later = [&](const std::string& id) {
    storage_->write(session_, message(id),
                    [&](auto outcome) { codes.push_back(outcome.status().code()); });
  };
  std::filesystem::rename(folder(), sessions() + "/main/away");
  write_later("b");
  pool_.drain();  // it has failed, and nobody has heard of that yet
  std::filesystem::rename(sessions() + "/main/away", folder());
  write_later("c");
  ASSERT_TRUE(loop_.run_until([&] { return codes.size() == 2; }));
  EXPECT_EQ(codes, (std::vector{base::Code::kNotFound, base::Code::kBusy}));
  put("later");
  EXPECT_EQ(inbound("SELECT group_concat(id) FROM messages_in"), "a,later");
}

TEST_F(Inbound, AFullQueueIsRefusedAndNothingOvertakes) {
  std::size_t done = 0;
  std::size_t refused = 0;
  const std::size_t given = limits::kInboundQueueRows + 10;
  bool any_after_refusal = false;
  for (std::size_t i = 0; i < given; ++i) {
    storage_->write(session_, message("m" + std::to_string(i)), [&](auto outcome) {
      ++done;
      refused += outcome.ok() ? 0 : 1;
      any_after_refusal = any_after_refusal || (outcome.ok() && refused > 10);
    });
  }
  ASSERT_TRUE(loop_.run_until([&] { return done == given; }));
  EXPECT_EQ(refused, 10U);
  EXPECT_FALSE(any_after_refusal);
  put("later");
}

}  // namespace
}  // namespace patchbay::session
