// The way of one message, found from either end, and how it is told.
#include "host/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/delivery_json.hpp"
#include "store/central_database.hpp"
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
  json trace(const std::string& id) {
    Trace found;
    unit([&](store::Repositories& r) -> base::Status {
      PATCHBAY_ASSIGN(found, read_trace(r, id));
      return {};
    });
    return trace_json(found);
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
