// What an instance's adapter holds as its `host`: valid until destroy() has returned, or for ever
// if the instance never ends. Everything here may be used from any thread, unless it says
// otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <patchbay/adapter.h>

#include "adapters/host_gate.hpp"
#include "adapters/log_share.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/unique_function.hpp"

namespace patchbay::adapters {

class Instance;
class RunnerCharge;

// Staging handles that the instance may use.
class OwnedHandles {
 public:
  void add(std::uint64_t handle);
  [[nodiscard]] bool has(std::uint64_t handle) const;
  // False: it was not one.
  bool remove(std::uint64_t handle);

 private:
  mutable std::mutex mutex_;
  std::unordered_set<std::uint64_t> handles_;  // guarded by mutex_
};

// How many bytes wait for each connection of one kind (listener, WebSocket, stream), so that send()
// can answer at once.
class ConnectionBuffers {
 public:
  // kFull: not now, and what gives back room says when. kNever: more than a buffer holds.
  enum class Room { kTaken, kFull, kNever, kNoConnection };
  enum class Carries { kPerhapsADelivery, kNoDelivery };

  explicit ConnectionBuffers(std::size_t capacity) : capacity_(capacity) {}

  void add(std::uint64_t connection);
  void remove(std::uint64_t connection);
  Room take(std::uint64_t connection, std::size_t bytes,
            Carries carries = Carries::kPerhapsADelivery);
  // True: somebody was answered kFull, and now at least half is free.
  bool give_back(std::uint64_t connection, std::size_t bytes);
  // How often anything was sent that may have been a delivery, on any connection.
  [[nodiscard]] std::uint64_t sends() const { return sends_; }

 private:
  struct Buffer {
    std::size_t bytes = 0;
    bool was_full = false;
  };
  const std::size_t capacity_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Buffer> buffers_;  // guarded by mutex_
  std::atomic<std::uint64_t> sends_{0};
};

// What a message on a WebSocket costs in its buffer besides its bytes: many small ones are no way
// around the cap.
inline constexpr std::size_t kWebSocketFrameBytes = 64;

class Bridge : public std::enable_shared_from_this<Bridge> {
 public:
  Bridge(std::shared_ptr<HostGate> gate, base::InstanceName name, base::ChannelName channel);

  [[nodiscard]] const pbay_host& host() const { return host_; }
  // Null for a host that ignores every call: stopped, abandoned, or NULL.
  [[nodiscard]] static Bridge* of(const pbay_host* host);

  // Runs `task` on the core thread if the instance is still there then and listens.
  void post(base::UniqueFunction<void(Instance&)> task);
  // The same for what comes from the host itself: also when the adapter is ignored.
  void post_from_host(base::UniqueFunction<void(Instance&)> task);

  // [a runner's reading thread, which alone posts for an isolated adapter] What is posted from now
  // on is part of this frame; null: of none.
  void charge(std::shared_ptr<RunnerCharge> frame) { charge_ = std::move(frame); }
  // [core thread] That of the task which runs just now; null: of none.
  [[nodiscard]] const std::shared_ptr<RunnerCharge>& serving() const { return serving_; }

  // [core thread]
  void connect(Instance* instance) { instance_ = instance; }
  [[nodiscard]] Instance* instance() const { return instance_; }

  // What the adapter asks for from now on is ignored; what it has asked for is still heard.
  void close_ears() { deaf_ = true; }
  // Nothing of the adapter's is heard any more.
  void ignore() { ignored_ = true; }
  [[nodiscard]] bool ignored() const { return ignored_; }

  [[nodiscard]] HostGate& gate() { return *gate_; }
  [[nodiscard]] const base::InstanceName& name() const { return name_; }
  [[nodiscard]] const base::ChannelName& channel() const { return channel_; }

  void log(std::uint32_t level, pbay_str message);
  // A line that the adapter is the cause of, as far as its share of the log goes; lines beyond that
  // are counted, and the log says how many they were.
  void log_within_share(base::LogLevel level, std::string_view event,
                        std::initializer_list<base::LogField> fields);
  [[nodiscard]] std::string last_error() const;

  OwnedHandles staging;
  ConnectionBuffers connections{limits::kListenerBufferBytes};  // of listeners
  ConnectionBuffers websockets{limits::kWebSocketBufferBytes + kWebSocketFrameBytes};
  ConnectionBuffers streams{limits::kStreamBufferBytes};
  // Answers to webhooks that say something: there are platforms to which such an answer is a
  // message.
  std::atomic<std::uint64_t> webhook_answers{0};
  // On any of these.
  [[nodiscard]] std::uint64_t sends() const {
    return connections.sends() + websockets.sends() + streams.sends() + webhook_answers;
  }
  std::atomic<std::size_t> pending_submits{0};
  // It has asked for an extension that connects for it: http, websocket or stream.
  std::atomic<bool> uses_network{false};

 private:
  pbay_host host_;
  std::shared_ptr<HostGate> gate_;  // shared by all instances
  base::InstanceName name_;
  base::ChannelName channel_;
  Instance* instance_ = nullptr;  // core thread only
  // Shared by the frame, the task and the operation that it becomes: the last of them lets it go.
  std::shared_ptr<RunnerCharge> charge_;   // reading thread only
  std::shared_ptr<RunnerCharge> serving_;  // core thread only
  std::atomic<bool> deaf_{false};
  std::atomic<bool> ignored_{false};
  std::mutex log_mutex_;
  LogShare log_share_;  // guarded by log_mutex_
  mutable std::mutex error_mutex_;
  std::string last_error_;  // guarded by error_mutex_
};

// host_table.cpp: the functions of pbay_host, with data and struct_size filled in.
[[nodiscard]] pbay_host make_host_table(Bridge* bridge);

}  // namespace patchbay::adapters
