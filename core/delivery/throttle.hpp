// When may the next message leave: the rates that a platform publishes (token buckets for chat and
// account) and the deadlines that it imposed (Retry-After). No timers, no clock of its own.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "delivery/channel_port.hpp"
#include "store/instance_state.hpp"

namespace patchbay::delivery {

// Full at the beginning; a token comes back every period/messages.
class TokenBucket {
 public:
  // A changed rate keeps what is in the bucket, as far as there is room.
  void set_rate(Rate rate);
  // When a token is there: `now` or later.
  [[nodiscard]] base::MonotonicTime next(base::MonotonicTime now);
  // Takes one; the bucket may go below zero by that.
  void take(base::MonotonicTime now);
  // As good as new: need not be kept.
  [[nodiscard]] bool full(base::MonotonicTime now);

 private:
  void fill(base::MonotonicTime now);

  Rate rate_;
  double tokens_ = 0;
  std::optional<base::MonotonicTime> filled_at_;
};

// Of all instances. Chat empty: the account.
class Throttle {
 public:
  void set_limits(const store::LaneKey& lane, const ChannelLimits& limits);

  // When a message to this chat may leave; `now` when it may now.
  [[nodiscard]] base::MonotonicTime next(const store::LaneKey& lane, base::MonotonicTime now,
                                         base::WallTime wall_now);
  // A message to this chat leaves now.
  void take(const store::LaneKey& lane, base::MonotonicTime now);

  // The later one stays.
  void set_deadline(const store::RetryDeadline& deadline);

 private:
  struct ChatName {
    base::InstanceName instance;
    base::ChatKey chat;
    auto operator<=>(const ChatName&) const = default;
  };
  void forget_full(base::MonotonicTime now);
  [[nodiscard]] base::Milliseconds deadline_wait(const ChatName& name, base::WallTime wall_now);

  std::map<ChatName, TokenBucket> buckets_;
  std::map<ChatName, base::WallTime> deadlines_;
};

}  // namespace patchbay::delivery
