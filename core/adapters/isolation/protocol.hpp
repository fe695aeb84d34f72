// What daemon and runner agree on besides the frames.
#pragma once

#include <cstdint>

namespace patchbay::adapters {

// Raised whenever the frames change: a runner of another build refuses to serve.
inline constexpr std::uint32_t kRunnerProtocol = 4;

// Descriptors of a runner.
inline constexpr int kRunnerSocket = 3;
inline constexpr int kRunnerRefusals = 4;
// Of a probe.
inline constexpr int kProbeRefusals = 3;

// Which functions of its pbay_adapter the instance has.
enum class Function : std::uint32_t {
  kStart = 1U << 0,
  kStop = 1U << 1,
  kDestroy = 1U << 2,
  kDeliver = 1U << 3,
  kFetch = 1U << 4,
  kOnComplete = 1U << 5,
  kOnEvent = 1U << 6,
  kCancel = 1U << 7,
  kCapabilities = 1U << 8,
};

}  // namespace patchbay::adapters
