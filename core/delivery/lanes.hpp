// The lanes: one queue for each (instance, chat, thread), first in first out by acceptance. One row
// of a lane is tried at a time; what holds it holds no other lane. Internal to this folder.
// [core thread]
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "delivery/aftermath.hpp"
#include "delivery/attempts.hpp"
#include "delivery/channel_facts.hpp"
#include "delivery/core.hpp"
#include "delivery/lifetime.hpp"
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
  enum class Stage : std::uint8_t {
    kIdle,
    kKept,  // for a row that is being accepted as sending
    kBusy,  // a row is tried, or something is asked or loaded for one
  };
  struct Standstill {
    PauseCause cause = PauseCause::kAccount;
    base::WallTime since;
    std::string reason;
    bool by_outcome = false;  // of an attempt; else by the instance's state
    bool stored = false;      // in the ledger
    base::MonotonicTime recheck_at;
  };
  struct Lane {
    Stage stage = Stage::kIdle;
    std::deque<LaneEntry> queue;
    bool more_in_ledger = false;  // rows beyond loaded_up_to are not in the queue
    std::int64_t loaded_up_to = 0;
    std::size_t acceptances = 0;  // on their way
    std::optional<Standstill> standstill;
    bool back_meanwhile = false;  // chat or account came back since the attempt began
    std::int64_t blocked_by = 0;
    base::TimerId timer = 0;
  };
  using Map = std::map<store::LaneKey, Lane>;

  // The one place that decides what a lane does next.
  void pump(const store::LaneKey& key);
  [[nodiscard]] bool may_begin(const store::LaneKey& key, Lane& lane);
  [[nodiscard]] bool stands_still(const store::LaneKey& key, Lane& lane);
  [[nodiscard]] bool fails_of_pause(const store::LaneKey& key, Lane& lane);
  void begin(const store::LaneKey& key, Lane& lane);
  void recover(const store::LaneKey& key, Lane& lane);
  void attempt_ended(const store::LaneKey& key, AttemptEnd end);
  void take_front(Lane& lane, const AttemptEnd& end);
  void stand_still(Lane& lane, PauseCause cause, const std::string& reason, bool by_outcome);
  void store_standstill(Lane& lane);
  void is_back(Lane& lane, PauseCause cause);
  void resume(const store::LaneKey& key, Lane& lane);
  void load(const store::LaneKey& key, Lane& lane);
  void loaded(const store::LaneKey& key, std::vector<LaneEntry> entries,
              std::vector<LaneEntry> scheduled, std::int64_t up_to, bool more);
  void ask_limits(const store::LaneKey& key, Lane& lane);
  void wake_at(const store::LaneKey& key, Lane& lane, base::MonotonicTime when);
  void wake_at_wall(const store::LaneKey& key, Lane& lane, base::WallTime when);
  void schedule(const store::LaneKey& key, LaneEntry entry);
  void arm_schedule();
  void run_schedule();
  void release_blocked(std::int64_t ended_id);
  void forget_if_empty(const store::LaneKey& key);
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
  // deliver_after, by due time.
  std::multimap<base::WallTime, std::pair<store::LaneKey, LaneEntry>> schedule_;
  base::TimerId schedule_timer_ = 0;
  base::MonotonicTime started_at_;
  Lifetime lifetime_;
};

}  // namespace patchbay::delivery
