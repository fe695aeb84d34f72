// What passes through an instance: deliveries and questions of the host, and what the adapter says.
#include <nlohmann/json.hpp>
#include <utility>

#include <patchbay/ext/typing.h>

#include "adapters/abi_text.hpp"
#include "adapters/instance.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace patchbay::adapters {

using base::Code;
using base::Status;
using delivery::AttemptOutcome;
using delivery::InstanceState;
using delivery::OutcomeClass;

// ---- asked by the host --------------------------------------------------------------------------

void Instance::deliver(delivery::DeliveryRequest request,
                       base::UniqueFunction<void(AttemptOutcome)> done) {
  if (phase_ != Phase::kRunning) {
    AttemptOutcome outcome;
    outcome.outcome = OutcomeClass::kRetryable;
    outcome.code = PBAY_E_RETRY;
    outcome.sent_state = delivery::SentState::kNotSent;
    outcome.text = "instance " + setup_.name.str() + " does not run";
    setup_.services.loop.post(
        [done = std::move(done), outcome = std::move(outcome)] { done(outcome); });
    return;
  }
  const auto allowed = request.time_allowed > base::Milliseconds(0)
                           ? request.time_allowed
                           : base::Milliseconds(limits::kDeliveryDeadline);
  const base::MonotonicTime deadline = setup_.services.loop.now() + allowed;
  // Shared by the table and the call that is posted.
  const auto image =
      std::make_shared<const OutboundImage>(std::move(request), monotonic_milliseconds(deadline));
  const pbay_op op = ++last_host_op_;
  deliveries_.add(op, image, deadline, std::move(done));
  thread_->call("deliver", [op, image](const pbay_adapter& adapter) {
    adapter.deliver(adapter.self, op, &image->abi());
  });
}

void Instance::limits(store::ChatKind kind, const std::string& chat_id,
                      base::UniqueFunction<void(delivery::ChannelLimits)> done) {
  const CapabilityCache::Chat chat{kind, chat_id};
  const auto known = capabilities_.find(chat, setup_.services.loop.now());
  if (known || phase_ != Phase::kRunning) {
    setup_.services.loop.post(
        [done = std::move(done), limits = known.value_or(delivery::ChannelLimits{})] {
          done(limits);
        });
    return;
  }
  const std::uint64_t question = capabilities_.asked(chat, std::move(done));
  thread_->call("capabilities", [question, chat, bridge = bridge_](const pbay_adapter& adapter) {
    const pbay_chat asked{
        sizeof(pbay_chat), static_cast<std::uint32_t>(chat.first), abi(chat.second), {}};
    pbay_caps caps{};
    caps.struct_size = sizeof(pbay_caps);
    adapter.capabilities(adapter.self, &asked, &caps);
    bridge->post_from_host([question, caps](Instance& instance) {
      instance.capabilities_.answered(question, caps, instance.setup_.services.loop.now());
    });
  });
}

void Instance::show_typing(store::ChatKind kind, const std::string& chat_id,
                           const base::ThreadId& thread) {
  if (phase_ != Phase::kRunning) {
    return;
  }
  thread_->call("typing", [kind, chat_id, thread](const pbay_adapter& adapter) {
    const auto* typing =
        adapter.get_extension == nullptr
            ? nullptr
            : static_cast<const pbay_typing*>(adapter.get_extension(adapter.self, PBAY_EXT_TYPING));
    if (typing == nullptr || typing->struct_size < sizeof(pbay_typing) ||
        typing->typing == nullptr) {
      return;
    }
    const pbay_chat chat{sizeof(pbay_chat), static_cast<std::uint32_t>(kind), abi(chat_id),
                         abi(thread.str())};
    typing->typing(adapter.self, &chat);
  });
}

void Instance::fetch(const std::string& reference,
                     base::UniqueFunction<void(base::Result<std::string>)> done) {
  const std::string name = setup_.name.str();
  Status refused;
  if (phase_ != Phase::kRunning) {
    refused = {Code::kUnavailable, "instance " + name + " does not run"};
  } else if (adapter_.fetch == nullptr) {
    refused = {Code::kNotFound, "the adapter of instance " + name + " cannot fetch files"};
  }
  if (!refused.ok()) {
    setup_.services.loop.post(
        [done = std::move(done), refused = std::move(refused)] { done(refused); });
    return;
  }
  const pbay_op op = ++last_host_op_;
  const auto handle = fetches_.add(op, std::move(done));
  if (handle.ok()) {
    thread_->call("fetch", [op, reference, at = *handle](const pbay_adapter& adapter) {
      adapter.fetch(adapter.self, op, abi(reference), at);
    });
  }
}

void Instance::cancel_host_operation(pbay_op op) {
  http_.cancel_for(op);
  if (answers()) {
    thread_->call("cancel",
                  [op](const pbay_adapter& adapter) { adapter.cancel(adapter.self, op); });
  }
}

// ---- said by the adapter ------------------------------------------------------------------------

void Instance::report_state(const ReportedState& reported) {
  if (phase_ != Phase::kCreating && phase_ != Phase::kRunning) {
    return;  // while it stops, the host knows better
  }
  if (reported.state > PBAY_STATE_STOPPED) {
    violation("set_state() with a state that is not known");
    return;
  }
  set_state(static_cast<InstanceState>(reported.state), base::redact(reported.reason),
            base::redact(reported.user_action), SaidBy::kAdapter);
  if (status_.state == InstanceState::kLoginRequired) {
    status_.login_code = reported.login_code;
    status_.login_code_is_qr = reported.login_code_is_qr;
  }
}

void Instance::report_part(pbay_op op, const PartReport& report) {
  if (!begin(op, "op_part")) {
    return;
  }
  const auto refuse = [this, op](std::int32_t code, const std::string& why) {
    violation("op_part: " + why);
    complete(op, {.code = code, .text = why});
  };
  const delivery::DeliveryRequest* request = deliveries_.request(report.delivery_op);
  if (request == nullptr) {
    refuse(PBAY_E_CONTRACT, "there is no such delivery");
    return;
  }
  if (report.too_large || report.remote_id.empty() || report.part >= limits::kPartsPerDelivery) {
    refuse(PBAY_E_INVALID, "it needs a remote id, and the cursor is at most 1 KiB");
    return;
  }
  if (!deliveries_.is_under_way(report.delivery_op)) {
    // The outcome has been given; that this part is out is evidence all the same.
    setup_.events.on_late_part(request->delivery_id,
                               {report.part, report.remote_id, report.cursor});
    complete(op, {.code = PBAY_E_CANCELLED, .text = "the delivery is over"});
    return;
  }
  // The next attempt is told how many parts are done: a gap or a shift would lose or repeat one.
  if (const std::uint32_t next = deliveries_.next_part(report.delivery_op); report.part != next) {
    refuse(PBAY_E_CONTRACT,
           "part " + std::to_string(report.part) + " where " + std::to_string(next) + " is next");
    return;
  }
  deliveries_.expect_part(report.delivery_op, report.part + 1);
  setup_.events.on_part(
      request->delivery_id, {report.part, report.remote_id, report.cursor},
      [bridge = bridge_, op, report_of = report.delivery_op, part = report.part](bool stored) {
        if (bridge->instance() != nullptr) {
          bridge->instance()->part_recorded(op, report_of, part, stored);
        }
      });
}

void Instance::part_recorded(pbay_op op, pbay_op delivery_op, std::uint32_t part, bool stored) {
  if (stored) {
    complete(op, {});
    return;
  }
  deliveries_.expect_part(delivery_op, part);
  complete(op, {.code = PBAY_E_RETRY, .text = "the part could not be recorded; send no more"});
}

void Instance::complete_for_host(pbay_op op, AttemptOutcome outcome) {
  if (fetches_.complete(op, outcome.code, outcome.text)) {
    return;
  }
  switch (deliveries_.complete(op, std::move(outcome))) {
    case DeliveryTable::Completed::kTaken:
      return;
    case DeliveryTable::Completed::kTooLate:
      violation("op_complete() of operation " + std::to_string(op) + " after its deadline");
      return;
    case DeliveryTable::Completed::kForeign:
      break;
  }
  if (op != 0 && op <= last_host_op_) {
    violation("op_complete() of operation " + std::to_string(op) + " for a second time");
  } else {
    violation("op_complete() of operation " + std::to_string(op) + ", which nobody asked for");
  }
}

void Instance::report_late(const std::string& remote_id, const std::string& key, bool failed,
                           const std::string& reason) {
  if (remote_id.empty() && key.empty()) {
    violation("report() without remote id and key");
    return;
  }
  setup_.events.on_report(setup_.name, remote_id, key, failed, base::redact(reason));
}

void Instance::report_fact(const std::string& fact_json) {
  const auto fact = base::parse_json(fact_json);
  if (!fact.ok() || !fact->is_object()) {
    violation("metadata() that is no JSON object");
    return;
  }
  bridge_->log_within_share(base::LogLevel::kDebug, "adapter.fact",
                            {{"instance", setup_.name.str()}, {"fact", fact_json}});
  if (setup_.metadata) {
    setup_.metadata(setup_.name, fact_json);
  }
}

void Instance::report_reachable(const base::ChatKey& chat) {
  setup_.events.on_chat_reachable(setup_.name, chat);
}

}  // namespace patchbay::adapters
