// "patchbay.listener/1" and "patchbay.webhook/1": the test is who comes to the adapter.
#include <algorithm>
#include <utility>

#include "fake_host_impl.hpp"
#include "limits.hpp"

namespace patchbay::testkit {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;
using Self = FakeHost::Impl;
using Completion = Self::Completion;

const pbay_listener kListener = {
    sizeof(pbay_listener),
    0,
    [](const pbay_host* host, pbay_op op, pbay_str name) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.begin(op, "listener.listen");
      self.listen(op, sdk::copy(name));
    },
    [](const pbay_host* host, std::uint64_t connection, pbay_str bytes) noexcept -> std::int32_t {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("listener.send");
      const auto found = self.connections_.find(connection);
      if (found == self.connections_.end() || !found->second.open) {
        return PBAY_E_NOT_FOUND;
      }
      if (!found->second.reading || bytes.size > kMostListenerBytes) {
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
      if (self.webhook_ != 0) {
        self.complete(op, Completion(PBAY_E_BUSY, 0, "the instance's route is open already"));
        return;
      }
      self.webhook_ = op;
      self.complete(op, Completion(PBAY_OK, 0, "https://hooks.example.org/webhook/fake"));
    },
    [](const pbay_host* host, std::uint64_t request, const pbay_webhook_answer* given) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("webhook.respond");
      if (self.late_webhook_requests_.erase(request) != 0) {
        return;  // who asked was told already
      }
      if (self.open_webhook_requests_.erase(request) == 0) {
        self.breach(Rule::kWebhook, "webhook.respond: request " + std::to_string(request) +
                                        " does not exist or is answered");
        return;
      }
      self.webhook_answers_[request] = self.webhook_answer(given);
    },
    [](const pbay_host* host, pbay_op op) noexcept {
      Self& self = Self::of(host);
      const Lock lock(self.mutex_);
      self.called("webhook.close");
      if (self.webhook_ != op) {
        return;
      }
      self.webhook_ = 0;
      for (const std::uint64_t request : self.open_webhook_requests_) {
        self.webhook_answers_[request].status = 503;
      }
      self.late_webhook_requests_.merge(self.open_webhook_requests_);
    }};

}  // namespace

// As core/adapters/listener_extension.cpp judges, in that order.
Completion FakeHost::Impl::listener_refused(const std::string& name) {
  if (listeners_.size() >= kMostListeners) {
    return Completion(PBAY_E_BUSY, 0,
                      "the instance listens on 4 sockets already, which is the most");
  }
  if (!sdk::is_instance_name(name)) {
    breach(Rule::kConnection, "listener.listen: the name is not [a-z0-9][a-z0-9-]{0,31}");
    return Completion(PBAY_E_INVALID, 0, "a listener's name is [a-z0-9][a-z0-9-]{0,31}");
  }
  if (!instance_.empty() && name != instance_ && !name.starts_with(instance_ + "-")) {
    const std::string words = "instance '" + instance_ + "' may listen on '" + instance_ +
                              "' and '" + instance_ + "-…' only, not on '" + name + "'";
    breach(Rule::kConnection, "listener.listen: " + words);
    return Completion(PBAY_E_FORBIDDEN, 0, words);
  }
  if (listeners_.count(name) != 0) {
    return Completion(PBAY_E_BUSY, 0, "somebody listens on '" + name + "' already");
  }
  return Completion();
}

void FakeHost::Impl::listen(pbay_op op, const std::string& name) {
  if (Completion refused = listener_refused(name); refused.code != PBAY_OK) {
    complete(op, std::move(refused));
    return;
  }
  listeners_[name] = op;
  complete(op, Completion(PBAY_OK, 0, "/run/fake/" + name + ".sock"));
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

FakeHost::WebhookAnswer FakeHost::Impl::webhook_answer(const pbay_webhook_answer* given) {
  WebhookAnswer out;
  out.status = 500;
  if (!check_struct("webhook.respond", given)) {
    return out;
  }
  const bool is_status = given->status >= 200 && given->status <= 599;
  if (!is_status) {
    breach(Rule::kWebhook, "webhook.respond: " + std::to_string(given->status) + " is no status");
  }
  auto headers = headers_of("webhook.respond", given->headers, given->header_count,
                            given->header_stride, kMostAnswerHeaders);
  if (is_status && headers) {
    out.status = given->status;
    out.headers = std::move(*headers);
    out.body = sdk::copy(given->body);
  }
  return out;
}

const void* FakeHost::Impl::incoming_extension(std::string_view id) {
  return id == PBAY_EXT_LISTENER  ? static_cast<const void*>(&kListener)
         : id == PBAY_EXT_WEBHOOK ? static_cast<const void*>(&kWebhook)
                                  : nullptr;
}

}  // namespace patchbay::testkit
