// The lanes: one queue for each (instance, chat, thread), first in first out by acceptance. One row
// of a lane is tried at a time; what holds it holds no other lane. What one lane is stands in
// lane.hpp; here is when each of them acts. Internal to this folder. [core thread]
#pragma once

#include <functional>
#include <map>

#include "base/lifetime.hpp"
#include "delivery/aftermath.hpp"
#include "delivery/attempts.hpp"
#include "delivery/channel_facts.hpp"
#include "delivery/core.hpp"
#include "delivery/lane.hpp"
#include "delivery/schedule.hpp"
#include "delivery/throttle.hpp"

namespace patchbay::delivery {

class Lanes {
 public:
  Lanes(Core& core, ChannelFacts& facts, Attempts& attempts, Aftermath& aftermath);

  // Finds the lanes with open rows in the ledger, and the deadlines; their rows follow.
  void start(base::UniqueFunction<void(base::Status)> done);

  // An acceptance into this lane is on its way to the database. True: the lane is idle and nothing
  // delays it, so the row may be accepted as sending; the lane is kept for it. Rows are to be told
  // of in the order of their acceptance, then acceptance_ended() comes once for each begun.
  [[nodiscard]] bool acceptance_begun(const store::LaneKey& lane, bool wants_to_send_at_once);
  void entered(const store::DeliveryRecord& record);   // waiting
  void entered_sending(store::DeliveryRecord record);  // as the lane was kept for it
  void acceptance_ended(const store::LaneKey& lane, bool was_kept_in_vain);

  // A row has ended by other means (a report, an operator, a deleted session).
  void ended_elsewhere(const store::DeliveryRecord& record);

  void on_instance_state(const base::InstanceName& instance, InstanceState state);
  void on_chat_reachable(const base::InstanceName& instance, const base::ChatKey& chat);

  // Rows with deliver_after in the future; each is kept in memory.
  [[nodiscard]] std::size_t scheduled() const { return schedule_.size(); }

 private:
  using Map = std::map<store::LaneKey, Lane>;

  // The one place that decides what a lane does next.
  void pump(const store::LaneKey& key);
  [[nodiscard]] bool may_begin(const store::LaneKey& key, Lane& lane);
  [[nodiscard]] bool stands_still(const store::LaneKey& key, Lane& lane);
  [[nodiscard]] bool fails_of_pause(const store::LaneKey& key, Lane& lane);
  void begin(const store::LaneKey& key, Lane& lane);
  void recover(const store::LaneKey& key, Lane& lane);
  [[nodiscard]] Attempts::Done when_ended(const store::LaneKey& key);
  void attempt_ended(const store::LaneKey& key, AttemptEnd end);
  void store_standstill(Lane& lane);
  void resumed(const store::LaneKey& key, Lane& lane, const Standstill& ended);
  void load(const store::LaneKey& key, Lane& lane);
  void loaded(const store::LaneKey& key, LanePage page);
  void ask_limits(const store::LaneKey& key, Lane& lane);
  void wake_at(const store::LaneKey& key, Lane& lane, base::MonotonicTime when);
  void wake_at_wall(const store::LaneKey& key, Lane& lane, base::WallTime when);
  void release_blocked(std::int64_t ended_id);
  void forget(Map::iterator lane);
  void pump_all(const std::function<bool(const store::LaneKey&)>& which);
  [[nodiscard]] AttemptTerms terms_of(const store::LaneKey& key, const Lane& lane) const;

  Core& core_;
  ChannelFacts& facts_;
  Attempts& attempts_;
  Aftermath& aftermath_;
  Throttle throttle_;
  Map lanes_;
  // Lanes that wait for a delivery of another lane to end.
  std::multimap<std::int64_t, store::LaneKey> blocked_;
  Schedule schedule_;
  base::MonotonicTime started_at_;
  base::Lifetime lifetime_;
};

}  // namespace patchbay::delivery
