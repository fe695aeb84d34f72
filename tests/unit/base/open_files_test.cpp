#include "base/open_files.hpp"

#include <gtest/gtest.h>

namespace patchbay::base {
namespace {

TEST(OpenFilesTest, AsManyAsTheHardLimitAllowsAndWhatWasBeforeIsTold) {
  rlimit ours{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &ours), 0);
  const rlimit few{200, ours.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto before = raise_open_files();
  rlimit raised{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &raised), 0);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &ours), 0);
  ASSERT_TRUE(before.ok()) << before.status().message();
  EXPECT_EQ(*before, 200U);
  EXPECT_EQ(raised.rlim_cur, ours.rlim_max);
}

}  // namespace
}  // namespace patchbay::base
