// What a host takes of an adapter at most. core/base/limits.hpp has the same numbers:
// tests/unit/adapters/kit_test.cpp does not compile with others.
#pragma once

#include <chrono>
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

// Of one instance, at once.
inline constexpr std::size_t kMostRequests = 32;     // at work; further ones wait their turn
inline constexpr std::size_t kMostConnections = 64;  // WebSockets, and as many streams
inline constexpr std::size_t kMostListeners = 4;
inline constexpr std::size_t kMostOpenStaging = 64;
inline constexpr std::size_t kMostKeys = 10'000;

inline constexpr std::size_t kMostKeyBytes = 200;
inline constexpr std::size_t kMostValueBytes = 64 * 1024;
inline constexpr std::int64_t kUsualResponseBytes = 4 * 1024 * 1024;  // in memory
inline constexpr std::int64_t kMostResponseBytes = 32 * 1024 * 1024;  // whatever is asked for
inline constexpr std::chrono::milliseconds kUsualRequestTime = std::chrono::seconds(60);
inline constexpr std::chrono::milliseconds kMostRequestTime = std::chrono::hours(1);
inline constexpr std::uint32_t kMostRequestParts = 256;
inline constexpr std::chrono::milliseconds kWebhookAnswer = std::chrono::seconds(10);

// Queued for one connection.
inline constexpr std::size_t kMostListenerBytes = 1024 * 1024;
inline constexpr std::size_t kMostStreamBytes = 1024 * 1024;
inline constexpr std::size_t kMostWebSocketBytes = 4 * 1024 * 1024;

}  // namespace patchbay::testkit
