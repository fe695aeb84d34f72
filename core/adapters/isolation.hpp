// Where an adapter's code runs.
#pragma once

#include <cstdint>

namespace patchbay::adapters {

enum class Isolation : std::uint8_t {
  kNone,     // in the daemon, on a thread of its own
  kProcess,  // in a confined process of its own
};

}  // namespace patchbay::adapters
