// What `patchbay status` tells of messages that reach nobody, and of what is to be looked into.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/status_facts.hpp"
#include "host/status_text.hpp"
#include "store/central_database.hpp"
#include "test_common/temp_folder.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::host {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const base::InstanceName kInstance("telegram");
const base::ChatKey kAnn("telegram:dm:1");
const base::ChatKey kBob("telegram:dm:2");

bool no_chat_is_wired(const base::ChatKey& /*chat*/) { return false; }

base::Status hold(store::Repositories& r, const base::ChatKey& chat, store::IntakeReason reason,
                  const std::string& session = "") {
  return r.intake.insert({0, reason, kInstance, chat, session, "{}", {}}).status();
}

base::Status write_all(store::Repositories& r) {
  PATCHBAY_TRY(hold(r, kAnn, store::IntakeReason::kUnknownChat));
  for (int number = 0; number < 3; ++number) {
    PATCHBAY_TRY(hold(r, kBob, store::IntakeReason::kUnknownChat));
  }
  // Waits for its session, not for a wiring.
  PATCHBAY_TRY(hold(r, kAnn, store::IntakeReason::kSessionBusy, "main/s1"));
  for (const std::string sender : {"2", "3"}) {
    PATCHBAY_TRY(
        r.audit.count_one({kInstance, kBob, sender, sender, store::kUnknownChatFull, 0, {}, {}}));
  }
  PATCHBAY_TRY(r.audit.count_one({kInstance, kAnn, "1", "Ann", "bot", 0, {}, {}}));
  for (const int hour : {1, 2, 3}) {
    PATCHBAY_TRY(r.audit.count_one({kInstance,
                                    kBob,
                                    std::to_string(hour / 2),
                                    "Bo",
                                    store::kUnknownSender,
                                    0,
                                    {},
                                    base::WallTime(std::chrono::hours(hour))}));
  }
  store::DeliveryRecord delivery;
  delivery.message_out_id = "a1";
  delivery.lane = {kInstance, kAnn, {}};
  delivery.kind = "chat";
  delivery.content = R"({"text":"hello"})";
  PATCHBAY_ASSIGN(const auto id, r.ledger.accept(delivery));
  store::DeliveryMove move;
  move.id = id.value_or(0);
  move.attempts = 1;
  move.to = store::DeliveryState::kSending;
  PATCHBAY_TRY(r.ledger.move(move));
  move.to = store::DeliveryState::kUnknown;
  return r.ledger.move(move);
}

TEST(StoredFactsTest, CountsWhatWaitsForAWiringAndWhatWasRefused) {
  const test::TempFolder folder;
  test::VirtualLoop loop;
  const auto database = store::CentralDatabase::open(folder / "patchbay.db", loop).value();
  StoredFacts facts;
  const base::Status read = database->run([&](store::Repositories& r) -> base::Status {
    PATCHBAY_TRY(write_all(r));
    PATCHBAY_ASSIGN(facts, read_stored_facts(r));
    return {};
  });
  ASSERT_TRUE(read.ok()) << read.message();
  EXPECT_EQ(facts.unknown_deliveries, 1);
  EXPECT_EQ(unwired_json(facts, no_chat_is_wired),
            json::parse(R"({"held":4,"refused":2,"chatCount":2,"chats":[
              {"instance":"telegram","chat":"telegram:dm:2","held":3,"refused":2},
              {"instance":"telegram","chat":"telegram:dm:1","held":1,"refused":0}]})"));
  // What was refused before somebody wired the chat is nothing to be done about any more.
  EXPECT_EQ(unwired_json(facts, [](const base::ChatKey& chat) { return chat == kBob; }),
            json::parse(R"({"held":1,"refused":0,"chatCount":1,"chats":[
              {"instance":"telegram","chat":"telegram:dm:1","held":1,"refused":0}]})"));
}

TEST(StoredFactsTest, NamesTheStrangersOfTheLastDaysWhoAreStillRefused) {
  const test::TempFolder folder;
  test::VirtualLoop loop;
  const auto database = store::CentralDatabase::open(folder / "patchbay.db", loop).value();
  StoredFacts facts;
  const base::Status read = database->run([&](store::Repositories& r) -> base::Status {
    PATCHBAY_TRY(write_all(r));
    PATCHBAY_ASSIGN(facts, read_stored_facts(r));
    return {};
  });
  ASSERT_TRUE(read.ok()) << read.message();
  const auto told = [&](int hour, const std::string& owner) {
    return strangers_json(
        facts, base::WallTime(std::chrono::hours(hour)),
        [&owner](const store::AuditRecord& record) { return record.sender != owner; });
  };
  EXPECT_EQ(told(4, ""), json::parse(R"([
    {"instance":"telegram","chat":"telegram:dm:2","sender":"1","name":"Bo","refused":2,
     "last":"1970-01-01T03:00:00.000Z"},
    {"instance":"telegram","chat":"telegram:dm:2","sender":"0","name":"Bo","refused":1,
     "last":"1970-01-01T01:00:00.000Z"}])"));
  EXPECT_EQ(told(4, "1").size(), 1U);
  EXPECT_EQ(told(7 * 24 + 2, "").size(), 1U);
}

TEST(StatusTextTest, NamesStrangersAsPeopleOwnersWantsThem) {
  json strangers = json::array();
  for (int number = 0; number < 7; ++number) {
    strangers.push_back({{"instance", "telegram"},
                         {"chat", "telegram:dm:4"},
                         {"sender", std::to_string(number)},
                         {"name", number == 0 ? "Bo\x1b" : ""},
                         {"refused", number + 1},
                         {"last", "2026-01-02T03:04:05.000Z"}});
  }
  const std::string said = status_text({{"strangers", strangers}});
  EXPECT_THAT(said, HasSubstr("\n  \"telegram:0\" (Bo?) in telegram:dm:4: 1 message, last "
                              "2026-01-02T03:04:05.000Z\n  \"telegram:1\" in telegram:dm:4: "
                              "2 messages, last "));
  EXPECT_THAT(said, HasSubstr("\n  and 2 more: `patchbay status --json`\n  add whom"));
  EXPECT_THAT(said, HasSubstr("people.owners"));
  EXPECT_THAT(status_text({{"strangers", json::array()}}), Not(HasSubstr("people.owners")));
}

TEST(StoredFactsTest, TheListOfChatsIsBoundedItsNumberIsNot) {
  StoredFacts facts;
  for (std::size_t number = 0; number < kUnwiredChatsTold + 5; ++number) {
    facts.unwired.push_back(
        {kInstance, base::ChatKey("telegram:dm:" + std::to_string(number)), 1, 0});
  }
  const json told = unwired_json(facts, no_chat_is_wired);
  EXPECT_EQ(told["chats"].size(), kUnwiredChatsTold);
  EXPECT_EQ(told["chatCount"], kUnwiredChatsTold + 5);
  EXPECT_EQ(told["held"], kUnwiredChatsTold + 5);
  EXPECT_THAT(status_text({{"unwired", told}}), HasSubstr("\n  and 100 more: `patchbay status"));
}

TEST(StatusTextTest, NamesTheChatsThatReachNobodyWithTheRemedy) {
  const json chat = {{"chat", "console:dm:ada\x1b"}, {"held", 100}, {"refused", 10}};
  const std::string said = status_text(
      {{"unwired", {{"held", 100}, {"refused", 10}, {"chatCount", 1}, {"chats", {chat}}}}});
  EXPECT_THAT(said, HasSubstr("\nno wiring names 1 chat that wrote: 100 held, 10 refused and lost "
                              "(100 of each are kept)\n"
                              "  console:dm:ada?: 100 held, 10 refused and lost\n"));
  EXPECT_THAT(said, HasSubstr("wirings"));
  EXPECT_THAT(said, HasSubstr("people.unknown_chats"));
}

TEST(StatusTextTest, CountsFailingAgentsAndUnknownDeliveries) {
  const json instance = {{"name", "telegram"}, {"failed", 2}, {"unknown", 3}};
  const std::string said = status_text({{"agents", {{"running", 0}, {"failing", 1}}},
                                        {"instances", {instance}},
                                        {"unknownDeliveries", 3}});
  EXPECT_THAT(said, HasSubstr("; 1 failing: `patchbay sessions` says why\n"));
  EXPECT_THAT(said, HasSubstr("FAILED  UNKNOWN  WHY\n"));
  EXPECT_THAT(said, HasSubstr("2       3"));
  EXPECT_THAT(said, HasSubstr("\n3 deliveries have an outcome that nobody knows: `patchbay "
                              "deliveries unknown`"));
}

TEST(StatusTextTest, NothingIsSaidOfWhatIsAllRight) {
  const json none = {{"held", 0}, {"refused", 0}, {"chatCount", 0}, {"chats", json::array()}};
  const std::string said = status_text(
      {{"agents", {{"running", 1}, {"failing", 0}}}, {"unknownDeliveries", 0}, {"unwired", none}});
  EXPECT_THAT(said, Not(HasSubstr("failing")));
  EXPECT_THAT(said, Not(HasSubstr("wiring")));
  EXPECT_THAT(said, Not(HasSubstr("outcome")));
  EXPECT_THAT(status_text({{"databaseProblem", "disk I/O error"}}),
              HasSubstr("\nwhat waits is not known: disk I/O error"));
}

}  // namespace
}  // namespace patchbay::host
