#include "agent_kit/agent_loop.hpp"

#include <csignal>
#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <thread>

#include "session_folder.hpp"

namespace patchbay::agent_kit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Loop : ::testing::Test {
  Loop() { std::signal(SIGPIPE, SIG_IGN); }
  void take(TurnTaker& taker, int stop_fd = -1) {
    const auto taken = take_due_turns(*session, taker, stop_fd);
    EXPECT_TRUE(taken.ok()) << taken.status().message();
  }
  void put_notice(const std::string& id, const std::string& text) {
    folder.put(id, R"({"text":")" + text + R"(","sender":"system","senderId":"system"})", "chat",
               0);
    folder.execute_inbound(
        "UPDATE messages_in SET channel_type = 'agent', platform_id = 'main'"
        " WHERE id = '" +
        id + "'");
  }
  [[nodiscard]] std::vector<std::string> contents() const {
    return folder.query_outbound("SELECT content FROM messages_out ORDER BY rowid");
  }
  [[nodiscard]] std::vector<std::string> acknowledged(const std::string& status) const {
    return folder.query_outbound("SELECT message_id FROM processing_ack WHERE status = '" + status +
                                 "' ORDER BY message_id");
  }
  SessionFolder folder;
  base::SystemClock clock;
  std::unique_ptr<AgentSession> session = AgentSession::open(folder.path(), clock).value();
  EchoTaker echo;
};

TEST_F(Loop, EchoAnswersEachMessageInOrder) {
  folder.put("a", R"({"text":"one"})");
  folder.put("b", R"({"text":"context"})", "chat", 0);
  folder.put("c", R"({"text":"two"})");
  take(echo);
  EXPECT_THAT(contents(), ElementsAre(R"({"text":"one"})", R"({"text":"two"})"));
  EXPECT_THAT(
      folder.query_outbound("SELECT id || ' ' || in_reply_to || ' ' || channel_type || ' ' ||"
                            " platform_id FROM messages_out ORDER BY rowid"),
      ElementsAre("a:re:1 a telegram telegram:dm:5", "c:re:1 c telegram telegram:dm:5"));
  EXPECT_THAT(acknowledged("completed"), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(std::filesystem::exists(folder / ".heartbeat"));
}

TEST_F(Loop, EchoAnswersEachFileWithThatFile) {
  folder.put_file("a", "p.jpg", "picture");
  folder.put("a", R"({"text":"look","attachments":[{"name":"p.jpg","localPath":"inbox/a/p.jpg"},
                  {"name":"q.mp4","error":"too large"},{"name":"x","localPath":"inbox/../outbound.db"}]})");
  take(echo);
  EXPECT_THAT(
      contents(),
      ElementsAre(R"({"files":["p.jpg"],"text":"look\n[q.mp4 could not be had: too large]\n)"
                  R"([x could not be had]"})"));
  EXPECT_EQ(test::read_file(folder / "outbox/a:re:1/p.jpg"), "picture");
  EXPECT_TRUE(std::filesystem::exists(folder / "inbox/a/p.jpg"));
}

TEST_F(Loop, ACommandGetsThePromptAndItsOutputIsTheAnswer) {
  folder.put_file("a", "p.jpg", "picture");
  folder.put("a", R"({"text":"hello","sender":"Ann","senderId":"u5",
                  "attachments":[{"name":"p.jpg","mimeType":"image/jpeg","localPath":"inbox/a/p.jpg"}]})");
  CommandTaker taker(
      R"(cat; printf '%s|' "$PATCHBAY_CHANNEL" "$PATCHBAY_CHAT" "$PATCHBAY_SENDER" )"
      R"("$PATCHBAY_SENDER_ID" "$PATCHBAY_MESSAGE_ID" "$PATCHBAY_KIND"; )"
      R"(cp "$PATCHBAY_ATTACHMENTS" "$PATCHBAY_OUTBOX_DIR/copy.jpg"; mkfifo "$PATCHBAY_OUTBOX_DIR/pipe")",
      -1);
  take(taker);
  const std::string path = folder / "inbox/a/p.jpg";
  EXPECT_THAT(
      contents(),
      ElementsAre(
          R"({"files":["copy.jpg"],"text":"hello\n[file p.jpg (image/jpeg): )" + path +
          R"(]\ntelegram|telegram:dm:5|Ann|u5|a|chat|\n[pipe is not sent: it is not a plain file]"})"));
  EXPECT_EQ(test::read_file(folder / "outbox/a:re:1/copy.jpg"), "picture");
  EXPECT_THAT(acknowledged("completed"), ElementsAre("a"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "outbox"), {}), 1);
}

TEST_F(Loop, ACommandThatFailsIsToldWithItsLastErrorLine) {
  folder.put("a", R"({"text":"hello"})");
  CommandTaker taker("echo half an answer; echo 'no model loaded' >&2; exit 3", -1);
  take(taker);
  EXPECT_THAT(
      contents(),
      ElementsAre(R"({"text":"The agent's command failed with exit code 3: no model loaded"})"));
  EXPECT_THAT(acknowledged("failed"), ElementsAre("a"));
}

TEST_F(Loop, ANoticeOfAFailedTurnIsInTheNextPromptThatIsAnswered) {
  put_notice("n1", "m1 was not delivered");
  folder.put("a", R"({"text":"one"})");
  CommandTaker failing("exit 3", -1);
  take(failing);
  EXPECT_THAT(acknowledged("failed"), ElementsAre("a", "n1"));
  put_notice("n2", "m2 was not delivered");
  folder.put("b", R"({"text":"two"})");
  take(failing);
  // Another process of the agent.
  session = AgentSession::open(folder.path(), clock).value();
  folder.put("c", R"({"text":"three"})");
  CommandTaker taker("cat", -1);
  take(taker);
  EXPECT_EQ(
      contents().back(),
      R"({"text":"system: m1 was not delivered\nsystem: m2 was not delivered\nchat: three"})");
  folder.put("d", R"({"text":"four"})");
  take(taker);
  EXPECT_EQ(contents().back(), R"({"text":"four"})");
}

// An agent that is killed before the end of a turn is written is as if it had never taken it.
TEST_F(Loop, ANoticeIsKeptAndForgottenTogetherWithTheEndOfItsTurn) {
  const auto kept = [this] { return folder.query_outbound("SELECT value FROM session_state"); };
  const auto take_without_end = [this](const char* command) {
    folder.execute_outbound(
        "CREATE TRIGGER no_end BEFORE INSERT ON processing_ack WHEN NEW.status <> 'processing'"
        " BEGIN SELECT RAISE(ABORT, 'no end'); END");
    CommandTaker taker(command, -1);
    EXPECT_FALSE(take_due_turns(*session, taker, -1).ok());
    folder.execute_outbound("DROP TRIGGER no_end");
    session = AgentSession::open(folder.path(), clock).value();
  };
  put_notice("n1", "m1 was not delivered");
  folder.put("a", R"({"text":"one"})");
  take_without_end("exit 3");
  EXPECT_THAT(kept(), IsEmpty()) << "its row is read again";
  CommandTaker failing("exit 3", -1);
  take(failing);
  EXPECT_THAT(kept(), SizeIs(1));

  folder.put("b", R"({"text":"two"})");
  take_without_end("cat");
  EXPECT_THAT(kept(), SizeIs(1)) << "nobody has seen the answer";
  CommandTaker answering("cat", -1);
  take(answering);
  EXPECT_EQ(contents().back(), R"({"text":"system: m1 was not delivered\nchat: two"})");
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(Loop, ACommandWithNothingToSaySaysNothing) {
  folder.put("a", R"({"text":"hello"})");
  CommandTaker taker("cat >/dev/null", -1);
  take(taker);
  EXPECT_THAT(contents(), IsEmpty());
  EXPECT_THAT(acknowledged("completed"), ElementsAre("a"));
}

TEST_F(Loop, EachChatGetsItsOwnTurn) {
  folder.put("a", R"({"text":"one"})", "chat", 1, "telegram:dm:5");
  folder.put("b", R"({"text":"two"})", "chat", 1, "telegram:dm:6");
  CommandTaker taker("tr a-z A-Z", -1);
  take(taker);
  EXPECT_THAT(
      folder.query_outbound("SELECT platform_id || content FROM messages_out ORDER BY rowid"),
      ElementsAre(R"(telegram:dm:5{"text":"ONE"})", R"(telegram:dm:6{"text":"TWO"})"));
}

TEST_F(Loop, AStopDuringACommandGivesTheRowsBack) {
  folder.put("a", R"({"text":"hello"})");
  const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  // The stop comes once the turn has begun.
  struct StopInTheMiddle final : TurnTaker {
    TurnResult take(AgentSession& in, const Turn& turn) override {
      EXPECT_EQ(::eventfd_write(stop_fd, 1), 0);
      return command.take(in, turn);
    }
    explicit StopInTheMiddle(int fd) : stop_fd(fd), command("sleep 1000", fd) {}
    int stop_fd;
    CommandTaker command;
  } taker(stop.get());
  take(taker, stop.get());
  EXPECT_THAT(contents(), IsEmpty());
  EXPECT_THAT(folder.query_outbound("SELECT * FROM processing_ack"), IsEmpty());
}

// Takes the turn with `inner`; meanwhile inbound.db goes away, without which no answer is numbered.
struct LosesInbound final : TurnTaker {
  explicit LosesInbound(const SessionFolder& in, TurnTaker& taker) : folder(in), inner(taker) {}
  TurnResult take(AgentSession& in, const Turn& turn) override {
    ++turns;
    TurnResult result = inner.take(in, turn);
    std::filesystem::remove(folder / ".heartbeat");
    std::filesystem::rename(folder / "inbound.db", folder / "away.db");
    return result;
  }
  // [another thread] A sign of life after the turn comes between two tries.
  void await_failed_try() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!(std::filesystem::exists(folder / "away.db") &&
             std::filesystem::exists(folder / ".heartbeat")) &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
  }
  void bring_back() const { std::filesystem::rename(folder / "away.db", folder / "inbound.db"); }
  const SessionFolder& folder;
  TurnTaker& inner;
  int turns = 0;
};

constexpr base::Milliseconds kAtOnce{1};

TEST_F(Loop, AnAnswerThatCannotBeWrittenYetIsWrittenOnceWhenItCan) {
  folder.put("a", R"({"text":"hello"})");
  CommandTaker command("cat; echo picture > \"$PATCHBAY_OUTBOX_DIR/p.jpg\"", -1);
  LosesInbound taker(folder, command);
  std::thread healer([&] {
    taker.await_failed_try();
    taker.bring_back();
  });
  EXPECT_TRUE(take_due_turns(*session, taker, -1, {.tries = 1'000'000, .pause = kAtOnce}).ok());
  healer.join();
  EXPECT_EQ(taker.turns, 1);
  EXPECT_THAT(contents(), ElementsAre(R"({"files":["p.jpg"],"text":"hello"})"));
  EXPECT_EQ(test::read_file(folder / "outbox/a:re:1/p.jpg"), "picture\n");
  EXPECT_THAT(acknowledged("completed"), ElementsAre("a"));
}

TEST_F(Loop, AnAnswerThatCannotBeWrittenEndsTheAgentAndTheNextAnswersOnce) {
  folder.put("a", R"({"text":"hello"})");
  InboundWatch watch = InboundWatch::open(folder.path()).value();
  const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  LosesInbound taker(folder, echo);
  const auto ended =
      run_agent(*session, watch, taker, clock, stop.get(), {.tries = 3, .pause = kAtOnce});
  EXPECT_EQ(ended.code(), base::Code::kTimeout);
  EXPECT_THAT(ended.message(), ::testing::HasSubstr("after 3 tries"));
  EXPECT_THAT(contents(), IsEmpty());
  EXPECT_THAT(acknowledged("processing"), ElementsAre("a")) << "for the host to take back";

  taker.bring_back();
  session = AgentSession::open(folder.path(), clock).value();
  take(echo);
  EXPECT_THAT(contents(), ElementsAre(R"({"text":"hello"})"));
}

TEST_F(Loop, AStopEndsTheWaitForAnAnswerThatCannotBeWritten) {
  folder.put("a", R"({"text":"hello"})");
  InboundWatch watch = InboundWatch::open(folder.path()).value();
  const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  LosesInbound taker(folder, echo);
  std::thread stopper([&] {
    taker.await_failed_try();
    EXPECT_EQ(::eventfd_write(stop.get(), 1), 0);
  });
  const auto ended = run_agent(*session, watch, taker, clock, stop.get(),
                               {.tries = 1'000'000, .pause = base::Milliseconds(600'000)});
  stopper.join();
  EXPECT_EQ(ended.code(), base::Code::kTimeout);
  EXPECT_THAT(contents(), IsEmpty());
}

TEST_F(Loop, RunsUntilStopped) {
  folder.put("a", R"({"text":"hello"})");
  InboundWatch watch = InboundWatch::open(folder.path()).value();
  const base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  struct StopAfter final : TurnTaker {
    TurnResult take(AgentSession& in, const Turn& turn) override {
      EXPECT_EQ(::eventfd_write(stop_fd, 1), 0);
      return echo.take(in, turn);
    }
    explicit StopAfter(int fd) : stop_fd(fd) {}
    int stop_fd;
    EchoTaker echo;
  } taker(stop.get());
  EXPECT_TRUE(run_agent(*session, watch, taker, clock, stop.get()).ok());
  EXPECT_THAT(contents(), ElementsAre(R"({"text":"hello"})"));
}

}  // namespace
}  // namespace patchbay::agent_kit
