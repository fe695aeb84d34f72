// An adapter's instance in a process of its own, behind the same structs as one in the daemon: its
// pbay_adapter's functions travel to the runner, what its adapter asks of the host travels back.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <patchbay/adapter.h>
#include <patchbay/ext/typing.h>

#include "adapters/isolation/asked_operations.hpp"
#include "adapters/isolation/frame_socket.hpp"
#include "adapters/isolation/runner_process.hpp"
#include "base/unique_function.hpp"

namespace patchbay::adapters {

struct RunnerOptions {
  std::string program;   // patchbay-adapter-runner
  std::string library;   // absolute path of the adapter
  std::string channel;   // that its sidecar names
  std::string instance;  // its name, for the log
  std::uint64_t memory_bytes = 0;
  std::chrono::milliseconds hung_call{0};  // of create() and destroy(): longer, and it is ended
};

class Runner {
 public:
  // lost: [the reading thread] the process has ended although nobody asked for it, or it was ended
  // because it broke the rules of the wire; why, as a sentence about the adapter. At most once.
  Runner(RunnerOptions options, base::UniqueFunction<void(const std::string& why)> lost);
  // Ends the process; waits for the reading thread.
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // [loader] As pbay_module::create(), for the process that it starts. `host` outlives this object.
  // Blocks until the adapter has answered. What is wrong is logged through the host.
  std::int32_t create(const pbay_host& host, pbay_str config_json, pbay_adapter* out);

  // [any thread] Ends the process, without lost(); calls under way come back at once.
  void end();

  // [any thread] It has ended by itself: lost() comes, or has come.
  [[nodiscard]] bool was_lost();
  // [any thread] What the process has used so far; nothing: it has ended.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> processor_time() const;

 private:
  struct Functions;

  base::Status start_process();
  // Sends a call and waits until the adapter has returned. Nothing: the runner has gone.
  std::optional<Frame> call(FrameKind kind, const wire::Writer& body);
  // The same, but not for ever: then the process is ended.
  std::optional<Frame> call_from_loader(FrameKind kind, const wire::Writer& body, const char* name);
  std::optional<Frame> await(std::uint64_t id, std::optional<std::chrono::milliseconds> patience);
  void say(std::uint32_t level, const std::string& text);
  // 0: the runner has gone, or the call is too large for it.
  std::uint64_t send_call(FrameKind kind, const wire::Writer& body);
  void read();
  base::Status read_frames();
  void take_refusals();
  void take_errors();

  RunnerOptions options_;
  base::UniqueFunction<void(const std::string&)> lost_;
  const pbay_host* host_ = nullptr;
  ChildProcess process_;
  std::atomic<pid_t> process_id_{0};  // 0: it does not run
  std::unique_ptr<FrameSocket> socket_;
  base::UniqueFd refusals_;
  base::UniqueFd errors_;
  std::thread reader_;
  AskedOperations asked_;
  pbay_typing typing_{};

  std::atomic<bool> ended_{false};  // on purpose
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::optional<Frame>> answers_;  // guarded by mutex_: of calls under way
  std::uint64_t last_call_ = 0;                            // guarded by mutex_
  bool gone_ = false;                                      // guarded by mutex_

  // [the reading thread]
  std::string error_text_;  // the last of what it wrote to standard error
  std::uint64_t refusals_told_ = 0;
};

}  // namespace patchbay::adapters
