// Which struct stands behind pbay_completion.detail, or on_event()'s detail. Only the host's own
// word counts: what an isolated adapter says that it has asked for could make one be read as
// another.
#pragma once

#include <cstdint>

namespace patchbay::adapters {

enum class DetailKind : std::uint8_t {
  kNone,
  kHttp,
  kKvValue,
  kListener,
  kWebhook,
  kWebSocket,
  kStream,
};

}  // namespace patchbay::adapters
