#include "base/failpoint.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <signal.h>

namespace patchbay::base {
namespace {

// Each in a child process: the settings are read once, at the first passage.
class FailpointDeathTest : public ::testing::Test {
 protected:
  static void set(const char* settings) { ::setenv("PATCHBAY_FAILPOINTS_SET", settings, 1); }
  [[noreturn]] static void leave(bool as_expected) { std::_Exit(as_expected ? 0 : 1); }

  const ::testing::ExitedWithCode as_expected_{0};
};

TEST_F(FailpointDeathTest, WithoutSettingsNothingFails) {
  EXPECT_EXIT(
      {
        ::unsetenv("PATCHBAY_FAILPOINTS_SET");
        PBAY_FAILPOINT("a.b");
        leave(!PBAY_FAILPOINT_FAILS("a.b"));
      },
      as_expected_, "");
}

TEST_F(FailpointDeathTest, KillsAtTheFirstPassage) {
  EXPECT_EXIT(
      {
        set("other=error,a.b=kill");
        PBAY_FAILPOINT("not.this");
        PBAY_FAILPOINT("a.b");
        leave(true);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

TEST_F(FailpointDeathTest, KillsAtThePassageThatIsMeant) {
  EXPECT_EXIT(
      {
        set("a.b=kill@3");
        PBAY_FAILPOINT("a.b");
        PBAY_FAILPOINT("a.b");
        leave(true);
      },
      as_expected_, "");
  EXPECT_EXIT(
      {
        set("a.b=kill@3");
        for (int i = 0; i < 3; ++i) {
          PBAY_FAILPOINT("a.b");
        }
        leave(true);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

TEST_F(FailpointDeathTest, FailsEveryPassageOrOne) {
  EXPECT_EXIT(
      {
        set("always=error,second=error@2");
        const bool always = PBAY_FAILPOINT_FAILS("always") && PBAY_FAILPOINT_FAILS("always");
        const bool first = PBAY_FAILPOINT_FAILS("second");
        const bool second = PBAY_FAILPOINT_FAILS("second");
        const bool third = PBAY_FAILPOINT_FAILS("second");
        leave(always && !first && second && !third && !PBAY_FAILPOINT_FAILS("unset"));
      },
      as_expected_, "");
}

TEST_F(FailpointDeathTest, AMalformedSettingStopsTheProcess) {
  for (const char* settings : {"a.b", "a.b=explode", "a.b=kill@", "a.b=kill@0", "a.b=kill@x",
                               "a.b=error@2x", "a.b=kill,c"}) {
    EXPECT_EXIT(
        {
          set(settings);
          PBAY_FAILPOINT("anything");
          leave(true);
        },
        ::testing::KilledBySignal(SIGABRT), "")
        << settings;
  }
}

}  // namespace
}  // namespace patchbay::base
