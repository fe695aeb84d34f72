#include "adapters/bridge.hpp"

#include <algorithm>
#include <utility>

#include "adapters/abi_text.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::adapters {

void OwnedHandles::add(std::uint64_t handle) {
  const std::lock_guard lock(mutex_);
  handles_.insert(handle);
}

bool OwnedHandles::has(std::uint64_t handle) const {
  const std::lock_guard lock(mutex_);
  return handles_.contains(handle);
}

bool OwnedHandles::remove(std::uint64_t handle) {
  const std::lock_guard lock(mutex_);
  return handles_.erase(handle) != 0;
}

void ConnectionBuffers::add(std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  buffers_.try_emplace(connection);
}

void ConnectionBuffers::remove(std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  buffers_.erase(connection);
}

ConnectionBuffers::Room ConnectionBuffers::take(std::uint64_t connection, std::size_t bytes,
                                                Carries carries) {
  const std::lock_guard lock(mutex_);
  const auto found = buffers_.find(connection);
  if (found == buffers_.end()) {
    return Room::kNoConnection;
  }
  if (bytes > capacity_) {
    return Room::kNever;
  }
  Buffer& buffer = found->second;
  if (bytes > capacity_ - buffer.bytes) {
    buffer.was_full = true;
    return Room::kFull;
  }
  buffer.bytes += bytes;
  if (carries == Carries::kPerhapsADelivery) {
    ++sends_;
  }
  return Room::kTaken;
}

bool ConnectionBuffers::give_back(std::uint64_t connection, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = buffers_.find(connection);
  if (found == buffers_.end()) {
    return false;
  }
  Buffer& buffer = found->second;
  buffer.bytes -= std::min(buffer.bytes, bytes);
  return buffer.bytes <= capacity_ / 2 && std::exchange(buffer.was_full, false);
}

Bridge::Bridge(std::shared_ptr<HostGate> gate, base::InstanceName name, base::ChannelName channel)
    : host_(make_host_table(this)),
      gate_(std::move(gate)),
      name_(std::move(name)),
      channel_(std::move(channel)) {}

Bridge* Bridge::of(const pbay_host* host) {
  auto* bridge = host == nullptr ? nullptr : static_cast<Bridge*>(host->data);
  return bridge == nullptr || bridge->deaf_ || bridge->ignored_ ? nullptr : bridge;
}

void Bridge::post(base::UniqueFunction<void(Instance&)> task) {
  gate_->post([self = shared_from_this(), task = std::move(task), charge = charge_] {
    if (self->instance_ != nullptr && !self->ignored_) {
      self->serving_ = charge;
      task(*self->instance_);
      self->serving_ = nullptr;
    }
  });
}

void Bridge::post_from_host(base::UniqueFunction<void(Instance&)> task) {
  gate_->post([self = shared_from_this(), task = std::move(task)] {
    if (self->instance_ != nullptr) {
      task(*self->instance_);
    }
  });
}

void Bridge::log(std::uint32_t level, pbay_str message) {
  std::string text = shown_in_log(view(message));
  const auto log_level =
      level <= PBAY_LOG_ERROR ? static_cast<base::LogLevel>(level) : base::LogLevel::kError;
  log_within_share(log_level, "adapter.log", {{"instance", name_.str()}, {"message", text}});
  if (log_level == base::LogLevel::kError) {
    text = base::redact(text);
    const std::lock_guard lock(error_mutex_);
    last_error_ = std::move(text);
  }
}

void Bridge::log_within_share(base::LogLevel level, std::string_view event,
                              std::initializer_list<base::LogField> fields) {
  if (!base::is_logged(level)) {
    return;  // and costs nothing
  }
  std::size_t bytes = 0;
  for (const base::LogField& field : fields) {
    bytes += field.value.size();
  }
  base::MonotonicTime now;
  gate_->with([&now](const AdapterHostServices& services) { now = services.loop.now(); });
  const std::lock_guard lock(log_mutex_);
  const LogShare::Verdict verdict = log_share_.ask(bytes, now);
  if (verdict == LogShare::Verdict::kLeaveOutFirst) {
    base::log_warning(
        "adapter.log_share_used",
        {{"instance", name_.str()},
         {"reason", "it fills the log; further lines of it are left out for a while"}});
  }
  if (verdict != LogShare::Verdict::kWrite) {
    return;
  }
  if (const std::uint64_t lines = log_share_.take_left_out(); lines != 0) {
    base::log_warning("adapter.log_lines_left_out", {{"instance", name_.str()}, {"lines", lines}});
  }
  base::log(level, event, fields);
}

std::string Bridge::last_error() const {
  const std::lock_guard lock(error_mutex_);
  return last_error_;
}

}  // namespace patchbay::adapters
