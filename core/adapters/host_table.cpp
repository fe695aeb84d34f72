// The functions that an adapter finds in its pbay_host: each copies what it is given and posts it
// to the core thread.
#include <string_view>
#include <utility>

#include <patchbay/ext/clock.h>
#include <patchbay/ext/http.h>
#include <patchbay/ext/kv.h>
#include <patchbay/ext/listener.h>
#include <patchbay/ext/staging.h>
#include <patchbay/ext/stream.h>
#include <patchbay/ext/timer.h>
#include <patchbay/ext/webhook.h>
#include <patchbay/ext/websocket.h>

#include "adapters/abi_text.hpp"
#include "adapters/bridge.hpp"
#include "adapters/inbound_copy.hpp"
#include "adapters/instance.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace patchbay::adapters {
namespace {

std::string short_text(pbay_str text, std::size_t limit) {
  return base::to_valid_utf8(view(text).substr(0, limit));
}

void log_line(const pbay_host* host, std::uint32_t level, pbay_str message) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->log(level, message);
  }
}

void submit(const pbay_host* host, pbay_op op, const pbay_event* event) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return;
  }
  base::WallTime now;
  bridge->gate().with(
      [&now](const AdapterHostServices& services) { now = services.loop.wall_now(); });
  InboundCopy copied = copy_event(event, bridge->name(), bridge->channel(), now);
  if (bridge->pending_submits.fetch_add(1) >= limits::kPendingSubmits) {
    --bridge->pending_submits;
    bridge->post([op, chat = std::move(copied.event.chat), handles = std::move(copied.staging)](
                     Instance& instance) { instance.submits().refuse(op, chat, handles); });
    return;
  }
  bridge->post([op, copied = std::move(copied)](Instance& instance) mutable {
    instance.submits().submit(op, std::move(copied));
  });
}

void set_state(const pbay_host* host, const pbay_state* given) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return;
  }
  ReportedState reported;
  const auto state = known_part(given);
  if (!state) {
    reported.state = PBAY_STATE_STOPPED + 1;  // none that is known: logged as broken contract
  } else {
    reported.state = state->state;
    reported.reason = short_text(state->reason, limits::kAdapterLogBytes);
    reported.user_action = short_text(state->user_action, limits::kAdapterLogBytes);
    reported.login_code = short_text(state->login_code, limits::kAdapterLogBytes);
    reported.login_code_is_qr = state->login_code_is_qr != 0;
  }
  bridge->post(
      [reported = std::move(reported)](Instance& instance) { instance.report_state(reported); });
}

void op_part(const pbay_host* host, pbay_op op, pbay_op delivery_op, std::uint32_t part,
             pbay_str remote_id, pbay_str cursor) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return;
  }
  PartReport report;
  report.delivery_op = delivery_op;
  report.part = part;
  report.too_large = view(remote_id).size() > limits::kPlatformIdBytes ||
                     view(cursor).size() > limits::kResumeCursorBytes;
  if (!report.too_large) {
    report.remote_id = copy(remote_id);
    report.cursor = copy(cursor);
  }
  bridge->post(
      [op, report = std::move(report)](Instance& instance) { instance.report_part(op, report); });
}

void op_complete(const pbay_host* host, pbay_op op, const pbay_result* result) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return;
  }
  delivery::AttemptOutcome outcome;
  if (const auto known = known_part(result)) {
    outcome = outcome_of(*known);
  } else {
    outcome.outcome = delivery::OutcomeClass::kBug;
    outcome.code = PBAY_E_CONTRACT;
    outcome.text = "the adapter completed without a whole result";
  }
  bridge->post([op, outcome = std::move(outcome)](Instance& instance) {
    instance.complete_for_host(op, outcome);
  });
}

void report(const pbay_host* host, const pbay_report* given) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  const auto told = known_part(given);
  if (bridge == nullptr || !told) {
    return;
  }
  bridge->post([remote_id = short_text(told->remote_id, limits::kPlatformIdBytes),
                key = short_text(told->idempotency_key, limits::kPlatformIdBytes),
                failed = told->state == PBAY_REPORT_FAILED,
                reason = short_text(told->reason, limits::kAdapterLogBytes)](Instance& instance) {
    instance.report_late(remote_id, key, failed, reason);
  });
}

void metadata(const pbay_host* host, pbay_str fact_json) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    // Longer than the limit it is cut, and so no JSON any more: logged as broken contract.
    bridge->post([fact = short_text(fact_json, limits::kQuoteTextBytes)](Instance& instance) {
      instance.report_fact(fact);
    });
  }
}

void chat_reachable(const pbay_host* host, const pbay_chat* chat) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return;
  }
  bridge->post([key = chat_key_of(chat, bridge->name(), bridge->channel())](Instance& instance) {
    if (key.ok()) {
      instance.report_reachable(*key);
    } else {
      instance.violation("chat_reachable(): " + key.status().message());
    }
  });
}

void stopped(const pbay_host* host) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([](Instance& instance) { instance.adapter_stopped(); });
    bridge->close_ears();
  }
}

const void* get_extension(const pbay_host* host, const char* id) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr || id == nullptr) {
    return nullptr;
  }
  const std::string_view wanted = id;
  const void* out = nullptr;
  bridge->gate().with([&](const AdapterHostServices& services) {
    if (wanted == PBAY_EXT_TIMER) {
      out = timer_table();
    } else if (wanted == PBAY_EXT_CLOCK) {
      out = clock_table();
    } else if (wanted == PBAY_EXT_STAGING) {
      out = staging_table();
    } else if (wanted == PBAY_EXT_KV && services.database != nullptr) {
      out = kv_table();
    } else if (wanted == PBAY_EXT_HTTP && services.http != nullptr) {
      bridge->uses_network = true;
      out = http_table();
    } else if (wanted == PBAY_EXT_WEBSOCKET && services.connector != nullptr) {
      bridge->uses_network = true;
      out = websocket_table();
    } else if (wanted == PBAY_EXT_STREAM && services.connector != nullptr) {
      bridge->uses_network = true;
      out = stream_table();
    } else if (wanted == PBAY_EXT_LISTENER && services.sockets != nullptr) {
      out = listener_table();
    } else if (wanted == PBAY_EXT_WEBHOOK) {
      out = webhook_table();
    }
  });
  return out;
}

}  // namespace

pbay_host make_host_table(Bridge* bridge) {
  return {.struct_size = sizeof(pbay_host),
          .minor = PBAY_ABI_MINOR,
          .data = bridge,
          .log = log_line,
          .submit = submit,
          .set_state = set_state,
          .op_part = op_part,
          .op_complete = op_complete,
          .report = report,
          .metadata = metadata,
          .chat_reachable = chat_reachable,
          .stopped = stopped,
          .get_extension = get_extension};
}

}  // namespace patchbay::adapters
