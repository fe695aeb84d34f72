// The extensions that this host lends: the tables of http, timer, clock, kv, staging. Those of who
// connects to the adapter stand in incoming.cpp, those of what it connects to in peer_host.cpp.
#include <algorithm>
#include <utility>

#include "fake_host_impl.hpp"
#include "limits.hpp"
#include "patchbay/sdk/utf8.hpp"

namespace patchbay::testkit {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;
using Self = FakeHost::Impl;
using Completion = Self::Completion;

const pbay_http kHttp = {
    sizeof(pbay_http), 0,
    [](const pbay_host* host, pbay_op op, const pbay_http_request* request) noexcept {
      const Lock lock(Self::of(host).mutex_);
      Self::of(host).http_request(op, request);
    },
    [](const pbay_host* host, pbay_op op) noexcept {
      const Lock lock(Self::of(host).mutex_);
      Self::of(host).http_cancel(op);
    }};

const pbay_timer kTimer = {
    sizeof(pbay_timer), 0,
    [](const pbay_host* host, pbay_op op, std::int64_t delay_ms) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "timer.start");
      if (delay_ms < 0) {
        self.breach(Rule::kTimer, "timer.start: a delay of " + std::to_string(delay_ms) + " ms");
      }
      self.waiting_[op] = self.at(self.now_ms_ + delay_ms, [&self, op] {
        self.waiting_.erase(op);
        self.complete(op, Completion());
      });
    },
    [](const pbay_host* host, pbay_op op) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("timer.cancel");
      if (const auto found = self.waiting_.find(op); found != self.waiting_.end()) {
        self.forget(found->second);
        self.waiting_.erase(found);
        self.complete(op, Completion(PBAY_E_CANCELLED, 0, "cancelled"));
      }
    }};

const pbay_clock kClock = {sizeof(pbay_clock), 0,
                           [](const pbay_host* host) noexcept {
                             Self& self = Self::of(host);
                             const Lock lock(self.mutex_);
                             self.called("clock.monotonic_ms", Self::InCreate::kAllowed);
                             return self.now_ms_;
                           },
                           [](const pbay_host* host) noexcept {
                             Self& self = Self::of(host);
                             const Lock lock(self.mutex_);
                             self.called("clock.wall_ms", Self::InCreate::kAllowed);
                             return self.options_.wall_ms + self.now_ms_;
                           },
                           [](const pbay_host* host) noexcept {
                             Self& self = Self::of(host);
                             const Lock lock(self.mutex_);
                             self.called("clock.random", Self::InCreate::kAllowed);
                             std::uint64_t& state =
                                 self.random_;  // xorshift: the same in every run
                             state ^= state << 13U;
                             state ^= state >> 7U;
                             state ^= state << 17U;
                             return state;
                           }};

const pbay_kv kKv = {
    sizeof(pbay_kv),
    0,
    [](const pbay_host* host, pbay_op op, pbay_str key) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "kv.get");
      if (const auto refused = self.kv_key_refused(sdk::view(key))) {
        self.complete(op, *refused);
        return;
      }
      if (self.failing_kv_reads_ > 0) {
        --self.failing_kv_reads_;
        self.complete(op, Completion(self.kv_read_failure_, 0, "the test lets this read fail"));
        return;
      }
      const auto found = self.kv_.find(sdk::copy(key));
      if (found == self.kv_.end()) {
        self.complete(op, Completion(PBAY_E_NOT_FOUND, 0, "no such key"));
        return;
      }
      Completion completion;
      completion.detail = [value = found->second](LentMemory& lent) -> const void* {
        auto out = sdk::make_abi<pbay_kv_value>();
        out.value = lent.text(value);
        return lent.object(out);
      };
      self.complete(op, std::move(completion));
    },
    [](const pbay_host* host, pbay_op op, pbay_str key, pbay_str value) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "kv.put");
      self.kv_write(op, sdk::copy(key),
                    [&] { return self.kv_put(sdk::copy(key), sdk::copy(value)); });
    },
    [](const pbay_host* host, pbay_op op, pbay_str key, const pbay_str* expected,
       pbay_str value) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "kv.compare_and_set");
      self.kv_write(op, sdk::copy(key), [&] {
        const auto found = self.kv_.find(sdk::copy(key));
        const bool same = expected == nullptr
                              ? found == self.kv_.end()
                              : found != self.kv_.end() && found->second == sdk::view(*expected);
        if (!same) {
          return Completion(PBAY_E_CONFLICT_VALUE, 0, "the key has another value");
        }
        return self.kv_put(sdk::copy(key), sdk::copy(value));
      });
    },
    [](const pbay_host* host, pbay_op op, pbay_str key) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "kv.remove");
      self.kv_write(op, sdk::copy(key), [&] {
        self.kv_.erase(sdk::copy(key));
        return Completion();
      });
    }};

const pbay_staging kStaging = {
    sizeof(pbay_staging),
    0,
    [](const pbay_host* host, std::int64_t) noexcept -> std::uint64_t {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("staging.open");
      if (self.staged_.size() >= kMostOpenStaging) {
        return 0;
      }
      self.staged_[++self.last_handle_];
      return self.last_handle_;
    },
    [](const pbay_host* host, std::uint64_t handle, pbay_str bytes) noexcept -> std::int32_t {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("staging.write");
      const auto found = self.staged_.find(handle);
      if (found == self.staged_.end() || found->second.committed) {
        self.breach(Rule::kStaging, "staging.write: the handle is not open");
        return PBAY_E_CONTRACT;
      }
      const auto size = found->second.bytes.size() + bytes.size;
      if (size > static_cast<std::uint64_t>(self.options_.max_staged_bytes)) {
        return PBAY_E_TOO_LARGE;
      }
      found->second.bytes += sdk::view(bytes);
      return PBAY_OK;
    },
    [](const pbay_host* host, pbay_op op, std::uint64_t handle) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "staging.commit");
      const auto found = self.staged_.find(handle);
      if (found == self.staged_.end() || found->second.committed) {
        self.breach(Rule::kStaging, "staging.commit: the handle is not open");
        self.complete(op, Completion(PBAY_E_CONTRACT, 0, "the handle is not open"));
        return;
      }
      found->second.committed = true;
      self.complete(op, Completion(PBAY_OK, found->second.bytes.size()));
    },
    [](const pbay_host* host, std::uint64_t handle) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("staging.abort");
      self.staged_.erase(handle);
    }};

}  // namespace

std::optional<Completion> FakeHost::Impl::kv_key_refused(std::string_view key) {
  if (key.empty() || !sdk::is_utf8(key)) {
    breach(Rule::kKv, "kv: a key is 1 to 200 bytes of UTF-8");
    return Completion(PBAY_E_INVALID, 0, "a key is 1 to 200 bytes of UTF-8");
  }
  if (key.size() > kMostKeyBytes) {
    breach(Rule::kKv, "kv: a key has 1 to 200 bytes");
    return Completion(PBAY_E_TOO_LARGE, 0, "a key is at most 200 bytes");
  }
  return std::nullopt;
}

Completion FakeHost::Impl::kv_put(std::string key, std::string value) {
  if (value.size() > kMostValueBytes) {
    breach(Rule::kKv, "kv: a value of more than 64 KiB");
    return Completion(PBAY_E_TOO_LARGE, 0, "a value is at most 64 KiB");
  }
  if (kv_.size() >= kMostKeys && kv_.count(key) == 0) {
    return Completion(PBAY_E_TOO_LARGE, 0, "it holds 10,000 keys already, and takes no new one");
  }
  kv_[std::move(key)] = std::move(value);
  return Completion();
}

void FakeHost::Impl::kv_write(pbay_op op, const std::string& key,
                              const std::function<Completion()>& write) {
  if (const auto refused = kv_key_refused(key)) {
    complete(op, *refused);
    return;
  }
  if (failing_kv_writes_ > 0) {
    --failing_kv_writes_;
    complete(op, Completion(kv_failure_, 0, "the test lets this write fail"));
    return;
  }
  complete(op, write());
}

const void* FakeHost::Impl::host_extension(std::string_view id) {
  if (std::find(options_.without.begin(), options_.without.end(), id) != options_.without.end()) {
    return nullptr;
  }
  const std::pair<std::string_view, const void*> all[] = {
      {PBAY_EXT_HTTP, &kHttp}, {PBAY_EXT_TIMER, &kTimer},     {PBAY_EXT_CLOCK, &kClock},
      {PBAY_EXT_KV, &kKv},     {PBAY_EXT_STAGING, &kStaging},
  };
  for (const auto& [name, table] : all) {
    if (name == id) {
      return table;
    }
  }
  const void* const incoming = incoming_extension(id);
  return incoming != nullptr ? incoming : peer_extension(id);
}

}  // namespace patchbay::testkit
