#include "delivery/throttle.hpp"

#include <algorithm>

namespace patchbay::delivery {
namespace {

// Buckets that are full again are forgotten when there are more than this.
constexpr std::size_t kBucketsKept = 1024;

}  // namespace

void TokenBucket::set_rate(Rate rate) {
  if (rate_.messages == 0) {
    tokens_ = rate.messages;
  }
  rate_ = rate;
  tokens_ = std::min(tokens_, static_cast<double>(rate.messages));
}

void TokenBucket::fill(base::MonotonicTime now) {
  if (filled_at_ && now > *filled_at_ && rate_.period.count() > 0) {
    const std::chrono::duration<double, std::milli> passed = now - *filled_at_;
    tokens_ = std::min(
        static_cast<double>(rate_.messages),
        tokens_ + passed.count() * rate_.messages / static_cast<double>(rate_.period.count()));
  }
  filled_at_ = now;
}

base::MonotonicTime TokenBucket::next(base::MonotonicTime now) {
  if (rate_.messages == 0 || rate_.period.count() <= 0) {
    return now;
  }
  fill(now);
  if (tokens_ >= 1) {
    return now;
  }
  const double milliseconds =
      (1 - tokens_) * static_cast<double>(rate_.period.count()) / rate_.messages;
  // One more microsecond than exact arithmetic asks for, so that waiting until then is enough.
  return now + std::chrono::microseconds(static_cast<std::int64_t>(milliseconds * 1000) + 1);
}

void TokenBucket::take(base::MonotonicTime now) {
  if (rate_.messages != 0) {
    fill(now);
    tokens_ -= 1;
  }
}

bool TokenBucket::full(base::MonotonicTime now) {
  fill(now);
  return tokens_ >= rate_.messages;
}

void Throttle::set_limits(const store::LaneKey& lane, const ChannelLimits& limits) {
  if (limits.chat.messages != 0) {
    buckets_[{lane.instance, lane.chat}].set_rate(limits.chat);
  }
  if (limits.account.messages != 0) {
    buckets_[{lane.instance, {}}].set_rate(limits.account);
  }
}

base::Milliseconds Throttle::deadline_wait(const ChatName& name, base::WallTime wall_now) {
  const auto found = deadlines_.find(name);
  if (found == deadlines_.end()) {
    return base::Milliseconds(0);
  }
  if (found->second <= wall_now) {
    deadlines_.erase(found);
    return base::Milliseconds(0);
  }
  return found->second - wall_now;
}

base::MonotonicTime Throttle::next(const store::LaneKey& lane, base::MonotonicTime now,
                                   base::WallTime wall_now) {
  base::MonotonicTime when = now;
  for (const ChatName& name : {ChatName{lane.instance, lane.chat}, ChatName{lane.instance, {}}}) {
    when = std::max(when, now + deadline_wait(name, wall_now));
    const auto bucket = buckets_.find(name);
    if (bucket != buckets_.end()) {
      when = std::max(when, bucket->second.next(now));
    }
  }
  return when;
}

void Throttle::take(const store::LaneKey& lane, base::MonotonicTime now) {
  for (const ChatName& name : {ChatName{lane.instance, lane.chat}, ChatName{lane.instance, {}}}) {
    const auto bucket = buckets_.find(name);
    if (bucket != buckets_.end()) {
      bucket->second.take(now);
    }
  }
  forget_full(now);
}

void Throttle::set_deadline(const store::RetryDeadline& deadline) {
  auto& until = deadlines_[{deadline.instance, deadline.chat}];
  until = std::max(until, deadline.until);
}

void Throttle::forget_full(base::MonotonicTime now) {
  if (buckets_.size() <= kBucketsKept) {
    return;
  }
  for (auto bucket = buckets_.begin(); bucket != buckets_.end();) {
    const bool forget = !bucket->first.chat.empty() && bucket->second.full(now);
    bucket = forget ? buckets_.erase(bucket) : std::next(bucket);
  }
}

}  // namespace patchbay::delivery
