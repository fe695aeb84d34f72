#include "agent_kit/agent_session.hpp"

#include <gmock/gmock.h>

#include "base/iso_time.hpp"
#include "session_folder.hpp"

namespace patchbay::agent_kit {
namespace {

using base::Code;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ManualClock final : public base::Clock {
 public:
  [[nodiscard]] base::MonotonicTime now() const override { return {}; }
  [[nodiscard]] base::WallTime wall_now() const override { return wall; }
  base::WallTime wall = base::parse_time("2026-01-31T12:00:00.250Z").value();
};

std::vector<std::string> ids(const base::Result<DueRows>& due) {
  EXPECT_TRUE(due.ok()) << due.status().message();
  std::vector<std::string> result;
  if (due.ok()) {
    for (const InboundRow& row : due->rows) {
      result.push_back(row.id);
    }
  }
  return result;
}

struct InMemory : ::testing::Test {
  void put(const std::string& id, const std::string& kind = "chat") {
    const InboundRow row{.id = id,
                         .kind = kind,
                         .timestamp = {},
                         .address = {"telegram", "telegram:dm:5", ""},
                         .content = R"({"text":"hello"})"};
    EXPECT_TRUE(session->put_inbound(row).ok());
  }
  ManualClock clock;
  std::unique_ptr<AgentSession> session =
      AgentSession::in_memory(clock, {}, {.max_messages_per_prompt = 3}).value();
};

TEST_F(InMemory, DueRowsAreTheNewestOldestFirst) {
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    put(id);
  }
  const auto due = session->due();
  EXPECT_THAT(ids(due), ElementsAre("c", "d", "e"));
  EXPECT_EQ(due->rows[0].seq, 6);
  EXPECT_EQ(due->rows[0].address, (Address{"telegram", "telegram:dm:5", ""}));
}

TEST_F(InMemory, ClaimedAndAcknowledgedRowsMakeRoomForOlderOnes) {
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    put(id);
  }
  const auto due = session->due();
  ASSERT_TRUE(session->claim(due->rows).ok());
  EXPECT_EQ(session->acknowledgement_of("d").value(), "processing");
  EXPECT_THAT(ids(session->due()), ElementsAre("a", "b"));
  ASSERT_TRUE(session->finish(due->rows, Acknowledgement::kCompleted, {}).ok());
  EXPECT_EQ(session->acknowledgement_of("d").value(), "completed");
  EXPECT_THAT(ids(session->due()), ElementsAre("a", "b"));
}

TEST_F(InMemory, AReleasedRowIsDueAgain) {
  put("a");
  const auto due = session->due();
  ASSERT_TRUE(session->claim(due->rows).ok());
  EXPECT_THAT(ids(session->due()), IsEmpty());
  ASSERT_TRUE(session->release(due->rows).ok());
  EXPECT_THAT(ids(session->due()), ElementsAre("a"));
}

TEST_F(InMemory, AnswersHaveOddNumbersAboveAllOthers) {
  put("a");
  put("b");
  const auto due = session->due();
  const OutboundRow answers[] = {{.id = answer_row_id("b", 1),
                                  .in_reply_to = "b",
                                  .address = {},
                                  .content = R"({"text":"one"})",
                                  .files = {}},
                                 {.id = answer_row_id("b", 2),
                                  .in_reply_to = "b",
                                  .address = {"telegram", "telegram:dm:5", "7"},
                                  .content = R"({"text":"two"})",
                                  .files = {}}};
  ASSERT_TRUE(session->finish(due->rows, Acknowledgement::kCompleted, answers).ok());
  const auto sent = session->sent();
  ASSERT_EQ(sent->size(), 2U);
  EXPECT_EQ((*sent)[0].id, "b:re:1");
  EXPECT_EQ((*sent)[0].content, R"({"text":"one"})");
  EXPECT_EQ((*sent)[1].address.thread_id, "7");
}

TEST_F(InMemory, TheSameAnswerTwiceIsOneRow) {
  put("a");
  const OutboundRow answer{.id = "a:re:1",
                           .in_reply_to = "a",
                           .address = {},
                           .content = R"({"text":"one"})",
                           .files = {}};
  ASSERT_TRUE(session->send(answer).ok());
  ASSERT_TRUE(session->send(answer).ok());
  EXPECT_EQ(session->sent()->size(), 1U);
}

TEST_F(InMemory, SystemRowsAreFoundByTheirCompactContentAlone) {
  const InboundRow row{
      .id = "q1",
      .kind = "system",
      .timestamp = {},
      .address = {},
      .content = R"({"type":"question_response","questionId":"X","selectedOption":"yes"})"};
  ASSERT_TRUE(session->put_inbound(row).ok());
  EXPECT_THAT(ids(session->due()), IsEmpty());
  EXPECT_FALSE(session->find_system_row("questionId", "Y")->has_value());
  const auto found = session->find_system_row("questionId", "X");
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->id, "q1");
  ASSERT_TRUE(session->finish({&**found, 1}, Acknowledgement::kCompleted, {}).ok());
  EXPECT_FALSE(session->find_system_row("questionId", "X")->has_value());
}

TEST_F(InMemory, StateIsKeptReplacedAndRemoved) {
  EXPECT_FALSE(session->state("model-session")->has_value());
  ASSERT_TRUE(session->set_state("model-session", "1").ok());
  ASSERT_TRUE(session->set_state("model-session", "2").ok());
  EXPECT_EQ(**session->state("model-session"), "2");
  ASSERT_TRUE(session->set_state("model-session", "").ok());
  EXPECT_FALSE(session->state("model-session")->has_value());
}

TEST_F(InMemory, WithoutAFolderThereAreNoFiles) {
  const OutboundRow answer{.id = "x",
                           .in_reply_to = {},
                           .address = {},
                           .content = "{}",
                           .files = {{.path = "/etc/hostname", .name = "x"}}};
  EXPECT_EQ(session->send(answer).code(), Code::kInvalidArgument);
  EXPECT_TRUE(session->touch_heartbeat().ok());
}

TEST(AnswerRowId, IsAFolderNameAndRepeatable) {
  EXPECT_EQ(answer_row_id("5:7:main", 1), "5:7:main:re:1");
  EXPECT_EQ(answer_row_id("work/C1:7:main", 1), answer_row_id("work/C1:7:main", 1));
  EXPECT_NE(answer_row_id("work/C1:7:main", 1), answer_row_id("work/C1:7:main", 2));
  EXPECT_EQ(answer_row_id("work/C1:7:main", 1).find('/'), std::string::npos);
  EXPECT_LE(answer_row_id(std::string(200, 'x'), 1).size(), 200U);
}

struct OnDisk : ::testing::Test {
  void open() {
    auto opened = AgentSession::open(folder.path(), clock);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    session = std::move(*opened);
  }
  SessionFolder folder;
  ManualClock clock;
  std::unique_ptr<AgentSession> session;
};

TEST_F(OnDisk, SeesWhatTheHostCommitsWhileItIsOpen) {
  open();
  EXPECT_THAT(ids(session->due()), IsEmpty());
  folder.put("a", R"({"text":"hello"})");
  EXPECT_THAT(ids(session->due()), ElementsAre("a"));
}

TEST_F(OnDisk, OnlyPendingRowsThatAreDue) {
  for (const char* id : {"a", "b", "c", "d"}) {
    folder.put(id, "{}");
  }
  folder.execute_inbound("UPDATE messages_in SET status = 'queued' WHERE id = 'a'");
  folder.execute_inbound(
      "UPDATE messages_in SET process_after = '2026-01-31T12:00:00.000Z' WHERE id = 'b'");
  folder.execute_inbound(
      "UPDATE messages_in SET process_after = '2026-01-31 12:05:00' WHERE id = 'c'");
  folder.execute_inbound(
      "UPDATE messages_in SET process_after = '2026-01-31T12:01:00.000Z' WHERE id = 'd'");
  open();
  const auto due = session->due();
  EXPECT_THAT(ids(due), ElementsAre("b"));
  EXPECT_EQ(due->next_due, base::parse_time("2026-01-31T12:01:00.000Z"));
}

TEST_F(OnDisk, OnWakeRowsAreForTheFirstPollAlone) {
  open();
  EXPECT_THAT(ids(session->due()), IsEmpty());
  folder.put("a", "{}");
  folder.execute_inbound("UPDATE messages_in SET on_wake = 1");
  EXPECT_THAT(ids(session->due()), IsEmpty());
  open();
  EXPECT_THAT(ids(session->due()), ElementsAre("a"));
  EXPECT_THAT(ids(session->due()), IsEmpty());
}

TEST_F(OnDisk, StaleClaimsAreClearedAtStart) {
  folder.put("a", "{}");
  folder.put("b", "{}");
  folder.execute_outbound(
      "INSERT INTO processing_ack VALUES ('a', 'processing', 'x'), ('b', 'completed', 'x')");
  open();
  EXPECT_THAT(ids(session->due()), ElementsAre("a"));
}

TEST_F(OnDisk, NumbersAreOddAndAboveBothTables) {
  for (const char* id : {"a", "b", "c"}) {
    folder.put(id, "{}");
  }
  open();
  const auto send = [&](const std::string& id) {
    const OutboundRow row{.id = id, .in_reply_to = {}, .address = {}, .content = "{}", .files = {}};
    ASSERT_TRUE(session->send(row).ok());
  };
  send("x");
  send("y");
  folder.execute_inbound("UPDATE messages_in SET seq = 20 WHERE id = 'c'");
  send("z");
  EXPECT_THAT(folder.query_outbound("SELECT seq FROM messages_out ORDER BY rowid"),
              ElementsAre("7", "9", "21"));
  EXPECT_THAT(folder.query_outbound("SELECT DISTINCT timestamp FROM messages_out"),
              ElementsAre("2026-01-31 12:00:00"));
  EXPECT_THAT(folder.query_outbound("SELECT count(*) FROM messages_out WHERE in_reply_to IS NULL"
                                    " AND channel_type IS NULL AND platform_id IS NULL"),
              ElementsAre("3"));
}

TEST_F(OnDisk, AnswerAndAcknowledgementAppearTogether) {
  folder.put("a", "{}");
  open();
  const auto due = session->due();
  // A row that the table refuses takes the acknowledgement down with it.
  folder.execute_outbound(
      "CREATE TRIGGER no BEFORE INSERT ON messages_out WHEN NEW.id = 'bad'"
      " BEGIN SELECT RAISE(ABORT, 'no'); END");
  const OutboundRow bad{
      .id = "bad", .in_reply_to = {}, .address = {}, .content = "{}", .files = {}};
  EXPECT_FALSE(session->finish(due->rows, Acknowledgement::kCompleted, {&bad, 1}).ok());
  EXPECT_THAT(folder.query_outbound("SELECT status FROM processing_ack"), IsEmpty());
  EXPECT_THAT(ids(session->due()), ElementsAre("a"));
}

TEST_F(OnDisk, AToolInFlightIsDeclaredWithItsTime) {
  open();
  ASSERT_TRUE(session->tool_started("Bash", base::Milliseconds{90'000}).ok());
  EXPECT_THAT(folder.query_outbound("SELECT current_tool || tool_declared_timeout_ms || ' ' ||"
                                    " tool_started_at FROM container_state"),
              ElementsAre("Bash90000 2026-01-31T12:00:00.250Z"));
  ASSERT_TRUE(session->tool_ended().ok());
  EXPECT_THAT(folder.query_outbound("SELECT id FROM container_state WHERE current_tool IS NULL"),
              ElementsAre("1"));
}

TEST_F(OnDisk, OldFoldersGainTheirMissingTables) {
  folder.execute_outbound("DROP TABLE container_state");
  folder.execute_outbound("DROP TABLE session_state");
  folder.execute_outbound("CREATE TABLE session_state (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  open();
  EXPECT_TRUE(session->tool_started("x", base::Milliseconds{1}).ok());
  EXPECT_TRUE(session->set_state("k", "v").ok());
}

TEST_F(OnDisk, RoutingDestinationsAndDeliveredAreReadLive) {
  open();
  EXPECT_FALSE(session->default_address()->has_value());
  folder.execute_inbound(
      "INSERT INTO session_routing VALUES (1, 'telegram', 'telegram:dm:5', NULL)");
  folder.execute_inbound(
      "INSERT INTO destinations VALUES"
      " ('ann', NULL, 'channel', 'telegram', 'telegram:dm:5', NULL),"
      " ('helper', 'The helper', 'agent', NULL, NULL, 'help')");
  folder.execute_inbound(
      "INSERT INTO delivered (message_out_id, platform_message_id, delivered_at) VALUES"
      " ('a:re:1', '77', 'x')");
  EXPECT_EQ(**session->default_address(), (Address{"telegram", "telegram:dm:5", ""}));
  const auto destinations = session->destinations();
  ASSERT_EQ(destinations->size(), 2U);
  EXPECT_EQ((*destinations)[0].display_name, "ann");
  EXPECT_EQ((*destinations)[1].chat, (Address{"agent", "help", ""}));
  EXPECT_EQ(**session->platform_message_id("a:re:1"), "77");
  EXPECT_FALSE(session->platform_message_id("a:re:2")->has_value());
}

TEST_F(OnDisk, TheHostsDatabaseIsNotWritten) {
  open();
  EXPECT_EQ(
      session->put_inbound({.id = "x", .kind = {}, .timestamp = {}, .address = {}, .content = "{}"})
          .code(),
      Code::kRefused);
}

TEST_F(OnDisk, AMissingFolderIsNamed) {
  const auto opened = AgentSession::open(folder / "none", clock);
  EXPECT_EQ(opened.status().code(), Code::kUnavailable);
  EXPECT_THAT(opened.status().message(), ::testing::HasSubstr("/none/outbound.db: unable to open"));
}

}  // namespace
}  // namespace patchbay::agent_kit
