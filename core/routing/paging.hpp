// How lists of the central database are read.
#pragma once

#include <cstddef>

namespace patchbay::routing {

inline constexpr std::size_t kPageRows = 256;  // at one time

}  // namespace patchbay::routing
