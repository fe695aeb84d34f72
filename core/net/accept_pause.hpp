// What a listener does when it cannot accept.
#pragma once

#include "base/clock.hpp"

namespace patchbay::net {

inline constexpr base::Milliseconds kAcceptPause{100};  // when descriptors have run out

}  // namespace patchbay::net
