// A pbay_event as a value of ours: copied, checked and repaired.
#pragma once

#include <cstdint>
#include <vector>

#include <patchbay/adapter.h>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"
#include "routing/inbound_event.hpp"

namespace patchbay::adapters {

struct InboundCopy {
  // What the adapter broke: kInvalidArgument or kTooLarge; the event is not to be passed on then.
  base::Status problem;
  routing::InboundEvent event;
  // Staging handles that the adapter gave away with it, whether or not there is a problem; one for
  // each of event.files when there is none, 0 for files without.
  std::vector<std::uint64_t> staging;
};

// [any thread] Names are shortened, texts become valid UTF-8, a timestamp that cannot be one
// becomes `now`. Instance and channel are stamped: an adapter cannot speak for another.
[[nodiscard]] InboundCopy copy_event(const pbay_event* event, const base::InstanceName& instance,
                                     const base::ChannelName& channel, base::WallTime now);

// [any thread] The canonical key of a chat without its thread; kInvalidArgument for what is no
// chat.
[[nodiscard]] base::Result<base::ChatKey> chat_key_of(const pbay_chat* chat,
                                                      const base::InstanceName& instance,
                                                      const base::ChannelName& channel);

}  // namespace patchbay::adapters
