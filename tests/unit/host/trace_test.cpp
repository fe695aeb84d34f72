// The way of one message, found from either end, and how it is told.
#include "host/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/control_protocol.hpp"
#include "host/delivery_json.hpp"
#include "store/central_database.hpp"
#include "test_common/memory_sessions.hpp"
#include "test_common/temp_folder.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;
using store::DeliveryState;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const base::InstanceName kInstance("telegram");
const base::ChatKey kChat("telegram:dm:7");
const base::AgentGroupId kAgent("main");
const base::SessionId kSession("s1");
const std::string kRow = "7:42:main";

base::WallTime at(std::int64_t milliseconds) {
  return base::WallTime(base::Milliseconds(milliseconds));
}

class TraceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::CentralDatabase::open(folder / "patchbay.db", loop);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    database = std::move(opened).value();
    unit([this](store::Repositories& r) { return write_all(r); });
  }

  // Message 42 came in; agent main answered it with a1, which is "m9" there after a second try; a2
  // answers nothing, and nobody knows whether it arrived.
  base::Status write_all(store::Repositories& r) {
    PATCHBAY_TRY(r.seen.insert({{kInstance, kChat, "message:42"},
                                "42",
                                store::Disposition::kStored,
                                at(1000),
                                {{kAgent, kSession, kRow}}}));
    PATCHBAY_TRY(r.seen.insert(
        {{kInstance, kChat, "message:43"}, "43", store::Disposition::kRefused, at(1500), {}}));
    PATCHBAY_ASSIGN(first, accept(r, "a1", kRow));
    PATCHBAY_TRY(move(r, first, DeliveryState::kSending, 2000));
    PATCHBAY_TRY(move(r, first, DeliveryState::kWaiting, 2100, "Too Many Requests", -103));
    PATCHBAY_TRY(move(r, first, DeliveryState::kSending, 5000));
    PATCHBAY_TRY(r.ledger.put_part(first, {0, "m9", ""}));
    PATCHBAY_TRY(move(r, first, DeliveryState::kDelivered, 5100, "", 0));
    PATCHBAY_ASSIGN(second, accept(r, "a2", ""));
    PATCHBAY_TRY(move(r, second, DeliveryState::kSending, 6000));
    return move(r, second, DeliveryState::kUnknown, 6100, "cut", -401);
  }
  static base::Result<std::int64_t> accept(store::Repositories& r, const std::string& id,
                                           const std::string& answers) {
    store::DeliveryRecord record;
    record.agent = kAgent;
    record.session = kSession;
    record.message_out_id = id;
    record.lane = {kInstance, kChat, {}};
    record.kind = "chat";
    record.content = R"({"text":"hello"})";
    record.answers = answers;
    record.accepted_at = at(1900);
    PATCHBAY_ASSIGN(const auto accepted, r.ledger.accept(record));
    return accepted.value_or(0);
  }
  static base::Status move(store::Repositories& r, std::int64_t id, DeliveryState to,
                           std::int64_t time, const std::string& reason = "",
                           std::optional<std::int32_t> code = std::nullopt) {
    store::DeliveryMove move;
    move.id = id;
    move.to = to;
    move.at = at(time);
    move.attempts = 1;
    move.reason = reason;
    move.code = code;
    return r.ledger.move(move);
  }
  void unit(base::UniqueFunction<base::Status(store::Repositories&)> work) {
    const base::Status status = database->run(std::move(work));
    ASSERT_TRUE(status.ok()) << status.message();
  }
  Trace find(const std::string& id, const std::string& chat = "") {
    Trace found;
    unit([&](store::Repositories& r) -> base::Status {
      PATCHBAY_ASSIGN(found, read_trace(r, id, base::ChatKey(chat)));
      return {};
    });
    return found;
  }
  json trace(const std::string& id, const std::string& chat = "") {
    return trace_json(find(id, chat));
  }
  // With what the session folders say of rows without an answer.
  json whole_trace(const std::string& id, test::MemorySessions& sessions) {
    json told;
    add_row_states(sessions, find(id), [&told](const Trace& whole) { told = trace_json(whole); });
    EXPECT_TRUE(told.is_null()) << "later, not at once";
    loop.run_ready();
    return told;
  }
  // Message 50 in so many chats, telegram:dm:0 … ; nobody answered.
  void one_id_in_chats(int chats, const std::string& row = "") {
    unit([&](store::Repositories& r) -> base::Status {
      for (int i = 0; i < chats; ++i) {
        store::SeenRecord record{
            {kInstance, base::ChatKey("telegram:dm:" + std::to_string(i)), "message:50"},
            "50",
            store::Disposition::kStored,
            at(i),
            {{kAgent, kSession, row + std::to_string(i) + ":50:main"}}};
        PATCHBAY_TRY(r.seen.insert(record));
      }
      return {};
    });
  }

  test::TempFolder folder;
  test::VirtualLoop loop;
  std::unique_ptr<store::CentralDatabase> database;
  std::int64_t first = 0;
  std::int64_t second = 0;
};

TEST_F(TraceTest, TheWholeWayIsFoundFromEitherEnd) {
  for (const std::string& id : {std::string("42"), std::string("message:42"), kRow,
                                std::string("a1"), std::string("m9"), std::to_string(first)}) {
    const json found = trace(id);
    ASSERT_EQ(found["events"].size(), 1U) << id;
    EXPECT_EQ(found["events"][0]["messageId"], "42") << id;
    EXPECT_EQ(found["events"][0]["rows"][0]["rowId"], kRow);
    EXPECT_EQ(found["events"][0]["rows"][0]["answers"], json::array({first}));
    ASSERT_EQ(found["deliveries"].size(), 1U) << id;
    EXPECT_EQ(found["deliveries"][0]["id"], first);
    EXPECT_EQ(found["count"], 2);
  }
  EXPECT_EQ(trace("nothing")["count"], 0);
  EXPECT_EQ(trace("")["count"], 0);
}

TEST_F(TraceTest, TellsEachAttempt) {
  const json delivery = trace("a1")["deliveries"][0];
  const json& log = delivery["attemptLog"];
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0], (json{{"number", 1},
                          {"beganAt", "1970-01-01T00:00:02.000Z"},
                          {"endedAt", "1970-01-01T00:00:02.100Z"},
                          {"outcome", "waiting"},
                          {"code", -103},
                          {"class", "retryable"},
                          {"reason", "Too Many Requests"}}));
  EXPECT_EQ(log[1]["outcome"], "delivered");
  EXPECT_THAT(delivery["steps"].get<std::vector<std::string>>(),
              ElementsAre("written by agent main, session s1 as row a1, in answer to row 7:42:main",
                          "accepted 1970-01-01T00:00:01.900Z for telegram:dm:7",
                          "attempt 1, 1970-01-01T00:00:02.000Z to 1970-01-01T00:00:02.100Z: waits "
                          "again, retryable (-103): Too Many Requests",
                          "attempt 2, 1970-01-01T00:00:05.000Z to 1970-01-01T00:00:05.100Z: "
                          "delivered",
                          "part 0 is on the platform as m9", "delivered 1970-01-01T00:00:05.100Z"));
}

TEST_F(TraceTest, TellsWhatBecameOfWhatCameIn) {
  EXPECT_THAT(trace("42")["events"][0]["steps"].get<std::vector<std::string>>(),
              ElementsAre("came in 1970-01-01T00:00:01.000Z by telegram, as event message:42",
                          "stored, and the platform was told so",
                          "row 7:42:main in the inbox of agent main, session s1: answered by "
                          "delivery " +
                              std::to_string(first)));
  const json refused = trace("43")["events"][0];
  EXPECT_EQ(refused["disposition"], "refused");
  EXPECT_THAT(refused["steps"][1].get<std::string>(), HasSubstr("given to no agent"));
  EXPECT_TRUE(refused["rows"].empty());
}

TEST_F(TraceTest, AnUnknownOneSaysHowItIsResolved) {
  const json unknown = trace("a2");
  EXPECT_TRUE(unknown["events"].empty());
  const json& steps = unknown["deliveries"][0]["steps"];
  EXPECT_THAT(steps.back().get<std::string>(),
              AllOf(HasSubstr("patchbay deliveries resolve " + std::to_string(second)),
                    HasSubstr("resend")));
}

TEST_F(TraceTest, ManyAttemptsAreCutShortInWordsOnly) {
  unit([](store::Repositories& r) -> base::Status {
    PATCHBAY_ASSIGN(const std::int64_t id, accept(r, "a3", ""));
    for (int i = 0; i < 30; ++i) {
      PATCHBAY_TRY(move(r, id, DeliveryState::kSending, 10'000 + i));
      PATCHBAY_TRY(move(r, id, DeliveryState::kWaiting, 10'000 + i, "busy", -106));
    }
    return {};
  });
  const json delivery = trace("a3")["deliveries"][0];
  EXPECT_EQ(delivery["attemptLog"].size(), 30U);
  EXPECT_EQ(delivery["steps"].size(), 2U + 1U + 20U + 1U);
  EXPECT_EQ(delivery["steps"][2], "10 earlier attempts; --json has them all");
}

TEST_F(TraceTest, OneIdOfManyChatsIsToldOfSomeAndOfEachByItsChat) {
  one_id_in_chats(150);
  const json some = trace("50");
  EXPECT_EQ(some["events"].size(), 100U);
  EXPECT_EQ(some["events"][0]["chat"], "telegram:dm:149") << "the newest first";
  EXPECT_EQ(some["more"], true);
  const json one = trace("50", "telegram:dm:3");
  ASSERT_EQ(one["events"].size(), 1U);
  EXPECT_EQ(one["events"][0]["chat"], "telegram:dm:3");
  EXPECT_EQ(one["more"], false);
  EXPECT_EQ(trace("50", "telegram:dm:none")["count"], 0);
  EXPECT_EQ(trace("a1", "telegram:dm:7")["count"], 2);
  EXPECT_EQ(trace(std::to_string(first), "telegram:dm:8")["count"], 0);
}

TEST_F(TraceTest, AnAnswerIsNeverTooLargeToBeGiven) {
  one_id_in_chats(100, std::string(100'000, 'r'));
  const json told = trace("50");
  EXPECT_LT(told.dump().size(), 8 * limits::kControlFrameBytes);
  EXPECT_GT(told["events"].size(), 5U);
  EXPECT_LT(told["events"].size(), 100U);
  EXPECT_EQ(told["more"], true);
}

struct StateCase {
  session::SessionStorage::RowState state;
  const char* told;
};
TEST_F(TraceTest, TellsHowFarTheAgentIsWithARowWithoutAnswer) {
  one_id_in_chats(1);
  test::MemorySessions sessions(loop, folder.path());
  auto& known = sessions.sessions[{kAgent, kSession}].row_states;
  const std::string id = "0:50:main";
  const std::string row = "row 0:50:main in the inbox of agent main, session s1: ";
  for (const StateCase& tested : {
           StateCase{{id, "failed", limits::kClaimTries + 1, at(0)},
                     "given up after 6 attempts; the agent ended each time before it was done with "
                     "it"},
           StateCase{{id, "pending", limits::kClaimTries + 1, at(0)},
                     "given up after 6 attempts; the agent ended each time before it was done with "
                     "it"},
           StateCase{{id, "failed", limits::kClaimTries, {}},
                     "the agent says that it failed at it"},
           StateCase{{id, "completed", 0, {}}, "the agent is done with it and gave no answer"},
           StateCase{{id, "queued", 0, {}},
                     "it waits for its files, or until the agent is done with earlier ones"},
           StateCase{{id, "pending", 0, {}}, "no answer yet"},
           StateCase{{id, "pending", 2, at(20'000)},
                     "no answer yet; the agent ended 2 times before it was done with it, and is "
                     "given it again from 1970-01-01T00:00:20.000Z"},
       }) {
    known = {tested.state};
    const json event = whole_trace("50", sessions)["events"][0];
    EXPECT_EQ(event["steps"].back(), row + tested.told);
    EXPECT_EQ(event["rows"][0]["status"], tested.state.status);
    EXPECT_EQ(event["rows"][0]["tries"], tested.state.tries);
  }
  sessions.read_failures = {{base::Code::kIo, "too many open files"}};
  EXPECT_EQ(whole_trace("50", sessions)["events"][0]["steps"].back(), row + "no answer yet");
}

// The folder is the agent's: it may say anything there.
TEST_F(TraceTest, AStateThatIsNoTextIsTold) {
  one_id_in_chats(1);
  test::MemorySessions sessions(loop, folder.path());
  sessions.sessions[{kAgent, kSession}].row_states = {{"0:50:main", "\xff", 0, {}}};
  const json told = whole_trace("50", sessions);
  EXPECT_EQ(told["events"].size(), 1U);
  EXPECT_THAT(response_line("1", told), HasSubstr("it is \uFFFD"));
}

TEST_F(TraceTest, OfManyAnswersTheNewestAreTold) {
  std::int64_t last = 0;
  unit([&last](store::Repositories& r) -> base::Status {
    for (int i = 1; i <= 50; ++i) {
      PATCHBAY_ASSIGN(last, accept(r, "b" + std::to_string(i), kRow));
    }
    return {};
  });
  const json told = trace("42");
  EXPECT_EQ(told["more"], true);
  EXPECT_EQ(told["severalChats"], false) << "--chat would not help";
  const json& answers = told["events"][0]["rows"][0]["answers"];
  ASSERT_EQ(answers.size(), 50U);
  EXPECT_EQ(answers.back(), last);
  EXPECT_GT(answers.front(), first);
  EXPECT_EQ(told["deliveries"].back()["id"], last);
  EXPECT_EQ(trace("b50")["more"], true);
}

TEST_F(TraceTest, OfLongDeliveriesTheNewestHaveRoom) {
  // Two of them fill an answer; the one between them is too long for any.
  const auto reason = [](std::size_t bytes) { return std::string(bytes, 'r'); };
  std::vector<std::int64_t> ids;
  unit([&](store::Repositories& r) -> base::Status {
    for (const std::size_t bytes : {900'000, 900'000, 900'000, 5'000'000, 900'000}) {
      store::DeliveryRecord record;
      record.agent = kAgent;
      record.session = base::SessionId("s" + std::to_string(ids.size()));
      record.message_out_id = "long";
      record.lane = {kInstance, kChat, {}};
      record.kind = "chat";
      record.reason = reason(bytes);
      PATCHBAY_ASSIGN(const auto accepted, r.ledger.accept(record));
      ids.push_back(accepted.value_or(0));
    }
    return {};
  });
  const json told = trace("long");
  EXPECT_EQ(told["more"], true);
  ASSERT_EQ(told["deliveries"].size(), 2U);
  EXPECT_EQ(told["deliveries"][0]["id"], ids[2]);
  EXPECT_EQ(told["deliveries"][1]["id"], ids[4]);
}

TEST_F(TraceTest, AChatIsFoundBelowThousandsOfNewerOnes) {
  one_id_in_chats(2'002);
  unit([](store::Repositories& r) -> base::Status {
    for (int i = 0; i < 2'002; ++i) {
      store::DeliveryRecord record;
      record.agent = kAgent;
      record.session = base::SessionId("s" + std::to_string(i));
      record.message_out_id = "same";
      record.lane = {kInstance, base::ChatKey("telegram:dm:" + std::to_string(i)), {}};
      record.kind = "chat";
      PATCHBAY_TRY(r.ledger.accept(record).status());
    }
    return {};
  });
  for (const std::string id : {"50", "message:50", "0:50:main"}) {
    const json one = trace(id, "telegram:dm:0");
    ASSERT_EQ(one["events"].size(), 1U) << id;
    EXPECT_EQ(one["events"][0]["chat"], "telegram:dm:0");
    EXPECT_EQ(one["more"], false);
    EXPECT_EQ(one["severalChats"], false);
  }
  EXPECT_EQ(trace("0:50:main", "telegram:dm:1")["count"], 0);
  const json same = trace("same", "telegram:dm:0");
  ASSERT_EQ(same["deliveries"].size(), 1U);
  EXPECT_EQ(same["deliveries"][0]["chat"], "telegram:dm:0");
  EXPECT_EQ(same["more"], false);
  EXPECT_EQ(trace("same")["more"], true);
  EXPECT_EQ(trace("same")["severalChats"], true);
}

struct PreviewCase {
  const char* content;
  const char* preview;
};
TEST(DeliveryPreviewTest, SaysWhatTheMessageIs) {
  for (const PreviewCase& tested : {
           PreviewCase{R"({"text":"hello","files":["a.txt"]})", "hello"},
           PreviewCase{R"({"text":"","files":["photo.jpg"]})", "[photo.jpg]"},
           PreviewCase{R"({"files":["photo.jpg","b.txt"]})", "[photo.jpg, b.txt]"},
           PreviewCase{R"({"text":" ","files":[1]})", ""},
           PreviewCase{R"({"files":"none"})", ""},
           PreviewCase{R"({"operation":"reaction"})", "(\"reaction\")"},
           PreviewCase{"no JSON", ""},
       }) {
    store::DeliveryRecord record;
    record.content = tested.content;
    EXPECT_EQ(delivery_json(record)["preview"], tested.preview) << tested.content;
  }
}

}  // namespace
}  // namespace patchbay::host
