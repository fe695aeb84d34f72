#include "base/random.hpp"

#include <gtest/gtest.h>
#include <set>

namespace patchbay::base {
namespace {

TEST(RandomTest, TheSameSeedGivesTheSameRun) {
  Random one(42);
  Random two(42);
  Random other(43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = one.next();
    EXPECT_EQ(value, two.next());
    differs = differs || value != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(RandomTest, StaysBelowTheBoundAndReachesAll) {
  Random random(7);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(random.below(5));
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(random.below(1), 0U);
}

TEST(RandomTest, TokensAreLowerCaseWordsThatDiffer) {
  Random random(7);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = random.token(12);
    EXPECT_EQ(token.size(), 12U);
    EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos);
    seen.insert(token);
  }
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_EQ(random.token(0), "");
}

TEST(RandomTest, TheKernelsSeedsDiffer) { EXPECT_NE(system_seed(), system_seed()); }

}  // namespace
}  // namespace patchbay::base
