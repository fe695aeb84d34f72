// What adapter.h demands of an adapter, checked at each of its calls.
#include <nlohmann/json.hpp>

#include "failure.hpp"
#include "fake_host_impl.hpp"
#include "patchbay/sdk/utf8.hpp"

namespace patchbay::testkit {
void FakeHost::Impl::breach(Rule rule, std::string what) {
  if (options_.on_breach) {
    options_.on_breach(Breach{rule, what});
  }
  if (options_.breaches_fail_the_test) {
    const RuleText& text = text_of(rule);
    report_failure("adapter: " + what + "\nrule: " + std::string(text.sentence) + " (" +
                   std::string(text.page) + ")");
  }
  breaches_.push_back(Breach{rule, std::move(what)});
}

void FakeHost::Impl::called(std::string_view function) {
  if (stopped_) {
    breach(Rule::kAfterStopped, "it called " + std::string(function) + "() after stopped()");
  }
}

void FakeHost::Impl::begin(pbay_op op, std::string_view what) {
  called(what);
  if (creating_) {
    breach(Rule::kQuietCreate, "create() began " + std::string(what));
  }
  if (op == 0) {
    breach(Rule::kOperationId, std::string(what) + ": 0 is no operation id");
  } else if (!pending_.emplace(op, what).second) {
    breach(Rule::kOperationId,
           std::string(what) + ": operation id " + std::to_string(op) + " is pending already");
  }
}

void FakeHost::Impl::check_text(std::string_view where, std::string_view text, Secrets secrets) {
  if (!sdk::is_utf8(text)) {
    breach(Rule::kText, std::string(where) + " is not UTF-8");
  }
  for (const std::string& secret : options_.secrets) {
    if (secrets == Secrets::kMustNotBeIn && !secret.empty() &&
        text.find(secret) != std::string_view::npos) {
      breach(Rule::kSecret, std::string(where) + " shows a secret: " + std::string(text));
    }
  }
}

void FakeHost::Impl::check_chat(std::string_view where, const sdk::Chat& chat) {
  if (static_cast<std::uint32_t>(chat.kind) > PBAY_CHAT_CHANNEL) {
    breach(Rule::kChat, std::string(where) + ": unknown kind of chat");
  }
  if (chat.id.empty() || chat.id.size() > sdk::kMaxGroupKeyIdBytes ||
      chat.thread_id.size() > sdk::kMaxGroupKeyIdBytes) {
    breach(Rule::kChat,
           std::string(where) + ": a chat's id has 1 to 200 bytes, a thread's at most 200");
  }
}

void FakeHost::Impl::check_object(std::string_view where, std::string_view json) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object()) {
    breach(Rule::kJson, std::string(where) + " is no JSON object: " + std::string(json));
  }
}

void FakeHost::Impl::check_array_shape(std::string_view where, bool is_array, bool has_sizes) {
  std::string what(where);
  if (!is_array) {
    breach(Rule::kArray, what.append(": an array without its elements or their stride"));
  } else if (!has_sizes) {
    breach(Rule::kArray, what.append(": an array whose elements have no struct_size"));
  }
}

void FakeHost::Impl::check_event(const sdk::Event& event) {
  check_chat("event", event.chat);
  if (static_cast<std::uint32_t>(event.kind) > PBAY_EVENT_COMMAND) {
    breach(Rule::kEvent, "event: unknown kind");
  }
  if (event.event_id.empty() && event.message_id.empty()) {
    breach(Rule::kEvent,
           "event: neither event_id nor message_id, so a repeated one cannot be told");
  }
  if (event.kind == sdk::EventKind::kMessage && event.message_id.empty()) {
    breach(Rule::kEvent, "event: a message without message_id");
  }
  const bool about_another = event.kind == sdk::EventKind::kEdit ||
                             event.kind == sdk::EventKind::kReaction ||
                             event.kind == sdk::EventKind::kDelete;
  if (about_another && event.target_id.empty()) {
    breach(Rule::kEvent, "event: an edit, reaction or deletion without target_id");
  }
  for (const std::string* text :
       {&event.event_id, &event.message_id, &event.target_id, &event.text, &event.chat_name,
        &event.sender.id, &event.sender.name, &event.reply_to_text, &event.extra_json}) {
    check_text("event", *text);
  }
  if (!event.extra_json.empty()) {
    check_object("event: extra_json", event.extra_json);
  }
  for (const sdk::InboundFile& file : event.files) {
    const int given = (file.staging != 0 ? 1 : 0) + (file.reference.empty() ? 0 : 1) +
                      (file.error.empty() ? 0 : 1);
    if (given != 1) {
      breach(Rule::kEvent, "event: a file has exactly one of staging, reference and error");
    }
    if (file.reference.size() > 4096) {
      breach(Rule::kEvent, "event: a file's reference has at most 4096 bytes");
    }
    const auto staged = staged_.find(file.staging);
    if (file.staging != 0 && (staged == staged_.end() || !staged->second.committed)) {
      breach(Rule::kStaging, "event: a file's staging handle is not a committed one");
    }
  }
}

void FakeHost::Impl::check_result(pbay_op op, const sdk::Result& result) {
  const std::string where = "op_complete(" + std::to_string(op) + ")";
  check_text(where, result.text);
  for (const std::string& id : result.remote_ids) {
    check_text(where, id);
  }
  if (static_cast<std::uint32_t>(result.sent_state) > PBAY_SENT ||
      static_cast<std::uint32_t>(result.retry_scope) > PBAY_SCOPE_ACCOUNT) {
    breach(Rule::kResult, where + ": unknown sent_state or retry_scope");
  }
  if (result.code > 0 || result.code <= -600 || (result.code < 0 && result.code > -100)) {
    breach(Rule::kResult, where + ": code " + std::to_string(result.code) + " is in no class");
  }
  if (result.code != PBAY_OK && result.text.empty()) {
    breach(Rule::kResult, where + ": a failure without words");
  }
  if (result.code == PBAY_OK && result.sent_state == sdk::SentState::kNotSent) {
    breach(Rule::kResult, where + ": PBAY_OK and NOT_SENT");
  }
  const bool retryable = result.code <= -100 && result.code > -200;
  if (retryable && result.sent_state == sdk::SentState::kSent) {
    breach(Rule::kResult, where + ": a retryable failure that was sent");
  }
}

}  // namespace patchbay::testkit
