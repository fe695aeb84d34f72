// What an instance can do in which chat, as its adapter said, for a while.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <patchbay/adapter.h>

#include "base/clock.hpp"
#include "base/unique_function.hpp"
#include "delivery/channel_port.hpp"

namespace patchbay::adapters {

// [core thread]
class CapabilityCache {
 public:
  using Done = base::UniqueFunction<void(delivery::ChannelLimits)>;
  using Chat = std::pair<store::ChatKind, std::string>;

  // Nothing: the adapter has to be asked.
  [[nodiscard]] std::optional<delivery::ChannelLimits> find(const Chat& chat,
                                                            base::MonotonicTime now) const;
  // A question that is on its way; its number.
  std::uint64_t asked(Chat chat, Done done);
  // The answer; an older generation than the one that is known changes nothing.
  void answered(std::uint64_t question, const pbay_caps& caps, base::MonotonicTime now);
  // The account has changed.
  void forget() { known_.clear(); }
  // No answers will come.
  void end_all();

 private:
  struct Known {
    delivery::ChannelLimits limits;
    std::uint32_t generation = 0;
    base::MonotonicTime at;
  };
  struct Question {
    Chat chat;
    Done done;
  };
  std::map<Chat, Known> known_;
  std::map<std::uint64_t, Question> questions_;
  std::uint64_t last_question_ = 0;
};

}  // namespace patchbay::adapters
