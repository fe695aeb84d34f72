#include "delivery/lanes.hpp"

#include <algorithm>

#include <patchbay/adapter.h>

#include "base/log.hpp"
#include "delivery/address.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::LaneKey;

// Wall clocks jump: no timer that waits for one sleeps longer.
constexpr base::Milliseconds kWallRecheck{60'000};
// A chat or account that cannot be reached is tried again now and then, should nobody say that it
// is back.
constexpr base::Milliseconds kStandstillRecheck = limits::kRetryLongest;
// How long a row that was left in sending waits for its instance to say whether it honours keys.
constexpr base::Milliseconds kRecoveryPatience{60'000};
// Rows of a lane read in one go; contents may be large.
constexpr std::size_t kLoadPage = 64;

struct Page {
  std::vector<LaneEntry> entries;
  std::vector<LaneEntry> scheduled;
  std::int64_t up_to = 0;
  bool more = false;
};

Result<Page> load_page(store::Repositories& repositories, const LaneKey& key, std::int64_t after,
                       base::WallTime now) {
  Page page;
  page.up_to = after;
  page.more = true;
  while (page.more && page.entries.size() + page.scheduled.size() < limits::kLaneRows) {
    PATCHBAY_ASSIGN(const auto records, repositories.ledger.load_lane(key, page.up_to, kLoadPage));
    page.more = records.size() == kLoadPage;
    for (const store::DeliveryRecord& record : records) {
      page.up_to = record.id;
      (is_scheduled(record, now) ? page.scheduled : page.entries).push_back(entry_of(record));
    }
  }
  // What was tried stood at the front. Others by the time they came in, which for rows that are not
  // scheduled may not fall with the id, whatever the clock did.
  base::WallTime latest{};
  for (LaneEntry& entry : page.entries) {
    if (!entry.not_before) {
      latest = std::max(latest, entry.entered_at);
      entry.entered_at = latest;
    }
  }
  std::stable_sort(page.entries.begin(), page.entries.end(),
                   [](const LaneEntry& a, const LaneEntry& b) {
                     return std::pair(!a.was_tried, a.was_tried ? base::WallTime{} : a.entered_at) <
                            std::pair(!b.was_tried, b.was_tried ? base::WallTime{} : b.entered_at);
                   });
  return page;
}

}  // namespace

Lanes::Lanes(Core& core, ChannelFacts& facts, Attempts& attempts, Aftermath& aftermath)
    : core_(core),
      facts_(facts),
      attempts_(attempts),
      aftermath_(aftermath),
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
          lanes_[key].more_in_ledger = true;
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
  if (lane.standstill) {
    terms.paused_since = lane.standstill->since;
  } else if (!lane.queue.empty()) {
    terms.paused_since = lane.queue.front().paused_since;  // of before a restart
  }
  return terms;
}

bool Lanes::acceptance_begun(const LaneKey& key, bool wants_to_send_at_once) {
  Lane& lane = lanes_[key];
  const bool was_quiet = lane.acceptances == 0;
  ++lane.acceptances;
  const bool idle = lane.stage == Stage::kIdle && lane.queue.empty() && !lane.more_in_ledger &&
                    !lane.standstill && was_quiet;
  if (!wants_to_send_at_once || !idle || core_.stopping || !is_chat_lane(key) ||
      facts_.find(key) == nullptr ||
      !ChannelFacts::is_usable(core_.deps.channels.state(key.instance))) {
    return false;
  }
  const base::MonotonicTime now = core_.deps.loop.now();
  if (throttle_.next(key, now, core_.deps.loop.wall_now()) > now) {
    return false;
  }
  throttle_.take(key, now);
  lane.stage = Stage::kKept;
  return true;
}

void Lanes::entered(const store::DeliveryRecord& record) {
  Lane& lane = lanes_[record.lane];
  LaneEntry entry = entry_of(record);
  if (is_scheduled(record, core_.deps.loop.wall_now())) {
    // A lane whose rows are still to be read finds this one too.
    if (!lane.more_in_ledger) {
      lane.loaded_up_to = std::max(lane.loaded_up_to, record.id);
      schedule(record.lane, std::move(entry));
    }
    return;
  }
  // One that an operator sent back is behind what was read of the ledger.
  const bool would_be_read = record.id > lane.loaded_up_to;
  if (!lane.more_in_ledger && would_be_read && lane.queue.size() >= limits::kLaneRows) {
    lane.more_in_ledger = true;
  }
  if (lane.more_in_ledger && would_be_read) {
    return;
  }
  lane.loaded_up_to = std::max(lane.loaded_up_to, record.id);
  lane.queue.push_back(std::move(entry));
  pump(record.lane);
}

void Lanes::entered_sending(store::DeliveryRecord record) {
  const LaneKey key = record.lane;
  Lane& lane = lanes_[key];
  lane.stage = Stage::kBusy;
  lane.back_meanwhile = false;
  lane.loaded_up_to = std::max(lane.loaded_up_to, record.id);
  lane.queue.push_front(entry_of(record));
  const AttemptTerms terms = terms_of(key, lane);
  attempts_.run_accepted(std::move(record), terms, lifetime_.guard([this, key](AttemptEnd end) {
    attempt_ended(key, std::move(end));
  }));
}

void Lanes::acceptance_ended(const LaneKey& key, bool was_kept_in_vain) {
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) {
    return;
  }
  --found->second.acceptances;
  if (was_kept_in_vain) {
    found->second.stage = Stage::kIdle;
  }
  pump(key);
}

void Lanes::pump(const LaneKey& key) {
  const auto found = lanes_.find(key);
  if (found == lanes_.end() || core_.stopping) {
    return;
  }
  Lane& lane = found->second;
  if (lane.stage != Stage::kIdle) {
    return;
  }
  if (lane.queue.empty()) {
    if (lane.more_in_ledger) {
      load(key, lane);
    } else {
      forget_if_empty(key);
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
  const LaneEntry& front = lane.queue.front();
  if (lane.blocked_by != 0) {
    return false;
  }
  if (!is_chat_lane(key)) {
    if (front.not_before && *front.not_before > core_.deps.loop.wall_now()) {
      wake_at_wall(key, lane, *front.not_before);
      return false;
    }
    return true;
  }
  if (stands_still(key, lane)) {
    return false;
  }
  if (front.not_before && *front.not_before > core_.deps.loop.wall_now()) {
    wake_at_wall(key, lane, *front.not_before);
    return false;
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
  if (!usable) {
    stand_still(lane, PauseCause::kAccount, "\"" + key.instance.str() + "\" is not connected",
                false);
  } else if (lane.standstill && !lane.standstill->by_outcome) {
    resume(key, lane);
  }
  if (!lane.standstill) {
    return false;
  }
  if (fails_of_pause(key, lane)) {
    return true;
  }
  const base::MonotonicTime now = core_.deps.loop.now();
  if (usable && lane.standstill->by_outcome && now >= lane.standstill->recheck_at) {
    return false;  // one try; the standstill ends only with its success
  }
  store_standstill(lane);
  wake_at(key, lane, now + kWallRecheck);
  return true;
}

bool Lanes::fails_of_pause(const LaneKey& key, Lane& lane) {
  const LaneEntry& front = lane.queue.front();
  const base::WallTime since = std::max(lane.standstill->since, front.entered_at);
  const base::Milliseconds most = core_.policy(key.instance).max_paused;
  if (core_.deps.loop.wall_now() - since < most) {
    return false;
  }
  lane.stage = Stage::kBusy;
  AttemptTerms terms = terms_of(key, lane);
  terms.may_tell_user = false;  // it cannot be reached
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(most).count();
  attempts_.fail(
      front.id,
      "it could not be sent for " + std::to_string(hours) + " h: " + lane.standstill->reason, terms,
      lifetime_.guard([this, key](AttemptEnd end) { attempt_ended(key, std::move(end)); }));
  return true;
}

void Lanes::begin(const LaneKey& key, Lane& lane) {
  lane.stage = Stage::kBusy;
  lane.back_meanwhile = false;
  if (is_chat_lane(key)) {
    throttle_.take(key, core_.deps.loop.now());
  }
  lane.queue.front().was_tried = true;
  attempts_.run(
      lane.queue.front(), terms_of(key, lane),
      lifetime_.guard([this, key](AttemptEnd end) { attempt_ended(key, std::move(end)); }));
}

// The row may be visible or not. Only the instance knows whether its platform would recognise it.
void Lanes::recover(const LaneKey& key, Lane& lane) {
  const InstanceState state = core_.deps.channels.state(key.instance);
  const base::MonotonicTime now = core_.deps.loop.now();
  const base::MonotonicTime patience_ends = started_at_ + kRecoveryPatience;
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
  lane.stage = Stage::kBusy;
  attempts_.recover(
      lane.queue.front().id, terms_of(key, lane),
      lifetime_.guard([this, key](AttemptEnd end) { attempt_ended(key, std::move(end)); }));
}

void Lanes::take_front(Lane& lane, const AttemptEnd& end) {
  if (!lane.queue.empty() && lane.queue.front().id == end.record.id) {
    lane.queue.pop_front();
  }
  if (lane.standstill) {
    lane.standstill->stored = false;
  }
}

void Lanes::attempt_ended(const LaneKey& key, AttemptEnd end) {
  Lane& lane = lanes_[key];
  lane.stage = Stage::kIdle;
  if (end.deadline) {
    throttle_.set_deadline(*end.deadline);
  }
  switch (end.how) {
    case AttemptEnd::How::kEnded:
      take_front(lane, end);
      // Failing because of the standstill does not end it.
      if (lane.standstill && end.record.state == store::DeliveryState::kDelivered) {
        resume(key, lane);
      }
      break;
    case AttemptEnd::How::kWaiting:
      if (!lane.queue.empty()) {
        const base::WallTime entered_at = lane.queue.front().entered_at;
        lane.queue.front() = entry_of(end.record);
        lane.queue.front().entered_at = entered_at;
        lane.queue.front().was_tried = true;
      }
      if (lane.standstill) {
        resume(key, lane);
      }
      break;
    case AttemptEnd::How::kPaused:
      if (!lane.queue.empty()) {
        lane.queue.front().left_sending = false;
        lane.queue.front().not_before.reset();
      }
      stand_still(lane, end.cause, end.record.reason, true);
      if (lane.back_meanwhile) {
        lane.standstill->recheck_at = core_.deps.loop.now();
      }
      break;
    case AttemptEnd::How::kGone:
      take_front(lane, end);
      break;
    case AttemptEnd::How::kBlocked:
      lane.blocked_by = end.blocked_by;
      blocked_.emplace(end.blocked_by, key);
      break;
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

void Lanes::stand_still(Lane& lane, PauseCause cause, const std::string& reason, bool by_outcome) {
  const base::MonotonicTime recheck_at = core_.deps.loop.now() + kStandstillRecheck;
  if (lane.standstill) {
    lane.standstill->recheck_at = recheck_at;
    if (by_outcome) {
      lane.standstill->by_outcome = true;
      lane.standstill->cause = cause;
      lane.standstill->reason = reason;
    }
    return;
  }
  Standstill standstill;
  standstill.cause = cause;
  standstill.since = core_.deps.loop.wall_now();
  if (!lane.queue.empty() && lane.queue.front().paused_since) {
    standstill.since = *lane.queue.front().paused_since;
  }
  standstill.reason = reason;
  standstill.by_outcome = by_outcome;
  standstill.stored = by_outcome;  // the settlement did it
  standstill.recheck_at = recheck_at;
  lane.standstill = std::move(standstill);
}

// So that seven days are seven days, restarts or not. Short ones are not worth a write.
void Lanes::store_standstill(Lane& lane) {
  Standstill& standstill = *lane.standstill;
  const LaneEntry& front = lane.queue.front();
  if (standstill.stored || core_.deps.loop.wall_now() - standstill.since < kWallRecheck) {
    return;
  }
  standstill.stored = true;
  core_.deps.database.transact(
      [id = front.id, since = standstill.since,
       reason = standstill.reason](store::Repositories& repositories) {
        return repositories.ledger.pause(id, since, reason);
      },
      [](const Status& status) {
        if (!status.ok()) {
          base::log_warning("delivery.pause_not_stored", {{"reason", status.message()}});
        }
      });
}

// What waited does not grow old by the pause.
void Lanes::resume(const LaneKey& key, Lane& lane) {
  const Standstill standstill = std::move(*lane.standstill);
  lane.standstill.reset();
  const base::WallTime now = core_.deps.loop.wall_now();
  if (now - standstill.since < kWallRecheck) {
    return;
  }
  std::vector<std::pair<std::int64_t, base::WallTime>> rows;
  for (LaneEntry& entry : lane.queue) {
    entry.paused_since.reset();
    const bool counted = entry.was_tried && standstill.by_outcome;  // by its last move
    if (entry.entered_at < now && !counted) {
      rows.emplace_back(entry.id, std::max(entry.entered_at, standstill.since));
    }
  }
  base::log_info(
      "delivery.lane_resumed",
      {{"instance", key.instance.str()}, {"chat", key.chat.str()}, {"rows", rows.size()}});
  core_.deps.database.transact(
      [rows = std::move(rows), now](store::Repositories& repositories) -> Status {
        for (const auto& [id, since] : rows) {
          PATCHBAY_TRY(repositories.ledger.pause(id, since, ""));
          PATCHBAY_TRY(repositories.ledger.resume(id, now));
        }
        return {};
      },
      [](const Status& status) {
        if (!status.ok()) {
          base::log_warning("delivery.pause_not_stored", {{"reason", status.message()}});
        }
      });
}

void Lanes::load(const LaneKey& key, Lane& lane) {
  lane.stage = Stage::kBusy;
  core_.deps.database.transact<Page>(
      [key, after = lane.loaded_up_to, now = core_.deps.loop.wall_now()](
          store::Repositories& repositories) { return load_page(repositories, key, after, now); },
      lifetime_.guard([this, key](Result<Page>&& page) {
        if (!page.ok()) {
          base::log_error("delivery.lane_not_read", {{"instance", key.instance.str()},
                                                     {"chat", key.chat.str()},
                                                     {"reason", page.status().message()}});
          Lane& same = lanes_[key];
          same.stage = Stage::kIdle;
          wake_at(key, same, core_.deps.loop.now() + base::Milliseconds(1000));
          return;
        }
        loaded(key, std::move(page->entries), std::move(page->scheduled), page->up_to, page->more);
      }));
}

void Lanes::loaded(const LaneKey& key, std::vector<LaneEntry> entries,
                   std::vector<LaneEntry> scheduled, std::int64_t up_to, bool more) {
  Lane& lane = lanes_[key];
  lane.stage = Stage::kIdle;
  lane.more_in_ledger = more;
  lane.loaded_up_to = std::max(lane.loaded_up_to, up_to);
  for (LaneEntry& entry : entries) {
    lane.queue.push_back(std::move(entry));
  }
  for (LaneEntry& entry : scheduled) {
    schedule(key, std::move(entry));
  }
  pump(key);
}

void Lanes::ask_limits(const LaneKey& key, Lane& lane) {
  lane.stage = Stage::kBusy;
  facts_.ask(key, lifetime_.guard([this, key](const ChannelLimits& limits) {
    throttle_.set_limits(key, limits);
    Lane& same = lanes_[key];
    same.stage = Stage::kIdle;
    if (facts_.find(key) == nullptr) {  // no answer: the instance hangs
      wake_at(key, same, core_.deps.loop.now() + base::Milliseconds(1000));
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

void Lanes::schedule(const LaneKey& key, LaneEntry entry) {
  const base::WallTime due = *entry.not_before;
  schedule_.emplace(due, std::pair(key, std::move(entry)));
  arm_schedule();
}

void Lanes::arm_schedule() {
  if (schedule_timer_ != 0) {
    core_.deps.loop.cancel(schedule_timer_);
    schedule_timer_ = 0;
  }
  if (schedule_.empty()) {
    return;
  }
  const base::Milliseconds wait = schedule_.begin()->first - core_.deps.loop.wall_now();
  schedule_timer_ = core_.deps.loop.run_after(
      std::clamp<base::Milliseconds>(wait, base::Milliseconds(0), kWallRecheck),
      lifetime_.guard([this] {
        schedule_timer_ = 0;
        run_schedule();
      }));
}

void Lanes::run_schedule() {
  const base::WallTime now = core_.deps.loop.wall_now();
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    auto [key, entry] = std::move(schedule_.begin()->second);
    schedule_.erase(schedule_.begin());
    entry.not_before.reset();
    lanes_[key].queue.push_back(std::move(entry));
    pump(key);
  }
  arm_schedule();
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
    std::erase_if(found->second.queue,
                  [&record](const LaneEntry& entry) { return entry.id == record.id; });
  }
  std::erase_if(schedule_,
                [&record](const auto& entry) { return entry.second.second.id == record.id; });
  release_blocked(record.id);
  pump(record.lane);
}

void Lanes::forget_if_empty(const LaneKey& key) {
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) {
    return;
  }
  Lane& lane = found->second;
  if (lane.stage == Stage::kIdle && lane.queue.empty() && lane.acceptances == 0 &&
      !lane.more_in_ledger) {
    if (lane.timer != 0) {
      core_.deps.loop.cancel(lane.timer);
    }
    lanes_.erase(found);
  }
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

// An attempt that is under way may still say the contrary, of the time before.
void Lanes::is_back(Lane& lane, PauseCause cause) {
  lane.back_meanwhile = true;
  if (lane.standstill && lane.standstill->by_outcome && lane.standstill->cause == cause) {
    lane.standstill->recheck_at = core_.deps.loop.now();
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
      is_back(lane, PauseCause::kAccount);
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
      is_back(lane, PauseCause::kChatOffline);
    }
  }
  pump_all(is_it);
}

}  // namespace patchbay::delivery
