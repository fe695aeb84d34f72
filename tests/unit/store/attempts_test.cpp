// Each time that a delivery was sending, as its moves leave it behind.
#include "store/attempts.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

class AttemptsTest : public StoreTest {
 protected:
  std::int64_t accept(const std::string& id) {
    DeliveryRecord record;
    record.agent = base::AgentGroupId("main");
    record.session = base::SessionId("s1");
    record.message_out_id = id;
    record.lane = {base::InstanceName("telegram"), base::ChatKey("telegram:dm:1"), {}};
    record.answers = "1:" + id + ":main";
    return ask([&](Repositories& r) { return r.ledger.accept(record); }).value_or(0);
  }
  void move(std::int64_t id, DeliveryState to, std::int64_t time, const std::string& reason = "",
            std::optional<std::int32_t> code = std::nullopt) {
    unit([&](Repositories& r) {
      DeliveryMove move;
      move.id = id;
      move.to = to;
      move.at = at(time);
      move.reason = reason;
      move.code = code;
      return r.ledger.move(move);
    });
  }
  std::vector<AttemptRecord> attempts(std::int64_t id) {
    return ask([&](Repositories& r) { return r.attempts.list(id); });
  }
};

TEST_F(AttemptsTest, EachTimeThatItIsSendingIsOne) {
  using enum DeliveryState;
  const std::int64_t id = accept("a1");
  EXPECT_TRUE(attempts(id).empty());
  move(id, kSending, 10);
  ASSERT_EQ(attempts(id).size(), 1U);
  EXPECT_FALSE(attempts(id)[0].ended_at);
  move(id, kWaiting, 20, "too many requests", -103);
  move(id, kSending, 30);
  move(id, kUnknown, 40, "the host stopped");
  move(id, kDelivered, 50);  // an operator: no attempt

  const auto all = attempts(id);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].number, 1);
  EXPECT_EQ(all[0].began_at, at(10));
  EXPECT_EQ(all[0].ended_at, at(20));
  EXPECT_EQ(all[0].outcome, kWaiting);
  EXPECT_EQ(all[0].code, -103);
  EXPECT_EQ(all[0].reason, "too many requests");
  EXPECT_EQ(all[1].number, 2);
  EXPECT_EQ(all[1].ended_at, at(40));
  EXPECT_EQ(all[1].outcome, kUnknown);
  EXPECT_EQ(all[1].code, std::nullopt);
}

TEST_F(AttemptsTest, AMoveThatIsRefusedLeavesNone) {
  const std::int64_t id = accept("a1");
  move(id, DeliveryState::kFailed, 10);
  const base::Status refused = database_->run([&](Repositories& r) {
    DeliveryMove move;
    move.id = id;
    move.to = DeliveryState::kSending;
    return r.ledger.move(move);
  });
  EXPECT_FALSE(refused.ok());
  EXPECT_TRUE(attempts(id).empty());
}

TEST_F(AttemptsTest, GoWithTheirDelivery) {
  const std::int64_t gone = accept("a1");
  const std::int64_t stays = accept("a2");
  move(gone, DeliveryState::kSending, 10);
  move(stays, DeliveryState::kSending, 10);
  {
    SQLite::Database other(path(), SQLite::OPEN_READWRITE);
    SQLite::Statement remove(other, "DELETE FROM deliveries WHERE id = ?");
    remove.bind(1, gone);
    remove.exec();
  }
  EXPECT_TRUE(attempts(gone).empty());
  EXPECT_EQ(attempts(stays).size(), 1U);
}

TEST_F(AttemptsTest, AnswersAreFoundByTheRowThatTheyAnswer) {
  const std::int64_t id = accept("a1");
  accept("a2");
  const auto answers = [&](const InboxRow& row) {
    return ask([&](Repositories& r) { return r.ledger.find_answers(row, 10); });
  };
  const InboxRow row{base::AgentGroupId("main"), base::SessionId("s1"), "1:a1:main"};
  ASSERT_EQ(answers(row).size(), 1U);
  EXPECT_EQ(answers(row)[0].id, id);
  EXPECT_EQ(answers(row)[0].answers, row.row_id);
  // Another session may have a row of this id.
  EXPECT_TRUE(answers({row.agent, base::SessionId("s2"), row.row_id}).empty());
  EXPECT_TRUE(answers({row.agent, row.session, ""}).empty());
}

}  // namespace
}  // namespace patchbay::store
