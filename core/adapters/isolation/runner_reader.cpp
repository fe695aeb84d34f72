// What a runner says, and how it ends: Runner's reading thread.
#include <array>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "adapters/isolation/host_calls.hpp"
#include "adapters/isolation/runner.hpp"
#include "adapters/isolation/sandbox.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;

constexpr std::size_t kErrorTextBytes = 2048;
constexpr std::uint64_t kRefusalsTold = 10;
constexpr int kMemoryPause = 1;                // milliseconds, until what had no room is sent again
constexpr std::size_t kPipeBytes = 64 * 1024;  // Linux, unless it is told otherwise

std::string last_line(const std::string& text) {
  const std::string_view trimmed = base::trim(text);
  const std::size_t end = trimmed.rfind('\n');
  return base::to_valid_utf8(trimmed.substr(end == std::string_view::npos ? 0 : end + 1));
}

}  // namespace

void Runner::read() {
  const Status why = read_frames();
  process_id_ = 0;
  const siginfo_t end = end_process(process_);
  take_refusals();
  take_errors();
  std::unique_lock lock(mutex_);
  gone_ = true;
  runs_ = false;
  const bool was_ended = ended_;
  lock.unlock();
  changed_.notify_all();
  if (was_ended) {
    return;
  }
  std::string reason = why.code() == Code::kCorrupt ? why.message() : describe_end(end);
  if (const std::string said = last_line(error_text_); !said.empty()) {
    reason += "; it wrote: " + said;
  }
  events_.lost(reason);
}

Status Runner::read_frames() {
  HostCalls host_calls(*host_, *socket_, events_.too_large);
  while (true) {
    if (!socket_->has_buffered()) {
      const auto unsent = socket_->unsent();
      const short room = unsent == FrameSocket::Unsent::kNotRead ? POLLOUT : 0;
      std::array<pollfd, 3> watched = {
          pollfd{socket_->descriptor(), static_cast<short>(POLLIN | room), 0},
          pollfd{refusals_.get(), POLLIN, 0}, pollfd{errors_.get(), POLLIN, 0}};
      const int longest = unsent == FrameSocket::Unsent::kNoMemory ? kMemoryPause : -1;
      if (::poll(watched.data(), watched.size(), longest) < 0) {
        continue;
      }
      if (unsent != FrameSocket::Unsent::kNothing) {
        static_cast<void>(socket_->flush());  // of one that has gone, what it said before is read
      }
      if (watched[1].revents != 0) {
        take_refusals();
      }
      if (watched[2].revents != 0) {
        take_errors();
      }
      if ((watched[0].revents & ~POLLOUT) == 0) {
        continue;
      }
    }
    PATCHBAY_ASSIGN(Frame frame, socket_->receive());
    PATCHBAY_TRY(take(std::move(frame), host_calls));
  }
}

Status Runner::take(Frame frame, HostCalls& host_calls) {
  if (frame.kind == FrameKind::kTaken) {
    call_has_begun();
    return {};
  }
  if (frame.kind != FrameKind::kReturn) {
    auto charge = budget_->charge(frame.body.size(), frame.descriptors.size());
    if (!charge) {
      return {Code::kCancelled, "it is being ended"};
    }
    events_.charge(std::move(charge));
    const Status taken = host_calls.take(frame);
    events_.charge(nullptr);
    return taken;
  }
  {
    const std::lock_guard lock(mutex_);
    // One that was given up may still come.
    if (const auto waiting = answers_.find(frame.id); waiting != answers_.end()) {
      waiting->second = std::move(frame);
    }
  }
  changed_.notify_all();
  return {};
}

// The kernel writes each whole. No more at a time than a pipe holds: who writes on and on does not
// keep this thread from its other work. Once all writers have gone, the pipe is read no more: else
// poll() would never wait again.
void Runner::take_refusals() {
  Refusal refusal{};
  ssize_t read = -1;
  for (std::size_t count = 0;
       count < kPipeBytes / sizeof(refusal) && refusals_.valid() &&
       (read = ::read(refusals_.get(), &refusal, sizeof(refusal))) == sizeof(refusal);
       ++count) {
    ++refusals_told_;
    const bool is_power_of_two = (refusals_told_ & (refusals_told_ - 1)) == 0;
    if (refusals_told_ > kRefusalsTold && !is_power_of_two) {
      continue;
    }
    refusal.call[sizeof(refusal.call) - 1] = '\0';
    refusal.path[sizeof(refusal.path) - 1] = '\0';
    base::log_warning("adapter.refused", {{"instance", options_.instance},
                                          {"call", base::to_valid_utf8(refusal.call)},
                                          {"path", base::to_valid_utf8(refusal.path)},
                                          {"count", refusals_told_}});
  }
  if (read == 0) {
    refusals_.reset();
  }
}

void Runner::take_errors() {
  std::array<char, 4096> buffer{};
  ssize_t read = -1;
  for (std::size_t count = 0; count < kPipeBytes / buffer.size() && errors_.valid() &&
                              (read = ::read(errors_.get(), buffer.data(), buffer.size())) > 0;
       ++count) {
    error_text_.append(buffer.data(), static_cast<std::size_t>(read));
    if (error_text_.size() > kErrorTextBytes) {
      error_text_.erase(0, error_text_.size() - kErrorTextBytes);
    }
  }
  if (read == 0) {
    errors_.reset();
  }
}

}  // namespace patchbay::adapters
