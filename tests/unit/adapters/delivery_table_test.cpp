#include "adapters/delivery_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::adapters {
namespace {

using delivery::AttemptOutcome;
using delivery::OutcomeClass;
using delivery::SentState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DeliveryTableTest : public ::testing::Test {
 protected:
  void add(pbay_op op) {
    table_.add(op, std::make_shared<const OutboundImage>(delivery::DeliveryRequest{}, 0),
               loop_.now() + std::chrono::seconds(10),
               [this](AttemptOutcome outcome) { outcomes_.push_back(std::move(outcome)); });
  }
  AttemptOutcome only() {
    EXPECT_EQ(outcomes_.size(), 1U);
    return outcomes_.empty() ? AttemptOutcome{} : outcomes_.front();
  }

  test::VirtualLoop loop_;
  std::vector<pbay_op> overdue_;
  std::uint64_t sends_ = 0;
  bool network_is_ours_ = true;
  std::vector<AttemptOutcome> outcomes_;
  DeliveryTable table_{loop_, "x", [this](pbay_op op) { overdue_.push_back(op); },
                       [this] { return sends_; }, [this] { return network_is_ours_; }};
};

TEST_F(DeliveryTableTest, TheFirstAnswerCounts) {
  add(1);
  AttemptOutcome delivered;
  delivered.outcome = OutcomeClass::kDelivered;
  EXPECT_EQ(table_.complete(1, delivered), DeliveryTable::Completed::kTaken);
  EXPECT_EQ(table_.complete(1, delivered), DeliveryTable::Completed::kForeign);
  EXPECT_EQ(table_.complete(2, delivered), DeliveryTable::Completed::kForeign);
  loop_.advance(std::chrono::minutes(1));
  EXPECT_EQ(only().outcome, OutcomeClass::kDelivered);
  EXPECT_TRUE(overdue_.empty());
}

TEST_F(DeliveryTableTest, ALateAnswerIsTooLate) {
  add(1);
  loop_.advance(std::chrono::seconds(10));
  EXPECT_THAT(overdue_, ElementsAre(1));
  EXPECT_EQ(only().sent_state, SentState::kNotSent);
  EXPECT_FALSE(table_.is_under_way(1));
  EXPECT_NE(table_.request(1), nullptr) << "what it holds stays until the adapter is done with it";
  EXPECT_EQ(table_.complete(1, {}), DeliveryTable::Completed::kTooLate);
  EXPECT_EQ(table_.request(1), nullptr);
  EXPECT_EQ(outcomes_.size(), 1U);
}

TEST_F(DeliveryTableTest, TheVerdictOfARequestIsWaitedFor) {
  add(1);
  ASSERT_TRUE(table_.request_begins(1));
  loop_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(outcomes_.empty());
  EXPECT_FALSE(table_.request_begins(1)) << "nothing more leaves";
  table_.request_ended(1, net::SentState::kUnknown);
  EXPECT_EQ(only().outcome, OutcomeClass::kUnknown);
  EXPECT_THAT(only().text, HasSubstr("it may have been sent"));
}

TEST_F(DeliveryTableTest, OnlyProofMakesItNotSent) {
  const std::vector<std::function<void()>> doubts = {
      [this] { table_.untagged_request(); },
      [this] { ++sends_; },
      [this] { network_is_ours_ = false; },
      [this] {
        EXPECT_TRUE(table_.request_begins(1));
        table_.request_ended(1, net::SentState::kAnswered);
      },
  };
  for (const auto& doubt : doubts) {
    outcomes_.clear();
    network_is_ours_ = true;
    add(1);
    doubt();
    table_.end_all("it crashed");
    EXPECT_EQ(only().outcome, OutcomeClass::kUnknown);
    EXPECT_EQ(table_.complete(1, {}), DeliveryTable::Completed::kTooLate);
  }
}

TEST_F(DeliveryTableTest, LateOnesAreBounded) {
  for (pbay_op op = 1; op <= limits::kLateDeliveries + 10; ++op) {
    add(op);
    loop_.advance(std::chrono::seconds(10));
  }
  EXPECT_EQ(outcomes_.size(), limits::kLateDeliveries + 10);
  EXPECT_EQ(table_.request(1), nullptr);
  EXPECT_NE(table_.request(limits::kLateDeliveries + 10), nullptr);
}

}  // namespace
}  // namespace patchbay::adapters
