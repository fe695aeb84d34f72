// What the host reads from outbound.db of an agent that means well.
#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "base/iso_time.hpp"
#include "base/limits.hpp"
#include "storage_fixture.hpp"
#include "system_calls.hpp"

namespace patchbay::session {
namespace {

class Outbound : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    ASSERT_TRUE(create(session_).ok());
  }
  // Drains and expects it to work.
  OutboundBatch take(const Watermark& watermark = {}) {
    auto batch = drain(watermark);
    EXPECT_TRUE(batch.ok()) << batch.status().message();
    return batch.ok() ? std::move(*batch) : OutboundBatch();
  }
};

std::vector<std::string> ids(const OutboundBatch& batch) {
  std::vector<std::string> result;
  for (const OutboundMessage& message : batch.messages) {
    result.push_back(message.id);
  }
  return result;
}

using Ids = std::vector<std::string>;

TEST_F(Outbound, NewRowsComeOnceAndInOrder) {
  agent_writes("a", 1);
  agent_writes("b", 3);
  const OutboundBatch first = take();
  EXPECT_EQ(ids(first), (Ids{"a", "b"}));
  EXPECT_FALSE(first.more);
  EXPECT_EQ(first.watermark.id, "b");
  EXPECT_EQ(first.watermark.seq, 3);
  EXPECT_TRUE(take(first.watermark).messages.empty());
  agent_writes("c", 5);
  const OutboundBatch second = take(first.watermark);
  EXPECT_EQ(ids(second), (Ids{"c"}));
  EXPECT_EQ(take(second.watermark).watermark, second.watermark);
}

TEST_F(Outbound, ARowIsReadAsItIs) {
  ASSERT_TRUE(write(message("in1")).ok());
  agent(
      "INSERT INTO messages_out (id, seq, in_reply_to, timestamp, deliver_after, kind,"
      " platform_id, channel_type, thread_id, content) VALUES ('a', 3, 'in1', datetime('now'),"
      " '2026-01-01 10:00:00', 'chat', 'telegram:dm:6', 'telegram', '7', '{\"text\":\"x\"}')");
  const OutboundBatch batch = take();
  ASSERT_EQ(batch.messages.size(), 1U);
  const OutboundMessage& message = batch.messages[0];
  EXPECT_EQ(message.rowid, 1);
  EXPECT_EQ(message.seq, 3);
  EXPECT_EQ(message.in_reply_to, "in1");
  ASSERT_TRUE(message.in_reply_to_address.has_value());
  EXPECT_EQ(*message.in_reply_to_address, (ChatAddress{"telegram", "telegram:dm:5", ""}));
  EXPECT_EQ(message.deliver_after, base::parse_time("2026-01-01T10:00:00Z"));
  EXPECT_EQ(message.kind, "chat");
  EXPECT_EQ(message.address, (ChatAddress{"telegram", "telegram:dm:6", "7"}));
  EXPECT_EQ(message.content, "{\"text\":\"x\"}");
  EXPECT_TRUE(message.refusal.empty());
  EXPECT_FALSE(message.target.has_value());
}

TEST_F(Outbound, BothSpellingsOfDeliverAfterAreUnderstood) {
  agent(
      "INSERT INTO messages_out (id, seq, timestamp, deliver_after, kind, content) VALUES"
      " ('a', 1, '', '2026-01-01T12:00:00+02:00', 'chat', '{}'),"
      " ('b', 3, '', 'tomorrow', 'chat', '{}')");
  const OutboundBatch batch = take();
  ASSERT_EQ(batch.messages.size(), 2U);
  EXPECT_EQ(batch.messages[0].deliver_after, base::parse_time("2026-01-01T10:00:00Z"));
  EXPECT_NE(batch.messages[1].refusal.find("tomorrow"), std::string::npos);
}

TEST_F(Outbound, UnacceptableRowsAreNamedWithTheReason) {
  {
    SQLite::Database database = agent_outbound();
    database.exec(
        "INSERT INTO messages_out (id, seq, timestamp, kind, content) VALUES"
        " (NULL, 1, '', 'chat', '{}'), (X'00', 3, '', 'chat', '{}'),"
        " ('', 5, '', 'chat', '{}')");
    database.exec(
        "INSERT INTO messages_out (id, timestamp, kind, content) VALUES"
        " ('" +
        std::string(201, 'x') + "', '', 'chat', '{}')");
    database.exec(
        "INSERT INTO messages_out (id, timestamp, kind, content, recurrence) VALUES"
        " ('recurs', '', 'chat', '{}', '* * * * *')");
    database.exec(
        "INSERT INTO messages_out (id, timestamp, kind, content) VALUES"
        " ('kindless', '', '', '{}')");
  }
  const OutboundBatch batch = take();
  EXPECT_EQ(ids(batch), (Ids{"rowid:1", "rowid:2", "rowid:3", "rowid:4", "recurs", "kindless"}));
  for (const OutboundMessage& message : batch.messages) {
    EXPECT_FALSE(message.refusal.empty()) << message.id;
  }
  EXPECT_NE(batch.messages[4].refusal.find("schedule_task"), std::string::npos);
  EXPECT_TRUE(take(batch.watermark).messages.empty());
}

TEST_F(Outbound, ContentOverTheLimitIsRefusedByNameWithoutBeingLoaded) {
  {
    SQLite::Database database = agent_outbound();
    SQLite::Statement insert(database,
                             "INSERT INTO messages_out (id, seq, timestamp, kind, content)"
                             " VALUES (?, ?, '', 'chat', CAST(zeroblob(?) AS TEXT))");
    const auto put = [&insert](const std::string& id, int seq, std::int64_t size) {
      insert.bind(1, id);
      insert.bind(2, seq);
      insert.bind(3, size);
      insert.exec();
      insert.reset();
    };
    put("large", 1, limits::kOutboundContentBytes + 1);
    put("huge", 3, 64 * 1024 * 1024);
    put("small", 5, 2);
  }
  const OutboundBatch batch = take();
  EXPECT_EQ(ids(batch), (Ids{"large", "huge", "small"}));
  EXPECT_FALSE(batch.messages[0].refusal.empty());
  EXPECT_FALSE(batch.messages[1].refusal.empty());
  EXPECT_TRUE(batch.messages[0].content.empty());
  EXPECT_TRUE(batch.messages[1].content.empty());
  EXPECT_TRUE(batch.messages[2].refusal.empty());
}

TEST_F(Outbound, SequenceNumbersOutsideTheRangeDoNotCount) {
  agent(
      "INSERT INTO messages_out (id, seq, timestamp, kind, content) VALUES"
      " ('a', -5, '', 'chat', '{}'), ('b', 9007199254740993, '', 'chat', '{}'),"
      " ('c', 7, '', 'chat', '{}')");
  const OutboundBatch batch = take();
  EXPECT_EQ(ids(batch), (Ids{"a", "b", "c"}));
  EXPECT_FALSE(batch.messages[0].seq.has_value());
  EXPECT_FALSE(batch.messages[1].seq.has_value());
  EXPECT_EQ(batch.watermark.seq, 7);
}

TEST_F(Outbound, ManyRowsComeInSeveralLooks) {
  {
    SQLite::Database database = agent_outbound();
    database.exec(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)"
        " INSERT INTO messages_out (id, seq, timestamp, kind, content)"
        " SELECT 'm' || i, 2 * i - 1, '', 'chat', '{}' FROM n");
  }
  Watermark watermark;
  std::size_t total = 0;
  for (bool more = true; more;) {
    const OutboundBatch batch = take(watermark);
    ASSERT_FALSE(batch.messages.empty());
    EXPECT_LE(batch.messages.size(), limits::kDrainRows);
    total += batch.messages.size();
    watermark = batch.watermark;
    more = batch.more;
  }
  EXPECT_EQ(total, 600U);
}

TEST_F(Outbound, RowsPutIntoGapsAreFoundByTheirNumber) {
  agent(
      "INSERT INTO messages_out (rowid, id, seq, timestamp, kind, content) VALUES"
      " (10, 'a', 1, '', 'chat', '{}'), (20, 'b', 3, '', 'chat', '{}')");
  const OutboundBatch first = take();
  agent(
      "INSERT INTO messages_out (rowid, id, seq, timestamp, kind, content) VALUES"
      " (15, 'c', 5, '', 'chat', '{}')");
  const OutboundBatch second = take(first.watermark);
  EXPECT_EQ(ids(second), (Ids{"c"}));
  EXPECT_TRUE(take(second.watermark).messages.empty());
}

TEST_F(Outbound, LostRowsAskForAComparison) {
  const auto lose = [this](const std::string& sql, const Watermark& watermark) {
    agent(sql);
    const OutboundBatch batch = take(watermark);
    EXPECT_TRUE(batch.full_comparison_needed) << sql;
    EXPECT_TRUE(batch.messages.empty()) << sql;
  };
  for (int i = 0; i < 5; ++i) {
    agent_writes("m" + std::to_string(i), 2 * i + 1);
  }
  const Watermark all = take().watermark;
  lose("DELETE FROM messages_out WHERE id = 'm4'", all);
  lose("DELETE FROM messages_out", all);
  agent_writes("m4", 9);
  lose("UPDATE messages_out SET id = 'other' WHERE id = 'm4'", all);
}

TEST_F(Outbound, VacuumAndAReplacedFileAskForAComparison) {
  agent_writes("a", 1);
  agent_writes("b", 3);
  const Watermark before = take().watermark;
  agent("DELETE FROM messages_out WHERE id = 'a'");
  agent("VACUUM");
  EXPECT_TRUE(take(before).full_comparison_needed);
  const auto compared = compare({"a", "b"});
  ASSERT_TRUE(compared.ok());
  EXPECT_TRUE(compared->messages.empty());
  EXPECT_FALSE(take(compared->watermark).full_comparison_needed);

  std::filesystem::copy_file(file("outbound.db"), file("copy"));
  std::filesystem::rename(file("copy"), file("outbound.db"));
  EXPECT_TRUE(take(compared->watermark).full_comparison_needed);
}

TEST_F(Outbound, AComparisonFindsExactlyTheUnknown) {
  {
    SQLite::Database database = agent_outbound();
    database.exec(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)"
        " INSERT INTO messages_out (id, seq, timestamp, kind, content)"
        " SELECT 'm' || i, 2 * i - 1, '', 'chat', '{}' FROM n");
  }
  std::vector<std::string> known = {"m7", "m399"};
  std::size_t total = 0;
  for (bool again = true; again;) {
    const auto batch = compare(known);
    ASSERT_TRUE(batch.ok());
    total += batch->messages.size();
    for (const OutboundMessage& message : batch->messages) {
      known.push_back(message.id);
    }
    again = batch->full_comparison_needed;
    // A crash in between must not go on from a watermark that skips something.
    EXPECT_EQ(take(batch->watermark).full_comparison_needed, again);
  }
  EXPECT_EQ(total, 398U);
}

TEST_F(Outbound, TargetsAreResolved) {
  ASSERT_TRUE(write(message("in1")).ok());  // seq 2
  agent_writes("mine", 3);
  ASSERT_TRUE(write(DeliveredRow{"older", "tg:99", "delivered", "", loop_.wall_now()}).ok());
  const Watermark before = take().watermark;
  const auto target = [&](const std::string& reference) {
    static int number = 100;
    const std::string id = "op" + std::to_string(++number);
    const Watermark last = take(before).watermark;
    agent_writes(id, 2 * number + 1,
                 R"({"operation":"edit","messageId":)" + reference + R"(,"text":"x"})");
    const OutboundBatch batch = take(last);
    EXPECT_EQ(ids(batch), (Ids{id}));
    return batch.messages.empty() ? std::nullopt : batch.messages[0].target;
  };
  using Kind = TargetReference::Kind;
  const auto expect = [&](const std::string& reference, Kind kind, const std::string& id) {
    const auto found = target(reference);
    ASSERT_TRUE(found.has_value()) << reference;
    EXPECT_EQ(found->kind, kind) << reference;
    EXPECT_EQ(found->id, id) << reference;
  };
  expect("\"tg:99\"", Kind::kPlatformId, "tg:99");
  expect("\"in1\"", Kind::kInboundRow, "in1");
  expect("\"mine\"", Kind::kOutboundRow, "mine");
  expect("\"2\"", Kind::kInboundRow, "in1");
  expect("\"3\"", Kind::kOutboundRow, "mine");
  expect("2", Kind::kInboundRow, "in1");
  expect("\"elsewhere\"", Kind::kPlatformId, "elsewhere");
  EXPECT_FALSE(target("null").has_value());
}

TEST_F(Outbound, MalformedTextBecomesReplacementCharacters) {
  agent(
      "INSERT INTO messages_out (id, seq, timestamp, kind, content) VALUES"
      " ('a', 1, '', 'chat', CAST(X'7B22FF227D' AS TEXT))");
  const OutboundBatch batch = take();
  ASSERT_EQ(batch.messages.size(), 1U);
  EXPECT_EQ(batch.messages[0].content, "{\"\xEF\xBF\xBD\"}");
}

TEST_F(Outbound, TheTurnOfAnAgentIsSeen) {
  const auto turn = [this] {
    return wait<SessionStorage::Turn>(
        [this](auto done) { storage_->read_turn(session_, std::move(done)); });
  };
  ASSERT_TRUE(turn().ok());
  EXPECT_FALSE(turn()->oldest_claim.has_value());
  agent(
      "INSERT INTO processing_ack VALUES ('a', 'processing', '2026-01-01 00:00:05'),"
      " ('b', 'processing', '2026-01-01T00:00:03Z'), ('c', 'completed', '2025-01-01 00:00:00')");
  agent("INSERT INTO container_state VALUES (1, 'Bash', 120000, '', '')");
  EXPECT_EQ(turn()->oldest_claim, base::parse_time("2026-01-01T00:00:03Z"));
  EXPECT_EQ(turn()->tool_timeout, base::Milliseconds(120'000));
  agent("UPDATE container_state SET current_tool = NULL");
  EXPECT_FALSE(turn()->tool_timeout.has_value());
  agent("DROP TABLE container_state");
  ASSERT_TRUE(turn().ok());
  EXPECT_FALSE(turn()->tool_timeout.has_value());
}

TEST_F(Outbound, AcknowledgementsAreSeenWithoutNewMessages) {
  ASSERT_TRUE(write(message("a")).ok());
  const Watermark watermark = take().watermark;
  agent("INSERT INTO processing_ack VALUES ('a', 'processing', datetime('now'))");
  const OutboundBatch claimed = take(watermark);
  ASSERT_EQ(claimed.acknowledgements.size(), 1U);
  EXPECT_EQ(claimed.acknowledgements[0].status, AckStatus::kProcessing);
  agent("UPDATE processing_ack SET status = 'completed'");
  ASSERT_EQ(take(watermark).acknowledgements.size(), 1U);
  EXPECT_EQ(work()->due, 0U);
  EXPECT_EQ(status_of("a"), "completed");
}

// The number of pages read is what a look costs; the B-trees of 20,000 rows are one level deeper.
TEST_F(Outbound, TheCostOfALookDoesNotGrowWithTheTable) {
  const auto pages_of_a_look = [this](int rows) {
    SQLite::Database database = agent_outbound();
    database.exec("PRAGMA synchronous = OFF");
    database.exec("DELETE FROM messages_out");
    database.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                  std::to_string(rows) +
                  ") INSERT INTO messages_out (id, seq, timestamp, kind, content)"
                  " SELECT 'm' || i, 2 * i - 1, '', 'chat', '{}' FROM n");
    std::vector<std::string> known;
    for (int i = 1; i <= rows; ++i) {
      known.push_back("m" + std::to_string(i));
    }
    const auto compared = compare(std::move(known));
    EXPECT_TRUE(compared.ok() && compared->messages.empty());
    database.exec(
        "INSERT INTO messages_out (id, seq, timestamp, kind, content)"
        " VALUES ('new', 999999, '', 'chat', '{}')");
    const std::uint64_t before = pages_read();
    EXPECT_EQ(ids(take(compared->watermark)), (Ids{"new"}));
    return pages_read() - before;
  };
  const std::uint64_t few = pages_of_a_look(10);
  EXPECT_GT(few, 3U);
  EXPECT_LE(pages_of_a_look(20'000), few + 10);
}

}  // namespace
}  // namespace patchbay::session
