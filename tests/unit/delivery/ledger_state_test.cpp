#include "delivery/ledger_state.hpp"

#include <gtest/gtest.h>
#include <set>
#include <tuple>

#include "store/ledger.hpp"

namespace patchbay::delivery {
namespace {

using store::DeliveryState;

constexpr DeliveryState kStates[] = {DeliveryState::kWaiting, DeliveryState::kSending,
                                     DeliveryState::kDelivered, DeliveryState::kFailed,
                                     DeliveryState::kUnknown};
constexpr Ground kGrounds[] = {Ground::kNone,   Ground::kNotSent, Ground::kSentBefore,
                               Ground::kLookup, Ground::kReport,  Ground::kOperator,
                               Ground::kPolicy};

TEST(LedgerState, ExactlyTheseMovesExist) {
  std::set<std::tuple<DeliveryState, DeliveryState, Ground>> allowed;
  for (const Ground ground : kGrounds) {
    allowed.emplace(DeliveryState::kWaiting, DeliveryState::kSending, ground);
    allowed.emplace(DeliveryState::kWaiting, DeliveryState::kFailed, ground);
    allowed.emplace(DeliveryState::kSending, DeliveryState::kDelivered, ground);
    allowed.emplace(DeliveryState::kSending, DeliveryState::kFailed, ground);
    allowed.emplace(DeliveryState::kSending, DeliveryState::kUnknown, ground);
  }
  allowed.emplace(DeliveryState::kWaiting, DeliveryState::kUnknown, Ground::kSentBefore);
  allowed.emplace(DeliveryState::kSending, DeliveryState::kWaiting, Ground::kNotSent);
  allowed.emplace(DeliveryState::kDelivered, DeliveryState::kFailed, Ground::kReport);
  for (const Ground evidence :
       {Ground::kLookup, Ground::kReport, Ground::kOperator, Ground::kPolicy}) {
    allowed.emplace(DeliveryState::kUnknown, DeliveryState::kDelivered, evidence);
    allowed.emplace(DeliveryState::kUnknown, DeliveryState::kFailed, evidence);
    allowed.emplace(DeliveryState::kUnknown, DeliveryState::kWaiting, evidence);
  }
  for (const DeliveryState from : kStates) {
    for (const DeliveryState to : kStates) {
      for (const Ground ground : kGrounds) {
        const bool expected = allowed.contains({from, to, ground});
        const base::Status status = check_move(from, to, ground);
        EXPECT_EQ(status.ok(), expected) << status.message();
        if (!status.ok()) {
          EXPECT_EQ(status.code(), base::Code::kInternal);
        }
        // The ledger itself never allows less than that.
        EXPECT_TRUE(!expected || store::may_move(from, to));
      }
    }
  }
}

TEST(LedgerState, RefusalNamesTheMove) {
  EXPECT_EQ(check_move(DeliveryState::kSending, DeliveryState::kWaiting, Ground::kNone).message(),
            "a delivery cannot go from sending to waiting by itself; this is a bug");
}

}  // namespace
}  // namespace patchbay::delivery
