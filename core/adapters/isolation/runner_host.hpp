// In a runner: the pbay_host that the adapter is given. Each of its functions becomes a frame to
// the daemon; those that answer at once wait for it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include <patchbay/adapter.h>

#include "adapters/isolation/frame_socket.hpp"

namespace patchbay::adapters {

class RunnerHost {
 public:
  explicit RunnerHost(FrameSocket& socket);
  RunnerHost(const RunnerHost&) = delete;
  RunnerHost& operator=(const RunnerHost&) = delete;

  [[nodiscard]] const pbay_host& host() const { return host_; }

  // [the reading thread] The daemon's answer to a question.
  void answered(const Frame& frame);
  // [main thread] The files of a delivery are open until the adapter has completed it.
  void keep_files(pbay_op delivery, std::vector<base::UniqueFd> files);

  // [any thread] What the functions of pbay_host do.
  [[nodiscard]] static RunnerHost& of(const pbay_host* host) {
    return *static_cast<RunnerHost*>(host->data);
  }
  // False: it is too large to pass, which is logged. If it was to begin an operation, that fails.
  bool send(FrameKind kind, std::uint64_t id, const wire::Writer& body);
  // Waits for the daemon's answer. None: the question is too large to pass, which is logged.
  [[nodiscard]] std::optional<std::uint64_t> ask(FrameKind kind, const wire::Writer& body);
  void delivery_completed(pbay_op op);

 private:
  bool pass(FrameKind kind, std::uint64_t id, const wire::Writer& body);

  FrameSocket& socket_;
  pbay_host host_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::optional<std::uint64_t>> questions_;  // guarded by mutex_
  std::uint64_t last_question_ = 0;                                  // guarded by mutex_
  std::unordered_map<pbay_op, std::vector<base::UniqueFd>> files_;   // guarded by mutex_
};

// runner_extensions.cpp: the table of a host extension by its id; null: it has none of that name.
[[nodiscard]] const void* runner_extension(std::string_view id);

}  // namespace patchbay::adapters
