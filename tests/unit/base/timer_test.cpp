#include "base/timer.hpp"

#include <gtest/gtest.h>
#include <memory>

#include "base/lifetime.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::base {
namespace {

using std::chrono_literals::operator""ms;

TEST(Timer, FiresOnceAndMayBeArmedAgainFromItsTask) {
  test::VirtualLoop loop;
  Timer timer(loop);
  int fired = 0;
  timer.arm(1ms, [&] {
    ++fired;
    timer.arm(1ms, [&] { fired += 10; });
  });
  loop.advance(20ms);
  EXPECT_EQ(fired, 11);
}

TEST(Timer, ArmingReplacesAndCancellingForgetsWhatWasArmed) {
  test::VirtualLoop loop;
  Timer replaced(loop);
  Timer cancelled(loop);
  int fired = 0;
  replaced.arm(1ms, [&] { fired += 1; });
  replaced.arm(2ms, [&] { fired += 10; });
  cancelled.arm(1ms, [&] { fired += 100; });
  cancelled.cancel();
  loop.advance(20ms);
  EXPECT_EQ(fired, 10);
}

TEST(Timer, GoesWithItsOwnerAlsoFromItsOwnTask) {
  test::VirtualLoop loop;
  int fired = 0;
  auto gone = std::make_unique<Timer>(loop);
  gone->arm(1ms, [&] { fired += 100; });
  gone.reset();
  auto ends_itself = std::make_unique<Timer>(loop);
  ends_itself->arm(1ms, [&] {
    ends_itself.reset();
    ++fired;
  });
  loop.advance(20ms);
  EXPECT_EQ(fired, 1);
}

TEST(Lifetime, GuardsUntilItsOwnerIsGone) {
  int called = 0;
  auto owner = std::make_unique<Lifetime>();
  auto guarded = owner->guard([&called](int by) { called += by; });
  guarded(1);
  owner.reset();
  guarded(10);
  EXPECT_EQ(called, 1);
}

}  // namespace
}  // namespace patchbay::base
