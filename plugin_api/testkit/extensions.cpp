// The extensions that this host lends, other than http: timer, clock, kv, staging, listener,
// webhook.
#include <algorithm>
#include <utility>

#include "fake_host_impl.hpp"
#include "limits.hpp"

namespace patchbay::testkit {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;
using Self = FakeHost::Impl;
using Completion = Self::Completion;

constexpr std::size_t kMaxOpenStaging = 64;
constexpr std::size_t kMaxKvKey = 200;
constexpr std::size_t kMaxKvValue = 64 * 1024;
constexpr std::size_t kMaxQueuedBytes = 1024 * 1024;

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
      if (value.size > kMaxKvValue) {
        self.breach(Rule::kKv, "kv.put: a value of more than 64 KiB");
      }
      self.kv_write(op, sdk::copy(key), [&] {
        self.kv_[sdk::copy(key)] = sdk::copy(value);
        return Completion();
      });
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
        self.kv_[sdk::copy(key)] = sdk::copy(value);
        return Completion();
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
      if (self.staged_.size() >= kMaxOpenStaging) {
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

const pbay_listener kListener = {
    sizeof(pbay_listener),
    0,
    [](const pbay_host* host, pbay_op op, pbay_str name) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "listener.listen");
      if (!sdk::is_instance_name(sdk::view(name))) {
        self.breach(Rule::kConnection, "listener.listen: the name is not [a-z0-9][a-z0-9-]{0,31}");
      }
      self.listeners_[sdk::copy(name)] = op;
      self.complete(op, Completion(PBAY_OK, 0, "/run/fake/" + sdk::copy(name) + ".sock"));
    },
    [](const pbay_host* host, std::uint64_t connection, pbay_str bytes) noexcept -> std::int32_t {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("listener.send");
      const auto found = self.connections_.find(connection);
      if (found == self.connections_.end() || !found->second.open) {
        return PBAY_E_NOT_FOUND;
      }
      if (!found->second.reading || bytes.size > kMaxQueuedBytes) {
        found->second.busy_told = true;
        return PBAY_E_BUSY;
      }
      found->second.received += sdk::view(bytes);
      return PBAY_OK;
    },
    [](const pbay_host* host, std::uint64_t connection) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("listener.hang_up");
      const auto found = self.connections_.find(connection);
      if (found != self.connections_.end() && found->second.open) {
        found->second.open = false;
        self.listener_event(found->second.listener, PBAY_LISTENER_CLOSED, connection, {});
      }
    },
    [](const pbay_host* host, pbay_op op) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("listener.close");
      std::erase_if(self.listeners_, [op](const auto& entry) { return entry.second == op; });
      for (auto& [id, connection] : self.connections_) {
        connection.open = connection.open && connection.listener != op;
      }
    }};

const pbay_webhook kWebhook = {
    sizeof(pbay_webhook), 0,
    [](const pbay_host* host, pbay_op op) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "webhook.open");
      self.webhook_ = op;
      self.complete(op, Completion(PBAY_OK, 0, "https://hooks.example.org/webhook/fake"));
    },
    [](const pbay_host* host, std::uint64_t request, const pbay_webhook_answer* given) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("webhook.respond");
      if (self.open_webhook_requests_.erase(request) == 0) {
        self.breach(Rule::kWebhook, "webhook.respond: request " + std::to_string(request) +
                                        " does not exist or is answered");
        return;
      }
      FakeHost::WebhookAnswer& answer = self.webhook_answers_[request];
      if (!self.check_struct("webhook.respond", given)) {
        answer.status = 500;
        return;
      }
      if (given->status < 200 || given->status > 599) {
        self.breach(Rule::kWebhook,
                    "webhook.respond: " + std::to_string(given->status) + " is no status");
      }
      answer.status = given->status;
      answer.headers = self.headers_of("webhook.respond", given->headers, given->header_count,
                                       given->header_stride, kMostAnswerHeaders);
      answer.body = sdk::copy(given->body);
    },
    [](const pbay_host* host, pbay_op op) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("webhook.close");
      self.webhook_ = self.webhook_ == op ? 0 : self.webhook_;
    }};

}  // namespace

void FakeHost::Impl::kv_write(pbay_op op, const std::string& key,
                              const std::function<Completion()>& write) {
  if (key.empty() || key.size() > kMaxKvKey) {
    breach(Rule::kKv, "kv: a key has 1 to 200 bytes");
  }
  if (failing_kv_writes_ > 0) {
    --failing_kv_writes_;
    complete(op, Completion(kv_failure_, 0, "the test lets this write fail"));
    return;
  }
  complete(op, write());
}

void FakeHost::Impl::listener_event(pbay_op listener, std::uint32_t kind, std::uint64_t connection,
                                    std::string bytes) {
  post([this, listener, kind, connection, bytes = std::move(bytes)] {
    const bool listens = std::any_of(listeners_.begin(), listeners_.end(),
                                     [&](const auto& entry) { return entry.second == listener; });
    if (!listens) {
      return;  // closed in the meantime
    }
    event(listener, [kind, connection, bytes](LentMemory& lent) -> const void* {
      auto out = sdk::make_abi<pbay_listener_event>();
      out.kind = kind;
      out.connection = connection;
      out.data = lent.text(bytes);
      return lent.object(out);
    });
  });
}

const void* FakeHost::Impl::host_extension(std::string_view id) {
  if (std::find(options_.without.begin(), options_.without.end(), id) != options_.without.end()) {
    return nullptr;
  }
  const std::pair<std::string_view, const void*> all[] = {
      {PBAY_EXT_HTTP, &kHttp},       {PBAY_EXT_TIMER, &kTimer},     {PBAY_EXT_CLOCK, &kClock},
      {PBAY_EXT_KV, &kKv},           {PBAY_EXT_STAGING, &kStaging}, {PBAY_EXT_LISTENER, &kListener},
      {PBAY_EXT_WEBHOOK, &kWebhook},
  };
  for (const auto& [name, table] : all) {
    if (name == id) {
      return table;
    }
  }
  return peer_extension(id);
}

}  // namespace patchbay::testkit
