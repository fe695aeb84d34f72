#include "adapters/isolation/runner_budget.hpp"

#include <future>
#include <gtest/gtest.h>
#include <vector>

#include "base/limits.hpp"

namespace patchbay::adapters {
namespace {

constexpr std::chrono::seconds kPatience{60};

// What a reading thread is given when there is room again.
std::future<std::shared_ptr<RunnerCharge>> ask(RunnerBudget& budget, std::size_t bytes,
                                               std::size_t descriptors) {
  return std::async(std::launch::async,
                    [&budget, bytes, descriptors] { return budget.charge(bytes, descriptors); });
}

TEST(RunnerBudget, TheNextFrameWaitsUntilOneIsDealtWith) {
  const auto budget = std::make_shared<RunnerBudget>();
  std::vector<std::shared_ptr<RunnerCharge>> frames;
  for (std::size_t i = 0; i < limits::kRunnerPostedFrames; ++i) {
    frames.push_back(budget->charge(1, 0));
  }
  auto next = ask(*budget, 1, 0);
  EXPECT_EQ(next.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  frames.pop_back();
  ASSERT_EQ(next.wait_for(kPatience), std::future_status::ready);
  EXPECT_NE(next.get(), nullptr);
}

TEST(RunnerBudget, AFrameThatBeginsAnOperationMakesRoomForTheNext) {
  const auto budget = std::make_shared<RunnerBudget>();
  const auto first = budget->charge(limits::kRunnerPostedBytes, 0);
  auto next = ask(*budget, 1, 0);
  EXPECT_TRUE(first->hold());
  EXPECT_TRUE(first->hold()) << "it does";
  ASSERT_EQ(next.wait_for(kPatience), std::future_status::ready);
}

TEST(RunnerBudget, OperationsHoldNoMoreThanTheyMay) {
  const auto budget = std::make_shared<RunnerBudget>();
  auto large = budget->charge(limits::kRunnerHeldBytes, 0);
  EXPECT_TRUE(large->hold());
  const auto small = budget->charge(1, 0);
  EXPECT_FALSE(small->hold());
  large = nullptr;
  EXPECT_TRUE(small->hold());

  const auto files = budget->charge(1, limits::kRunnerDescriptors);
  EXPECT_TRUE(files->hold());
  EXPECT_FALSE(budget->charge(1, 1)->hold());
}

TEST(RunnerBudget, WhatIsLargerThanAllComesAlone) {
  const auto budget = std::make_shared<RunnerBudget>();
  auto huge = budget->charge(limits::kRunnerHeldBytes * 2, 0);
  ASSERT_NE(huge, nullptr);
  EXPECT_TRUE(huge->hold());
}

TEST(RunnerBudget, ClosingWakesWhoWaits) {
  const auto budget = std::make_shared<RunnerBudget>();
  const auto first = budget->charge(limits::kRunnerPostedBytes, 0);
  auto next = ask(*budget, 1, 0);
  budget->close();
  ASSERT_EQ(next.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(next.get(), nullptr);
  EXPECT_EQ(budget->charge(0, 0), nullptr);
}

TEST(RunnerBudget, AChargeMayOutliveIt) {
  auto budget = std::make_shared<RunnerBudget>();
  const auto charge = budget->charge(1, 1);
  budget = nullptr;
  EXPECT_TRUE(charge->hold());
}

}  // namespace
}  // namespace patchbay::adapters
