// What a host takes of an adapter at most. core/base/limits.hpp has the same numbers, and
// tests/unit/adapters/kit_test.cpp gives the same events to both sides.
#pragma once

#include <cstddef>
#include <cstdint>

namespace patchbay::testkit {

inline constexpr std::size_t kMostIdBytes = 512;  // of a message, an event, a person, a part
inline constexpr std::size_t kMostTextBytes = 1024 * 1024;
inline constexpr std::size_t kMostFiles = 100;  // of one event
inline constexpr std::size_t kMostReferenceBytes = 4096;
inline constexpr std::size_t kMostCursorBytes = 1024;
inline constexpr std::uint32_t kMostParts = 1000;  // of one delivery
inline constexpr std::size_t kMostFactBytes = 64 * 1024;
inline constexpr int kMostJsonDepth = 64;
inline constexpr std::uint32_t kMostHeaders = 256;        // of one request
inline constexpr std::uint32_t kMostAnswerHeaders = 64;   // of the answer to a webhook
inline constexpr std::uint32_t kMostUpgradeHeaders = 64;  // of the opening of a WebSocket
inline constexpr std::size_t kMostMethodBytes = 20;

}  // namespace patchbay::testkit
