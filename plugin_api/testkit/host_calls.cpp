// The functions of pbay_host.
#include <utility>

#include "fake_host_impl.hpp"
#include "limits.hpp"

namespace patchbay::testkit {

using Lock = std::lock_guard<std::recursive_mutex>;

void FakeHost::Impl::fill_host_table() {
  host_ = sdk::make_abi<pbay_host>();
  host_.minor = PBAY_ABI_MINOR;
  host_.data = this;
  host_.log = [](const pbay_host* host, std::uint32_t level, pbay_str message) noexcept {
    Impl& self = of(host);
    const Lock lock(self.mutex_);
    self.called("log", InCreate::kAllowed);
    LogLine line{level, sdk::copy(message)};
    self.check_text("log", line.text);
    if (level > PBAY_LOG_ERROR) {
      self.breach(Rule::kLog, "log: level " + std::to_string(level) + " is none");
    }
    if (line.text.find('\n') != std::string::npos) {
      self.breach(Rule::kLog, "log: a line holds a newline: " + line.text);
    }
    self.log_.push_back(std::move(line));
  };
  host_.submit = [](const pbay_host* host, pbay_op op, const pbay_event* event) noexcept {
    const Lock lock(of(host).mutex_);
    of(host).submit(op, event);
  };
  host_.set_state = [](const pbay_host* host, const pbay_state* state) noexcept {
    Impl& self = of(host);
    const Lock lock(self.mutex_);
    self.called("set_state", InCreate::kAllowed);
    if (!self.check_struct("set_state", state)) {
      return;
    }
    const sdk::State& kept = self.states_.emplace_back(*state);
    self.check_text("state", kept.reason);
    self.check_text("state", kept.user_action);
    if (state->state > PBAY_STATE_STOPPED) {
      self.breach(Rule::kState, "set_state: unknown state");
    }
  };
  host_.op_part = [](const pbay_host* host, pbay_op op, pbay_op delivery_op, std::uint32_t part,
                     pbay_str remote_id, pbay_str cursor) noexcept {
    const Lock lock(of(host).mutex_);
    of(host).op_part(op, SentPart{delivery_op, part, sdk::copy(remote_id), sdk::copy(cursor)});
  };
  host_.op_complete = [](const pbay_host* host, pbay_op op, const pbay_result* result) noexcept {
    const Lock lock(of(host).mutex_);
    of(host).op_complete(op, result);
  };
  host_.report = [](const pbay_host* host, const pbay_report* report) noexcept {
    Impl& self = of(host);
    const Lock lock(self.mutex_);
    self.called("report");
    if (!self.check_struct("report", report)) {
      return;
    }
    self.reports_.push_back(Report{report->state, sdk::copy(report->remote_id),
                                   sdk::copy(report->idempotency_key), sdk::copy(report->reason)});
    if ((report->remote_id.size == 0) == (report->idempotency_key.size == 0)) {
      self.breach(Rule::kReport,
                  "report: exactly one of remote_id and idempotency_key names the message");
    }
    if (report->state > PBAY_REPORT_FAILED) {
      self.breach(Rule::kReport, "report: unknown state");
    }
    self.check_text("report", self.reports_.back().reason);
  };
  host_.metadata = [](const pbay_host* host, pbay_str fact) noexcept {
    Impl& self = of(host);
    const Lock lock(self.mutex_);
    self.called("metadata", InCreate::kAllowed);
    self.check_size(Rule::kJson, "metadata", fact.size, kMostFactBytes);
    self.check_object("metadata", sdk::view(fact));
    self.facts_.push_back(sdk::copy(fact));
  };
  host_.chat_reachable = [](const pbay_host* host, const pbay_chat* chat) noexcept {
    Impl& self = of(host);
    const Lock lock(self.mutex_);
    self.called("chat_reachable");
    self.check_struct("chat_reachable", chat);
    self.check_chat("chat_reachable", self.reachable_.emplace_back(chat));
  };
  host_.stopped = [](const pbay_host* host) noexcept {
    const Lock lock(of(host).mutex_);
    of(host).set_stopped();
  };
  host_.get_extension = [](const pbay_host* host, const char* id) noexcept {
    const Lock lock(of(host).mutex_);
    of(host).called("get_extension", InCreate::kAllowed);
    return of(host).host_extension(id);
  };
}

void FakeHost::Impl::submit(pbay_op op, const pbay_event* event) {
  begin(op, "submit");
  const bool is_whole =
      check_struct("submit", event) && check_struct("submit: the chat", event->chat) &&
      (event->sender == nullptr || check_struct("submit: the sender", event->sender)) &&
      check_array("submit: files", event->files, event->file_count, event->file_stride);
  if (!is_whole) {
    complete(op, Completion(PBAY_E_INVALID, PBAY_NOT_STORED, "the event is incomplete"));
    return;
  }
  const sdk::Event& kept = events_.emplace_back(*event);
  check_event(kept);
  for (const sdk::InboundFile& file : kept.files) {
    if (auto staged = staged_.extract(file.staging); !staged.empty()) {
      taken_[file.staging] = std::move(staged.mapped().bytes);
    }
  }
  const std::string chat =
      std::to_string(static_cast<std::uint32_t>(kept.chat.kind)) + ":" + kept.chat.id;
  SubmitAnswer answer;
  if (held_back_.contains(chat)) {
    answer = {PBAY_E_BUSY, PBAY_NOT_STORED};  // it may not pass the one before it
  } else if (on_submit_) {
    answer = on_submit_(kept);
  }
  Completion completion(answer.code, answer.value);
  sdk::Submitted submitted(answer.code, "");
  submitted.value = answer.value;
  if (!submitted.acknowledge() && !submitted.hopeless()) {  // it comes again
    held_back_.insert(chat);
    completion.first = [this, chat] { held_back_.erase(held_back_.find(chat)); };
  }
  const auto finish = [this, op, completion] { complete(op, completion); };
  if (hold_submits_) {
    held_submits_.emplace_back(finish);
  } else {
    finish();
  }
}

void FakeHost::Impl::op_part(pbay_op op, SentPart part) {
  begin(op, "op_part");
  const std::string where = "op_part of delivery " + std::to_string(part.delivery);
  const auto found = operations_.find(part.delivery);
  if (found == operations_.end() || !found->second.is_delivery || found->second.done) {
    breach(Rule::kParts, where + ": there is no such delivery, or it is completed");
  } else {
    Operation& delivery = found->second;
    if (delivery.part_op != 0) {
      breach(Rule::kParts, where + ": the part before is not durable yet");
    }
    if (part.part >= kMostParts) {
      breach(Rule::kParts, where + ": part " + std::to_string(part.part) + ", and a delivery has " +
                               std::to_string(kMostParts) + " at most");
    }
    if (part.part != delivery.next_part) {
      breach(Rule::kParts, where + ": part " + std::to_string(part.part) + " where " +
                               std::to_string(delivery.next_part) + " is next");
    }
    delivery.next_part = part.part + 1;
    delivery.part_op = op;
  }
  if (part.remote_id.empty()) {
    breach(Rule::kParts, where + ": it needs the platform's id of the part");
  }
  check_size(Rule::kParts, where + ": the cursor", part.cursor.size(), kMostCursorBytes);
  check_size(Rule::kParts, where + ": the remote id", part.remote_id.size(), kMostIdBytes);
  check_text(where, part.remote_id);
  const pbay_op delivery_op = part.delivery;
  parts_.push_back(std::move(part));
  const auto finish = [this, op, delivery_op] {
    post([this, op, delivery_op] {
      if (const auto at = operations_.find(delivery_op);
          at != operations_.end() && at->second.part_op == op) {
        at->second.part_op = 0;
      }
    });
    complete(op, Completion());
  };
  if (hold_parts_) {
    held_parts_.emplace_back(finish);
  } else {
    finish();
  }
}

void FakeHost::Impl::op_complete(pbay_op op, const pbay_result* given) {
  called("op_complete");
  if (!check_struct("op_complete", given)) {
    return;
  }
  const pbay_result& result = *given;
  const auto found = operations_.find(op);
  if (found == operations_.end()) {
    breach(Rule::kOneCompletion,
           "op_complete of " + std::to_string(op) + ", which the host never asked for");
    return;
  }
  Operation& operation = found->second;
  if (operation.done) {
    breach(Rule::kOneCompletion,
           "op_complete of " + std::to_string(op) + " (" + operation.what + ") a second time");
    return;
  }
  operation.done = true;
  operation.result.code = result.code;
  operation.result.sent_state = static_cast<sdk::SentState>(result.sent_state);
  operation.result.retry_scope = static_cast<sdk::RetryScope>(result.retry_scope);
  operation.result.retry_after_ms = result.retry_after_ms;
  operation.result.text = sdk::copy(result.text);
  operation.result.remote_ids =
      sdk::copy_strings(result.remote_ids, result.remote_id_count, result.remote_id_stride);
  check_result(op, operation);
  if (operation.staging != 0) {  // of a fetch
    auto staged = staged_.extract(operation.staging);
    if (result.code == PBAY_OK && (staged.empty() || !staged.mapped().committed)) {
      breach(Rule::kStaging, "a fetch ended with PBAY_OK before its staging handle was committed");
    }
    if (!staged.empty()) {
      taken_[operation.staging] = std::move(staged.mapped().bytes);
    }
  }
  forget(operation.deadline_timer);
  close_lent(std::exchange(operation.descriptors, {}));
}

pbay_op FakeHost::Impl::ask(std::string what, std::int64_t allowed_ms) {
  const pbay_op op = ++last_op_;
  Operation& operation = operations_[op];
  operation.what = std::move(what);
  if (allowed_ms > 0) {
    // After it: what ends at the very deadline is in time.
    operation.deadline_timer = at(now_ms_ + allowed_ms + 1, [this, op] {
      breach(Rule::kMissingCompletion, operations_[op].what + " " + std::to_string(op) +
                                           " was not completed by its deadline");
    });
  }
  return op;
}

void FakeHost::Impl::set_stopped() {
  called("stopped");
  if (!stop_asked_) {
    breach(Rule::kStop, "stopped() without stop()");
  }
  for (const auto& [op, what] : pending_) {
    breach(Rule::kStop,
           "stopped() while its operation " + std::to_string(op) + " (" + what + ") is pending");
  }
  for (const auto& [op, operation] : operations_) {
    if (!operation.done) {
      breach(Rule::kMissingCompletion,
             "stopped() without the completion of " + operation.what + " " + std::to_string(op));
    }
  }
  stopped_ = true;
}

}  // namespace patchbay::testkit
