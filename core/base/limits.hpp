// Every limit has its name here. A limit that an operator may change is the default of a
// configuration key; docs/configuration.md lists those.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace patchbay::limits {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr std::uint64_t kMiB = 1024ULL * 1024ULL;

// Files.
inline constexpr std::uint64_t kFileBytes = 100 * kMiB;         // one attachment
inline constexpr std::uint64_t kMessageFileBytes = 500 * kMiB;  // all of a message
inline constexpr std::size_t kFilesPerMessage = 100;
inline constexpr std::size_t kFileNameBytes = 200;
inline constexpr std::size_t kOpenStagingPerInstance = 64;
inline constexpr std::size_t kFolderEntries = 100'000;  // listed or removed in one go
inline constexpr int kFolderDepth = 32;
inline constexpr minutes kMimeDetectorIdle{1};  // then libmagic's 6 MB are freed

// Messages.
inline constexpr std::size_t kEventTextBytes = 1 * kMiB;
inline constexpr std::size_t kOutboundContentBytes = 4 * kMiB;  // one messages_out.content
inline constexpr std::size_t kRowIdBytes = 200;
inline constexpr int kMessagesPerPrompt = 10;

// Session databases, read as hostile files.
inline constexpr int kSqliteLengthBytes = 8 * 1024 * 1024;
inline constexpr int kSqliteSteps = 50'000'000;           // virtual machine steps of one statement
inline constexpr std::size_t kDrainRows = 256;            // rows taken in one go
inline constexpr std::size_t kDrainBytes = 16 * kMiB;     // of their contents, but for the last
inline constexpr std::size_t kOutboundFieldBytes = 1024;  // of a row: all but its content
inline constexpr milliseconds kInboundBusy{200};  // wait for an agent's read lock in a batch
inline constexpr seconds kInboundGiveUp{2};       // then the message goes to intake
inline constexpr std::size_t kInboundBatchRows = 512;
inline constexpr milliseconds kSessionReadAgain{1000};  // after a failure; then twice as long
inline constexpr milliseconds kSessionReadAgainLongest{60'000};
inline constexpr std::size_t kSessionWorkers = 1024;    // at rest, with what their last look saw
inline constexpr std::size_t kInboundQueueRows = 4096;  // waiting for one session

// The central database.
inline constexpr std::size_t kCentralUnitsPerCommit = 1024;
inline constexpr std::size_t kCentralCheckpointPages =
    1000;  // 4 KiB each; then a passive checkpoint
inline constexpr seconds kWriteBehind{1};
inline constexpr std::size_t kPruneRows = 500;        // removed in one transaction
inline constexpr std::int64_t kIntakeRows = 100'000;  // then the platform is not told
inline constexpr std::int64_t kIntakeChatRows = 100;  // of one chat that no wiring names
inline constexpr std::int64_t kAuditRows = 10'000;

// Routing.
inline constexpr std::size_t kRoutingEvents = 16'384;  // under way at once
inline constexpr std::size_t kRoutingEventBytes = 64 * kMiB;
inline constexpr std::uint32_t kPatternMatchSteps = 100'000;
inline constexpr std::uint32_t kPatternHeapKibibytes = 4096;
inline constexpr std::size_t kFetchesUnderWay = 8;  // of files that come by reference
inline constexpr int kFetchAttempts = 20;        // by an instance that works: a quarter of an hour
inline constexpr hours kFetchMaxPaused{7 * 24};  // for one that is not in touch with its platform
inline constexpr int kPlacementAttempts = 3;     // then the message goes without its files
inline constexpr milliseconds kReplayFirst{1000};
inline constexpr milliseconds kReplayLongest{60'000};
inline constexpr minutes kPruneInterval{10};

// Platform redelivery: WhatsApp repeats for 7 days.
inline constexpr hours kSeenKept{8 * 24};

// Delivery.
inline constexpr std::size_t kLaneRows = 1024;  // in memory; the rest stays in the ledger
inline constexpr std::size_t kResumeCursorBytes = 1024;
inline constexpr milliseconds kRetryFirst{1000};
inline constexpr minutes kRetryLongest{10};
inline constexpr milliseconds kRetryAfterLeast{1000};
inline constexpr hours kRetryAfterMost{24};
inline constexpr hours kDeliveryMaxAge{24};
inline constexpr int kDeliveryMaxAttempts = 30;
inline constexpr hours kDeliveryMaxPaused{7 * 24};
inline constexpr minutes kDeliveryDeadline{5};         // of one attempt; files add time by size
inline constexpr hours kSpoolKept{7 * 24};             // of failed and unknown deliveries
inline constexpr minutes kNoticeInterval{1};           // failure notices a chat
inline constexpr std::size_t kScheduledRows = 20'000;  // with deliver_after, of all agents
inline constexpr seconds kOutboxFilesAwaited{60};      // then a message goes without its file
inline constexpr std::size_t kChannelFacts = 4096;     // chats; then all are asked for anew
inline constexpr seconds kRecoveryPatience{60};  // for an instance to say whether it honours keys
inline constexpr seconds kDeliveryDrain{10};     // at the end, for what is under way

// Agents.
inline constexpr std::size_t kRunningAgents = 8;
inline constexpr minutes kAgentIdle{10};
inline constexpr seconds kClaimStuck{60};
inline constexpr minutes kHeartbeatStuck{30};
inline constexpr seconds kAgentBackoffFirst{1};
inline constexpr minutes kAgentBackoffLongest{5};
inline constexpr int kClaimTries = 5;
inline constexpr seconds kAgentStopGrace{10};
inline constexpr seconds kSystemRowTimeout{300};
inline constexpr std::uint64_t kAgentLogBytes = 1 * kMiB;  // then set aside at the next start

// Adapters.
inline constexpr milliseconds kAdapterSlowCall{50};
inline constexpr seconds kAdapterHungCall{5};
inline constexpr seconds kAdapterStop{10};
inline constexpr seconds kProbe{10};
inline constexpr std::size_t kPendingSubmits = 1024;     // of one instance
inline constexpr std::size_t kAdapterOperations = 4096;  // asked for by one instance, not yet ended
inline constexpr std::size_t kPlatformIdBytes = 512;     // of a message, an event, a sender
inline constexpr std::size_t kPersonNameBytes = 1024;    // of a sender, a chat
inline constexpr std::size_t kQuoteTextBytes = 64 * 1024;
inline constexpr std::size_t kFileReferenceBytes = 4096;
inline constexpr std::size_t kAdapterLogBytes = 4096;  // of one line
// Of all lines that one instance is the cause of: so many at once, and then so many a second.
inline constexpr std::size_t kAdapterLogBurstBytes = 256 * 1024;
inline constexpr std::size_t kAdapterLogBytesPerSecond = 2 * 1024;
inline constexpr std::size_t kPartsPerDelivery = 1000;
inline constexpr std::size_t kCapabilityChats = 4096;  // remembered for one instance
inline constexpr minutes kCapabilitiesKept{1};
inline constexpr minutes kFetchDeadline{10};
inline constexpr std::size_t kLateDeliveries = 256;  // ended at their deadline, never answered
inline constexpr std::size_t kKvKeyBytes = 200;
inline constexpr std::size_t kKvValueBytes = 64 * 1024;
inline constexpr std::size_t kKvKeys = 10'000;

// Isolated adapters, each in a process of its own.
inline constexpr std::uint64_t kRunnerMemoryBytes = 256 * kMiB;  // of data
inline constexpr std::size_t kRunnerFrameBytes = 64 * kMiB;      // one call, its texts included
inline constexpr std::size_t kRunnerDescriptors = 512;           // open in it, and held for it
inline constexpr std::size_t kRunnerPostedFrames = 1024;         // read, not yet dealt with
inline constexpr std::size_t kRunnerPostedBytes = 64 * kMiB;     // of these
inline constexpr std::size_t kRunnerHeldBytes = 256 * kMiB;      // by its operations under way
inline constexpr std::size_t kRunnerQueuedCalls = 4 * kAdapterOperations;  // more: it is ended
inline constexpr std::size_t kRunnerThreads = 128;                         // more: it is ended
inline constexpr seconds kRunnerWatch{5};                                  // between two looks
inline constexpr seconds kRunnerEnd{5};  // waited for a process that was killed, at the host's end
inline constexpr std::uint64_t kRunnerAddressRoom = 16 * 1024 * kMiB;  // reserved besides its data
inline constexpr std::uint64_t kRunnerStackBytes = 8 * kMiB;           // of its first thread
inline constexpr seconds kRunnerProcessorWindow{30};
inline constexpr seconds kRunnerProcessorTime{20};  // used within that window: it spins
inline constexpr seconds kRunnerRestart{1};         // after the first loss; then twice as long
inline constexpr std::size_t kRunnerLosses = 5;     // within the next: it has to rest
inline constexpr minutes kRunnerLossesKept{10};
inline constexpr minutes kRunnerRest{10};

// Network.
inline constexpr std::size_t kHttpResponseBytes = 4 * kMiB;
inline constexpr std::size_t kHttpResponseMost = 32 * kMiB;  // in memory, if an adapter asks for it
inline constexpr seconds kHttpTimeout{60};
inline constexpr seconds kHttpConnect{20};                   // name, connect and TLS
inline constexpr std::size_t kHttpHeaderBytes = 256 * 1024;  // of an answer
inline constexpr int kHttpRedirects = 5;
inline constexpr long kHttpConnections = 128;
inline constexpr long kHttpConnectionsPerHost = 64;  // a long poll holds one
// At work for one instance, the others of it wait: of neither of the two can one instance take all.
inline constexpr std::size_t kHttpRequestsPerInstance = 32;
inline constexpr std::size_t kWebhookBodyBytes = 4 * kMiB;
inline constexpr seconds kWebhookAnswer{10};
inline constexpr std::size_t kHttpServerConnections = 256;
inline constexpr std::uint32_t kHttpServerHeaderBytes = 32 * 1024;
inline constexpr seconds kHttpServerIdle{60};
inline constexpr seconds kHttpServerHeader{10};
inline constexpr seconds kHttpServerBody{30};
inline constexpr seconds kHttpServerWrite{30};
inline constexpr std::size_t kNamesResolved = 16;    // at a time, each on a thread of its own
inline constexpr std::size_t kNamesWaiting = 1024;   // for one of these threads
inline constexpr seconds kConnectAttempt{5};         // of one address, when there are others
inline constexpr std::size_t kOutgoingSockets = 64;  // of one instance, of each kind
inline constexpr std::size_t kWebSocketMessageBytes = 4 * kMiB;
inline constexpr std::size_t kWebSocketMessageMost = 64 * kMiB;  // that an adapter may ask for
inline constexpr seconds kWebSocketHandshake{30};                // name, connect, TLS and upgrade
inline constexpr seconds kWebSocketClose{5};                     // for the other side's close
inline constexpr std::size_t kWebSocketBufferBytes = 4 * kMiB;   // out
inline constexpr seconds kStreamConnect{30};                     // name and connect
inline constexpr seconds kStreamFlush{10};  // what is queued when a stream is closed
inline constexpr std::size_t kStreamBufferBytes = 1 * kMiB;  // out
inline constexpr std::size_t kListeners = 4;                 // of one instance
inline constexpr std::size_t kListenerConnections = 64;      // of one of them
inline constexpr std::size_t kListenerBufferBytes = 1 * kMiB;

// Control socket.
inline constexpr std::size_t kControlFrameBytes = 1 * kMiB;
inline constexpr std::size_t kControlConnections = 32;

}  // namespace patchbay::limits
