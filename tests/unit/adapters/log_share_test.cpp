#include "adapters/log_share.hpp"

#include <gtest/gtest.h>

namespace patchbay::adapters {
namespace {

using Verdict = LogShare::Verdict;

constexpr std::size_t kLine = 900;

class LogShareTest : public ::testing::Test {
 protected:
  // How many lines may be written before the first that may not.
  std::size_t use_up() {
    std::size_t lines = 0;
    while (lines < 100'000 && share_.ask(kLine, now_) == Verdict::kWrite) {
      ++lines;
    }
    return lines;
  }

  LogShare share_;
  base::MonotonicTime now_ = base::MonotonicTime{} + std::chrono::hours(1);
};

TEST_F(LogShareTest, ABurstIsWrittenAndThenNothing) {
  EXPECT_EQ(use_up(), limits::kAdapterLogBurstBytes / 1028);
  EXPECT_EQ(share_.ask(0, now_), Verdict::kLeaveOut) << "not even a short one";
}

TEST_F(LogShareTest, LinesAreWrittenAgainWhenAQuarterIsThere) {
  use_up();
  now_ += std::chrono::seconds(31);
  EXPECT_EQ(share_.ask(kLine, now_), Verdict::kLeaveOut);
  now_ += std::chrono::seconds(1);
  EXPECT_EQ(share_.ask(kLine, now_), Verdict::kWrite);
  EXPECT_EQ(share_.take_left_out(), 2U);
  EXPECT_EQ(share_.take_left_out(), 0U);
  EXPECT_EQ(share_.ask(kLine, now_), Verdict::kWrite);
}

TEST_F(LogShareTest, EachTimeItIsToldAnew) {
  const std::size_t burst = use_up();
  now_ += std::chrono::hours(24 * 365);
  EXPECT_EQ(use_up(), burst) << "a year brings no more than a burst";
  now_ += std::chrono::minutes(10);
  EXPECT_EQ(share_.ask(kLine, now_), Verdict::kWrite);
  use_up();
  EXPECT_EQ(share_.ask(kLine, now_), Verdict::kLeaveOut);
}

TEST_F(LogShareTest, TimeThatSeemsToGoBackBringsNothing) {
  use_up();
  EXPECT_EQ(share_.ask(kLine, now_ - std::chrono::minutes(30)), Verdict::kLeaveOut);
  EXPECT_EQ(share_.ask(kLine, now_), Verdict::kLeaveOut);
}

TEST(ShownInLog, IsShortWholeAndOneLine) {
  EXPECT_EQ(shown_in_log("two\nlines\x1b"), "two lines ");
  EXPECT_EQ(shown_in_log("caf\xC3"), "caf\xEF\xBF\xBD");
  EXPECT_EQ(shown_in_log(std::string(1 << 20, 'x')).size(), limits::kAdapterLogBytes);
}

}  // namespace
}  // namespace patchbay::adapters
