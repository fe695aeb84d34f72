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

#include "adapters/isolation/detail_kind.hpp"
#include "adapters/isolation/frame_socket.hpp"
#include "adapters/isolation/host_calls.hpp"
#include "adapters/isolation/runner_budget.hpp"
#include "adapters/isolation/runner_process.hpp"
#include "base/clock.hpp"
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

// What a runner tells whoever has it. [the reading thread]
struct RunnerEvents {
  // What the host is asked for from now on is part of this frame; null: of none.
  base::UniqueFunction<void(std::shared_ptr<RunnerCharge>)> charge;
  // What its adapter asked for under `op` is too large to pass, and is to be completed as that.
  HostCalls::TooLarge too_large;
  // The process has ended although nobody asked for it, or it was ended because it broke the rules
  // of the wire; why, as a sentence about the adapter. At most once.
  base::UniqueFunction<void(const std::string& why)> lost;
};

class Runner {
 public:
  Runner(RunnerOptions options, RunnerEvents events);
  // Ends the process; waits for the reading thread, and so until the kernel has ended the process.
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // [loader] As pbay_module::create(), for the process that it starts. `host` outlives this object.
  // Blocks until the adapter has answered. What is wrong is logged through the host.
  std::int32_t create(const pbay_host& host, pbay_str config_json, pbay_adapter* out);

  // [the adapter's thread] As the functions of pbay_adapter, which cannot say what the detail is.
  // begins, if it is not empty, is called once: when the process has begun the call, after all that
  // its adapter had asked for until then; at the latest when the call is over. [any thread]
  void on_complete(pbay_op op, DetailKind kind, const pbay_completion& completion,
                   base::UniqueFunction<void()> begins);
  void on_event(pbay_op op, DetailKind kind, const void* detail);

  // [any thread] Kills the process, without lost(); calls under way come back at once, nothing that
  // it still says is heard.
  void end();
  // [any thread] Waits for the end of the process, which end() or itself has brought about. False:
  // the kernel takes longer than that.
  [[nodiscard]] bool await_end(std::chrono::milliseconds patience);

  // [any thread] It has ended by itself: lost() comes, or has come.
  [[nodiscard]] bool was_lost();
  // [any thread] What the process has used so far; nothing: it has ended.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> processor_time() const;
  // [any thread] How many it runs; 0: it has ended.
  [[nodiscard]] std::size_t threads() const;

 private:
  struct Functions;

  base::Status start_process();
  // Sends a call and waits until the adapter has returned. Nothing: the runner has gone.
  std::optional<Frame> call(FrameKind kind, const wire::Writer& body);
  // The same, but not for ever: then the process is ended.
  std::optional<Frame> call_from_loader(FrameKind kind, const wire::Writer& body, const char* name);
  std::optional<Frame> await(std::uint64_t id, std::optional<base::MonotonicTime> until);
  [[nodiscard]] bool answers_no_more() const { return gone_ || ended_; }  // under mutex_
  void say(std::uint32_t level, const std::string& text);
  // 0: the runner has gone, or the call is too large for it.
  std::uint64_t send_call(FrameKind kind, const wire::Writer& body,
                          std::optional<std::chrono::milliseconds> patience);
  void read();
  base::Status read_frames();
  base::Status take(Frame frame, HostCalls& host_calls);
  void call_has_begun();
  void complete_as_too_large(pbay_op op, std::uint8_t tells, const pbay_completion& completion);
  void take_refusals();
  void take_errors();

  RunnerOptions options_;
  RunnerEvents events_;
  const pbay_host* host_ = nullptr;
  ChildProcess process_;                 // set under mutex_, then as it is
  std::atomic<pid_t> process_id_{0};     // 0: it does not run
  std::unique_ptr<FrameSocket> socket_;  // as process_
  base::UniqueFd refusals_;
  base::UniqueFd errors_;
  std::thread reader_;
  // Shared with what its frames became, which may outlive this object.
  std::shared_ptr<RunnerBudget> budget_ = std::make_shared<RunnerBudget>();
  pbay_typing typing_{};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::optional<Frame>> answers_;  // guarded by mutex_: of calls under way
  std::uint64_t last_call_ = 0;                            // guarded by mutex_
  base::UniqueFunction<void()> begins_;                    // guarded by mutex_: of on_complete()
  bool runs_ = false;                                      // guarded by mutex_: or may still
  bool gone_ = false;                                      // guarded by mutex_
  bool ended_ = false;                                     // guarded by mutex_: on purpose

  // [the reading thread]
  std::string error_text_;  // the last of what it wrote to standard error
  std::uint64_t refusals_told_ = 0;
};

}  // namespace patchbay::adapters
