#include "delivery/lanes.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <patchbay/adapter.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "delivery/address.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::LaneKey;

// After the ledger or an instance did not answer.
constexpr base::Milliseconds kAskAgain{1000};

}  // namespace

Lanes::Lanes(Core& core, ChannelFacts& facts, Attempts& attempts, Aftermath& aftermath)
    : core_(core),
      facts_(facts),
      attempts_(attempts),
      aftermath_(aftermath),
      schedule_(core.deps.loop,
                [this](const LaneKey& key, LaneEntry entry) {
                  lanes_[key].queue.enter_due(std::move(entry));
                  pump(key);
                }),
      started_at_(core.deps.loop.now()) {}

void Lanes::start(base::UniqueFunction<void(Status)> done) {
  struct Found {
    std::vector<LaneKey> lanes;
    std::vector<store::RetryDeadline> deadlines;
  };
  core_.deps.database.transact<Found>(
      [now = core_.deps.loop.wall_now()](store::Repositories& repositories) -> Result<Found> {
        Found found;
        PATCHBAY_ASSIGN(found.lanes, repositories.ledger.open_lanes());
        PATCHBAY_ASSIGN(found.deadlines, repositories.instance_state.load_deadlines(now));
        return found;
      },
      lifetime_.guard([this, done = std::move(done)](Result<Found>&& found) {
        if (!found.ok()) {
          done(found.status());
          return;
        }
        for (const store::RetryDeadline& deadline : found->deadlines) {
          throttle_.set_deadline(deadline);
        }
        for (const LaneKey& key : found->lanes) {
          lanes_[key].queue.expect_more_in_ledger();
        }
        for (const LaneKey& key : found->lanes) {
          pump(key);
        }
        done({});
      }));
}

AttemptTerms Lanes::terms_of(const LaneKey& key, const Lane& lane) const {
  AttemptTerms terms;
  const ChannelLimits* known = facts_.find(key);
  terms.idempotent = known != nullptr && (known->capability_bits & PBAY_CAN_IDEMPOTENT_SEND) != 0;
  terms.may_tell_user = aftermath_.may_tell_user(key);
  terms.paused_since = lane.paused_since();
  return terms;
}

bool Lanes::acceptance_begun(const LaneKey& key, bool wants_to_send_at_once) {
  Lane& lane = lanes_[key];
  const bool was_free = lane.is_free();
  ++lane.acceptances;
  if (!wants_to_send_at_once || !was_free || core_.stopping || !is_chat_lane(key) ||
      facts_.find(key) == nullptr ||
      !ChannelFacts::is_usable(core_.deps.channels.state(key.instance))) {
    return false;
  }
  const base::MonotonicTime now = core_.deps.loop.now();
  if (throttle_.next(key, now, core_.deps.loop.wall_now()) > now) {
    return false;
  }
  throttle_.take(key, now);
  lane.stage = Lane::Stage::kKept;
  return true;
}

void Lanes::entered(const store::DeliveryRecord& record) {
  Lane& lane = lanes_[record.lane];
  if (is_scheduled(record, core_.deps.loop.wall_now())) {
    if (lane.queue.pass_over(record.id)) {
      schedule_.add(record.lane, entry_of(record));
    }
  } else if (lane.queue.enter(entry_of(record))) {
    pump(record.lane);
  }
}

void Lanes::entered_sending(store::DeliveryRecord record) {
  const LaneKey key = record.lane;
  Lane& lane = lanes_[key];
  lane.attempt_began();
  lane.queue.enter_front(entry_of(record));
  attempts_.run_accepted(std::move(record), terms_of(key, lane), when_ended(key));
}

void Lanes::acceptance_ended(const LaneKey& key, bool was_kept_in_vain) {
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) {
    return;
  }
  --found->second.acceptances;
  if (was_kept_in_vain) {
    found->second.stage = Lane::Stage::kIdle;
  }
  pump(key);
}

void Lanes::pump(const LaneKey& key) {
  const auto found = lanes_.find(key);
  if (found == lanes_.end() || core_.stopping) {
    return;
  }
  Lane& lane = found->second;
  if (lane.stage != Lane::Stage::kIdle) {
    return;
  }
  if (lane.queue.empty()) {
    if (lane.queue.has_more_in_ledger()) {
      load(key, lane);
    } else if (lane.may_be_forgotten()) {
      forget(found);
    }
    return;
  }
  if (lane.queue.front().left_sending) {
    recover(key, lane);
  } else if (may_begin(key, lane)) {
    begin(key, lane);
  }
}

bool Lanes::may_begin(const LaneKey& key, Lane& lane) {
  if (lane.blocked_by != 0 || (is_chat_lane(key) && stands_still(key, lane))) {
    return false;
  }
  const LaneEntry& front = lane.queue.front();
  if (front.not_before && *front.not_before > core_.deps.loop.wall_now()) {
    wake_at_wall(key, lane, *front.not_before);
    return false;
  }
  if (!is_chat_lane(key)) {
    return true;
  }
  if (facts_.find(key) == nullptr) {
    ask_limits(key, lane);
    return false;
  }
  const base::MonotonicTime now = core_.deps.loop.now();
  const base::MonotonicTime when = throttle_.next(key, now, core_.deps.loop.wall_now());
  if (when > now) {
    wake_at(key, lane, std::min(when, now + kWallRecheck));
    return false;
  }
  return true;
}

// Missing, stopped and logged-out instances, and chats that are offline: what waits goes on
// waiting, without using up attempts or age, until max_paused.
bool Lanes::stands_still(const LaneKey& key, Lane& lane) {
  const bool usable = ChannelFacts::is_usable(core_.deps.channels.state(key.instance));
  const base::MonotonicTime now = core_.deps.loop.now();
  if (!usable) {
    lane.stand_still(Standstill::Sign::kInstanceState, PauseCause::kAccount,
                     "\"" + key.instance.str() + "\" is not connected", now,
                     core_.deps.loop.wall_now());
  } else if (lane.standstill && !lane.standstill->is_by_outcome()) {
    resumed(key, lane, *std::exchange(lane.standstill, std::nullopt));
  }
  if (!lane.standstill) {
    return false;
  }
  if (fails_of_pause(key, lane)) {
    return true;
  }
  if (usable && lane.standstill->may_be_tried(now)) {
    return false;  // one try; the standstill ends only with its success
  }
  store_standstill(lane);
  wake_at(key, lane, now + kWallRecheck);
  return true;
}

bool Lanes::fails_of_pause(const LaneKey& key, Lane& lane) {
  const LaneEntry& front = lane.queue.front();
  const base::WallTime now = core_.deps.loop.wall_now();
  const base::Milliseconds most = core_.policy(key.instance).max_paused;
  if (now - lane.paused_since().value_or(now) < most) {
    return false;
  }
  lane.stage = Lane::Stage::kBusy;
  AttemptTerms terms = terms_of(key, lane);
  terms.may_tell_user = false;  // it cannot be reached
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(most).count();
  attempts_.fail(
      front.id,
      "it could not be sent for " + std::to_string(hours) + " h: " + lane.standstill->reason(),
      terms, when_ended(key));
  return true;
}

void Lanes::begin(const LaneKey& key, Lane& lane) {
  lane.attempt_began();
  if (is_chat_lane(key)) {
    throttle_.take(key, core_.deps.loop.now());
  }
  attempts_.run(lane.queue.front(), terms_of(key, lane), when_ended(key));
}

// The row may be visible or not. Only the instance knows whether its platform would recognise it.
void Lanes::recover(const LaneKey& key, Lane& lane) {
  const InstanceState state = core_.deps.channels.state(key.instance);
  const base::MonotonicTime now = core_.deps.loop.now();
  const base::MonotonicTime patience_ends = started_at_ + limits::kRecoveryPatience;
  const bool must_ask = is_chat_lane(key) && facts_.find(key) == nullptr &&
                        state != InstanceState::kStopped && now < patience_ends;
  if (must_ask && ChannelFacts::is_usable(state)) {
    ask_limits(key, lane);
    return;
  }
  if (must_ask) {
    wake_at(key, lane, patience_ends);
    return;
  }
  lane.stage = Lane::Stage::kBusy;
  attempts_.recover(lane.queue.front().id, terms_of(key, lane), when_ended(key));
}

Attempts::Done Lanes::when_ended(const LaneKey& key) {
  return lifetime_.guard([this, key](AttemptEnd end) { attempt_ended(key, std::move(end)); });
}

void Lanes::attempt_ended(const LaneKey& key, AttemptEnd end) {
  Lane& lane = lanes_[key];
  if (end.deadline) {
    throttle_.set_deadline(*end.deadline);
  }
  const auto ended = lane.attempt_ended(end, core_.deps.loop.now(), core_.deps.loop.wall_now());
  if (ended) {
    resumed(key, lane, *ended);
  }
  if (end.how == AttemptEnd::How::kBlocked) {
    blocked_.emplace(end.blocked_by, key);
  }
  if (end.user_notice) {
    aftermath_.user_was_told(key);
    entered(*end.user_notice);
  }
  if (end.how == AttemptEnd::How::kEnded) {
    release_blocked(end.record.id);
    aftermath_.ended(end.record);
  }
  pump(key);
}

void Lanes::store_standstill(Lane& lane) {
  Standstill& standstill = *lane.standstill;
  if (standstill.must_be_stored(core_.deps.loop.wall_now())) {
    standstill.was_stored();
    store_pause(core_.deps.database,
                {lane.queue.front().id, lane.paused_since().value_or(standstill.since())},
                standstill.reason());
  }
}

void Lanes::resumed(const LaneKey& key, Lane& lane, const Standstill& ended) {
  const base::WallTime now = core_.deps.loop.wall_now();
  if (!ended.is_long(now)) {
    return;
  }
  base::log_info("delivery.lane_resumed", {{"instance", key.instance.str()},
                                           {"chat", key.chat.str()},
                                           {"rows", lane.queue.rows().size()}});
  if (lane.queue.empty() || ended.is_by_outcome()) {
    return;  // its last move has ended the pause of the row that showed it
  }
  LaneEntry& front = lane.queue.front();
  front.paused_since.reset();
  end_pause(core_.deps.database, {front.id, std::max(front.entered_at, ended.since())}, now);
}

void Lanes::load(const LaneKey& key, Lane& lane) {
  lane.stage = Lane::Stage::kBusy;
  core_.deps.database.transact<LanePage>(
      [key, after = lane.queue.loaded_up_to(),
       now = core_.deps.loop.wall_now()](store::Repositories& repositories) {
        return load_lane_page(repositories, key, after, now);
      },
      lifetime_.guard([this, key](Result<LanePage>&& page) {
        if (page.ok()) {
          loaded(key, std::move(page).value());
          return;
        }
        base::log_error("delivery.lane_not_read", {{"instance", key.instance.str()},
                                                   {"chat", key.chat.str()},
                                                   {"reason", page.status().message()}});
        Lane& same = lanes_[key];
        same.stage = Lane::Stage::kIdle;
        wake_at(key, same, core_.deps.loop.now() + kAskAgain);
      }));
}

void Lanes::loaded(const LaneKey& key, LanePage page) {
  Lane& lane = lanes_[key];
  lane.stage = Lane::Stage::kIdle;
  lane.queue.take_page(std::move(page.entries), page.up_to, page.more);
  for (LaneEntry& entry : page.scheduled) {
    schedule_.add(key, std::move(entry));
  }
  pump(key);
}

void Lanes::ask_limits(const LaneKey& key, Lane& lane) {
  lane.stage = Lane::Stage::kBusy;
  facts_.ask(key, lifetime_.guard([this, key](const ChannelLimits& limits) {
    throttle_.set_limits(key, limits);
    Lane& same = lanes_[key];
    same.stage = Lane::Stage::kIdle;
    if (facts_.find(key) == nullptr) {  // no answer: the instance hangs
      wake_at(key, same, core_.deps.loop.now() + kAskAgain);
      return;
    }
    pump(key);
  }));
}

void Lanes::wake_at(const LaneKey& key, Lane& lane, base::MonotonicTime when) {
  if (lane.timer != 0) {
    core_.deps.loop.cancel(lane.timer);
  }
  lane.timer = core_.deps.loop.run_at(when, lifetime_.guard([this, key] {
    if (const auto found = lanes_.find(key); found != lanes_.end()) {
      found->second.timer = 0;
      pump(key);
    }
  }));
}

void Lanes::wake_at_wall(const LaneKey& key, Lane& lane, base::WallTime when) {
  const base::Milliseconds wait = when - core_.deps.loop.wall_now();
  wake_at(key, lane, core_.deps.loop.now() + std::min(wait, kWallRecheck));
}

void Lanes::release_blocked(std::int64_t ended_id) {
  const auto [first, last] = blocked_.equal_range(ended_id);
  std::vector<LaneKey> released;
  for (auto it = first; it != last; ++it) {
    released.push_back(it->second);
  }
  blocked_.erase(first, last);
  for (const LaneKey& key : released) {
    if (const auto found = lanes_.find(key); found != lanes_.end()) {
      found->second.blocked_by = 0;
      pump(key);
    }
  }
}

void Lanes::ended_elsewhere(const store::DeliveryRecord& record) {
  if (const auto found = lanes_.find(record.lane); found != lanes_.end()) {
    found->second.leave(record.id);
  }
  schedule_.remove(record.id);
  release_blocked(record.id);
  pump(record.lane);
}

void Lanes::forget(Map::iterator lane) {
  if (lane->second.timer != 0) {
    core_.deps.loop.cancel(lane->second.timer);
  }
  lanes_.erase(lane);
}

void Lanes::pump_all(const std::function<bool(const LaneKey&)>& which) {
  std::vector<LaneKey> keys;
  for (const auto& [key, lane] : lanes_) {
    if (which(key)) {
      keys.push_back(key);
    }
  }
  for (const LaneKey& key : keys) {
    pump(key);
  }
}

void Lanes::on_instance_state(const base::InstanceName& instance, InstanceState state) {
  if (!ChannelFacts::is_usable(state)) {
    facts_.forget(instance);
  }
  for (auto& [key, lane] : lanes_) {
    // An account that came back ends what its failure began; a chat that is offline stays so.
    const bool back = state == InstanceState::kOnline || state == InstanceState::kDegraded;
    if (key.instance == instance && back) {
      lane.is_back(PauseCause::kAccount, core_.deps.loop.now());
    }
  }
  pump_all([&instance](const LaneKey& key) { return key.instance == instance; });
}

void Lanes::on_chat_reachable(const base::InstanceName& instance, const base::ChatKey& chat) {
  const auto is_it = [&](const LaneKey& key) {
    return key.instance == instance && key.chat == chat;
  };
  for (auto& [key, lane] : lanes_) {
    if (is_it(key)) {
      lane.is_back(PauseCause::kChatOffline, core_.deps.loop.now());
    }
  }
  pump_all(is_it);
}

}  // namespace patchbay::delivery
