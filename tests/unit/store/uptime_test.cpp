#include "store/uptime.hpp"

#include "store_fixture.hpp"

namespace patchbay::store {
namespace {

class Uptime : public StoreTest {
 protected:
  std::int64_t accept(const std::string& id) {
    DeliveryRecord record;
    record.message_out_id = id;
    record.lane = {base::InstanceName("telegram"), base::ChatKey("c"), {}};
    record.accepted_at = at(0);
    return ask([&](Repositories& r) { return r.ledger.accept(record); }).value();
  }
  void move(std::int64_t id, DeliveryState to, std::int64_t time) {
    unit([&](Repositories& r) {
      return r.ledger.move({id, to, at(time), 1, "", "", std::nullopt, {}});
    });
  }
  std::int64_t try_and_wait(const std::string& id, std::int64_t time) {
    const std::int64_t added = accept(id);
    move(added, DeliveryState::kSending, time);
    move(added, DeliveryState::kWaiting, time);
    return added;
  }
  void begin(std::int64_t time) {
    unit([&](Repositories& r) { return r.uptime.begin(at(time)); });
  }
  void seen(std::int64_t time) {
    unit([&](Repositories& r) { return r.uptime.seen(at(time)); });
  }
  std::int64_t not_counted(std::int64_t id) {
    return ask([&](Repositories& r) { return r.ledger.find(id); })->paused_total.count();
  }
  void pause(std::int64_t id, std::int64_t time) {
    unit([&](Repositories& r) { return r.ledger.pause(id, at(time), "offline"); });
  }
  std::optional<base::WallTime> paused_since(std::int64_t id) {
    return ask([&](Repositories& r) { return r.ledger.find(id); })->paused_since;
  }
};

TEST_F(Uptime, TheTimeThatTheHostWasOffIsNoAgeOfWhatWasTried) {
  begin(1000);
  const std::int64_t waiting = try_and_wait("waiting", 2000);
  const std::int64_t sending = accept("sending");
  move(sending, DeliveryState::kSending, 4000);
  const std::int64_t untried = accept("untried");
  const std::int64_t ended = try_and_wait("ended", 2000);
  move(ended, DeliveryState::kFailed, 2000);
  seen(3000);
  begin(10'000);
  EXPECT_EQ(not_counted(waiting), 7000);
  EXPECT_EQ(not_counted(sending), 6000) << "it was tried after the host was last seen";
  EXPECT_EQ(not_counted(untried), 0);
  EXPECT_EQ(not_counted(ended), 0);
  // Once.
  begin(10'000);
  begin(10'500);
  EXPECT_EQ(not_counted(waiting), 7500);
  // A clock that was put back.
  begin(500);
  EXPECT_EQ(not_counted(waiting), 7500);
}

TEST_F(Uptime, TheTimeThatTheHostWasOffIsNoPartOfAPause) {
  begin(1000);
  const std::int64_t untried = accept("untried");
  pause(untried, 1500);
  const std::int64_t tried = try_and_wait("tried", 2000);
  pause(tried, 2500);
  // Of a lane that stood still before its turn came; and after the host was last seen.
  const std::int64_t in_pause = try_and_wait("tried in the pause", 2800);
  pause(in_pause, 1500);
  const std::int64_t last = try_and_wait("last", 2000);
  pause(last, 4000);
  const std::int64_t ended = try_and_wait("ended", 2000);
  pause(ended, 2500);
  move(ended, DeliveryState::kFailed, 2600);
  const auto since_of_ended = paused_since(ended);
  seen(3000);
  begin(4100);
  EXPECT_EQ(paused_since(untried), at(2600));
  EXPECT_EQ(paused_since(tried), at(3600));
  EXPECT_EQ(paused_since(in_pause), at(2600));
  EXPECT_EQ(paused_since(last), at(4100)) << "it began after the host was last seen";
  EXPECT_EQ(paused_since(ended), since_of_ended);
  EXPECT_EQ(not_counted(untried), 0);
  EXPECT_EQ(not_counted(tried), 1100);
  begin(4100);
  begin(500);  // a clock that was put back
  EXPECT_EQ(paused_since(tried), at(3600));
  // In the end no time of it is age, and none is left out twice.
  for (const std::int64_t id : {untried, tried, in_pause, last}) {
    unit([&](Repositories& r) { return r.ledger.resume(id, at(5000)); });
  }
  EXPECT_EQ(not_counted(untried), 0);
  EXPECT_EQ(not_counted(tried), 5000 - 2500);
  EXPECT_EQ(not_counted(in_pause), 5000 - 2800);
  EXPECT_EQ(not_counted(last), 5000 - 4000);
}

TEST_F(Uptime, NothingIsNotedOrCountedWithoutNeed) {
  const std::int64_t tried = try_and_wait("of an older version", 100);
  begin(5000);
  EXPECT_EQ(not_counted(tried), 0) << "nobody knows since when the host was off";
  move(tried, DeliveryState::kFailed, 5000);
  seen(6000);
  const std::int64_t next = try_and_wait("next", 5500);
  begin(7000);
  EXPECT_EQ(not_counted(next), 1500) << "nothing waited at 6000";
}

}  // namespace
}  // namespace patchbay::store
