// What a test does to the host's services: submissions, files, sockets, webhooks.
#include <algorithm>
#include <utility>

#include "fake_host_impl.hpp"
#include "limits.hpp"

namespace patchbay::testkit {
void FakeHost::Impl::release(std::vector<std::function<void()>>& held, bool& hold) {
  hold = false;
  for (const auto& finish : std::exchange(held, {})) {
    finish();
  }
}

void FakeHost::on_submit(std::function<SubmitAnswer(const sdk::Event&)> decide) {
  impl_->on_submit_ = std::move(decide);
}
void FakeHost::hold_submits() { impl_->hold_submits_ = true; }
void FakeHost::release_submits() {
  impl_->release(impl_->held_submits_, impl_->hold_submits_);
  impl_->run_ready();
}
void FakeHost::hold_parts() { impl_->hold_parts_ = true; }
void FakeHost::release_parts() {
  impl_->release(impl_->held_parts_, impl_->hold_parts_);
  impl_->run_ready();
}
void FakeHost::fail_kv_writes(int count, std::int32_t code) {
  impl_->failing_kv_writes_ = count;
  impl_->kv_failure_ = code;
}
void FakeHost::fail_kv_reads(int count, std::int32_t code) {
  impl_->failing_kv_reads_ = count;
  impl_->kv_read_failure_ = code;
}

const std::string* FakeHost::staged(std::uint64_t handle) const {
  if (const auto found = impl_->staged_.find(handle); found != impl_->staged_.end()) {
    return &found->second.bytes;
  }
  const auto taken = impl_->taken_.find(handle);
  return taken != impl_->taken_.end() ? &taken->second : nullptr;
}
std::size_t FakeHost::open_staging() const { return impl_->staged_.size(); }

// ---- listener ----

std::vector<std::string> FakeHost::listeners() const {
  std::vector<std::string> out;
  for (const auto& [name, op] : impl_->listeners_) {
    out.push_back(name);
  }
  return out;
}

std::uint64_t FakeHost::connect(std::string_view listener) {
  const auto found = impl_->listeners_.find(listener);
  if (found == impl_->listeners_.end()) {
    impl_->breach(Rule::kScript, "it does not listen on '" + std::string(listener) + "'");
    return 0;
  }
  const std::uint64_t connection = ++impl_->last_handle_;
  impl_->connections_[connection].listener = found->second;
  impl_->listener_event(found->second, PBAY_LISTENER_ACCEPTED, connection, {});
  impl_->run_ready();
  return connection;
}

void FakeHost::send(std::uint64_t connection, std::string_view bytes) {
  const Impl::Connection& at = impl_->connections_.at(connection);
  if (at.open) {
    impl_->listener_event(at.listener, PBAY_LISTENER_DATA, connection, std::string(bytes));
    impl_->run_ready();
  }
}

void FakeHost::hang_up(std::uint64_t connection) {
  Impl::Connection& at = impl_->connections_.at(connection);
  if (std::exchange(at.open, false)) {
    impl_->listener_event(at.listener, PBAY_LISTENER_CLOSED, connection, {});
    impl_->run_ready();
  }
}

std::string FakeHost::received(std::uint64_t connection) const {
  return impl_->connections_.at(connection).received;
}
bool FakeHost::open(std::uint64_t connection) const {
  const auto found = impl_->connections_.find(connection);
  return found != impl_->connections_.end() && found->second.open;
}
void FakeHost::stop_reading(std::uint64_t connection) {
  impl_->connections_.at(connection).reading = false;
}
void FakeHost::resume_reading(std::uint64_t connection) {
  Impl::Connection& at = impl_->connections_.at(connection);
  at.reading = true;
  if (std::exchange(at.busy_told, false) && at.open) {
    impl_->listener_event(at.listener, PBAY_LISTENER_WRITABLE, connection, {});
    impl_->run_ready();
  }
}

// ---- webhook ----

bool FakeHost::has_webhook() const noexcept { return impl_->webhook_ != 0; }

std::uint64_t FakeHost::webhook(const std::string& method, const std::string& target,
                                const std::vector<sdk::Header>& headers, const std::string& body) {
  const std::uint64_t request = ++impl_->last_handle_;
  if (impl_->webhook_ == 0) {
    impl_->breach(Rule::kScript, "it has no webhook open");
    return request;
  }
  impl_->open_webhook_requests_.insert(request);
  impl_->at(impl_->now_ms_ + kWebhookAnswer.count(), [this, request] {
    if (!impl_->stopped_ && impl_->open_webhook_requests_.erase(request) != 0) {
      impl_->breach(Rule::kWebhook,
                    "webhook request " + std::to_string(request) + " was not answered in 10 s");
      impl_->webhook_answers_[request].status = 503;
    }
  });
  impl_->event(impl_->webhook_, [=](LentMemory& lent) -> const void* {
    std::vector<pbay_header> abi_headers;
    for (const sdk::Header& header : headers) {
      auto& added = abi_headers.emplace_back(sdk::make_abi<pbay_header>());
      added.name = lent.text(header.name);
      added.value = lent.text(header.value);
    }
    auto out = sdk::make_abi<pbay_webhook_request>();
    out.request = request;
    out.method = lent.text(method);
    out.target = lent.text(target);
    out.headers = lent.array(abi_headers, out.header_stride);
    out.header_count = static_cast<std::uint32_t>(abi_headers.size());
    out.body = lent.text(body);
    return lent.object(out);
  });
  impl_->run_ready();
  return request;
}

const FakeHost::WebhookAnswer* FakeHost::webhook_answer(std::uint64_t request) const {
  const auto found = impl_->webhook_answers_.find(request);
  return found != impl_->webhook_answers_.end() ? &found->second : nullptr;
}

}  // namespace patchbay::testkit
