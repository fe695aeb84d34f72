// How delivery sees the channels. Implemented by core/adapters; by a scripted fake in tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/unique_function.hpp"
#include "store/records.hpp"

namespace patchbay::delivery {

enum class Operation : std::uint8_t { kMessage, kEdit, kReaction, kDelete, kQuestion };

struct OutboundFile {
  int fd = -1;  // read-only, checked; owned by the delivery until its outcome is known
  std::int64_t size = 0;
  std::string name;
  std::string mime;
  std::string kind;  // "image", "audio", "voice", "video", "document"
};

struct Option {
  std::string label;
  std::string value;
  std::string url;
};

// One attempt at one delivery.
struct DeliveryRequest {
  std::int64_t delivery_id = 0;
  Operation operation = Operation::kMessage;
  std::uint32_t attempt = 1;
  base::InstanceName instance;
  store::ChatKind chat_kind = store::ChatKind::kDirect;
  std::string chat_id;  // the platform's
  base::ThreadId thread;
  std::string text;
  std::vector<OutboundFile> files;
  std::vector<std::string> target_ids;  // of all known parts of the message that it is about
  std::string reply_to_id;
  std::string emoji;
  bool removed = false;
  std::string question_id;
  std::string title;
  std::vector<Option> options;
  std::string idempotency_key;
  std::vector<store::DeliveryPart> parts_done;
  base::Milliseconds time_allowed{0};
};

// The classes of adapter.h, for decisions; the code itself stays for the log.
enum class OutcomeClass : std::uint8_t {
  kDelivered,
  kRetryable,
  kPermanent,
  kAccount,
  kUnknown,
  kBug
};
enum class SentState : std::uint8_t { kUnknown, kNotSent, kSent };
enum class RetryScope : std::uint8_t { kOperation, kChat, kAccount };

struct AttemptOutcome {
  OutcomeClass outcome = OutcomeClass::kUnknown;
  std::int32_t code = 0;  // PBAY_OK or PBAY_E_*
  SentState sent_state = SentState::kUnknown;
  RetryScope retry_scope = RetryScope::kOperation;
  std::optional<base::Milliseconds> retry_after;  // as the platform said
  bool chat_offline = false;                      // PBAY_E_OFFLINE: wait for chat_reachable
  std::string text;
  std::vector<std::string> remote_ids;
};

// What the platform publishes about rates, in tokens of a bucket; 0 messages: no rule.
struct Rate {
  std::uint32_t messages = 0;
  base::Milliseconds period{0};
};
struct ChannelLimits {
  std::uint64_t capability_bits = 0;  // PBAY_CAN_*
  Rate chat;
  Rate account;
};

enum class InstanceState : std::uint8_t {
  kConnecting,
  kOnline,
  kDegraded,
  kLoginRequired,
  kRateLimited,
  kFailed,
  kStopped,
};

// What the channels tell delivery. [core thread]
class ChannelEvents {
 public:
  virtual ~ChannelEvents() = default;
  // Part `part` is on the platform; `durable` is to be called when that is on disk, and the adapter
  // sends nothing more of this delivery before.
  virtual void on_part(std::int64_t delivery_id, store::DeliveryPart part,
                       base::UniqueFunction<void(bool stored)> durable) = 0;
  // Part `part` is on the platform, but the outcome of its attempt was given before.
  virtual void on_late_part(std::int64_t delivery_id, store::DeliveryPart part) = 0;
  virtual void on_instance_state(const base::InstanceName& instance, InstanceState state,
                                 const std::string& reason) = 0;
  // A report by the platform about a message (by remote id), a part ("<idempotency key>:<part>") or
  // a whole delivery (by idempotency key).
  virtual void on_report(const base::InstanceName& instance, const std::string& remote_id,
                         const std::string& idempotency_key, bool failed,
                         const std::string& reason) = 0;
  virtual void on_chat_reachable(const base::InstanceName& instance, const base::ChatKey& chat) = 0;
};

class ChannelPort {
 public:
  virtual ~ChannelPort() = default;
  // [core thread] `done` comes exactly once on the core thread: the adapter's answer, or kUnknown
  // at the deadline, or (the instance is not there, or crashed before anything left) kRetryable
  // with kNotSent.
  virtual void deliver(DeliveryRequest request,
                       base::UniqueFunction<void(AttemptOutcome)> done) = 0;
  // [core thread] kStopped for an instance that does not exist.
  [[nodiscard]] virtual InstanceState state(const base::InstanceName& instance) const = 0;
  // [core thread] Asks the instance; the answer is on the core thread.
  virtual void limits(const base::InstanceName& instance, store::ChatKind kind,
                      const std::string& chat_id,
                      base::UniqueFunction<void(ChannelLimits)> done) = 0;
  // [core thread] Best effort.
  virtual void show_typing(const base::InstanceName& instance, store::ChatKind kind,
                           const std::string& chat_id, const base::ThreadId& thread) = 0;
};

}  // namespace patchbay::delivery
