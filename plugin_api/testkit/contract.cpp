// What adapter.h demands of an adapter, checked at each of its calls.
#include <nlohmann/json.hpp>

#include "failure.hpp"
#include "fake_host_impl.hpp"
#include "limits.hpp"
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

void FakeHost::Impl::called(std::string_view function, InCreate in_create) {
  if (stopped_) {
    breach(Rule::kAfterStopped, "it called " + std::string(function) + "() after stopped()");
  }
  if (creating_ && in_create == InCreate::kForbidden) {
    breach(Rule::kQuietCreate, "create() called " + std::string(function) + "()");
  }
}

void FakeHost::Impl::begin(pbay_op op, std::string_view what) {
  called(what);
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

void FakeHost::Impl::check_object(std::string_view where, std::string_view json) {
  bool too_deep = false;
  const auto limit_depth = [&too_deep](int depth, nlohmann::json::parse_event_t event,
                                       nlohmann::json&) {
    const bool opens = event == nlohmann::json::parse_event_t::object_start ||
                       event == nlohmann::json::parse_event_t::array_start;
    too_deep = too_deep || (opens && depth >= kMostJsonDepth);
    return !too_deep;
  };
  const nlohmann::json parsed = nlohmann::json::parse(json, limit_depth, false);
  if (too_deep) {
    breach(Rule::kJson, std::string(where) + " is nested deeper than 64 levels");
  } else if (!parsed.is_object()) {
    breach(Rule::kJson, std::string(where) + " is no JSON object: " + std::string(json));
  }
}

bool FakeHost::Impl::check_struct_shape(std::string_view where, bool is_whole) {
  if (!is_whole) {
    breach(Rule::kStructSize,
           std::string(where) + ": a struct that is NULL, or whose struct_size is not its size");
  }
  return is_whole;
}

void FakeHost::Impl::check_array_shape(std::string_view where, bool is_array, bool has_sizes) {
  std::string what(where);
  if (!is_array) {
    breach(Rule::kArray, what.append(": an array without its elements or their stride"));
  } else if (!has_sizes) {
    breach(Rule::kArray, what.append(": an array whose elements have no struct_size"));
  }
}

void FakeHost::Impl::check_result(pbay_op op, const Operation& operation) {
  const sdk::Result& result = operation.result;
  const std::string where = "op_complete(" + std::to_string(op) + ")";
  check_text(where, result.text);
  for (const std::string& id : result.remote_ids) {
    check_text(where, id);
  }
  if (result.code > 0 || result.code <= -600 || (result.code < 0 && result.code > -100)) {
    breach(Rule::kResult, where + ": code " + std::to_string(result.code) + " is in no class");
  }
  if (result.code != PBAY_OK && result.text.empty()) {
    breach(Rule::kResult, where + ": a failure without words");
  }
  if (!operation.is_delivery) {
    return;  // whether it was sent is no question
  }
  if (static_cast<std::uint32_t>(result.sent_state) > PBAY_SENT ||
      static_cast<std::uint32_t>(result.retry_scope) > PBAY_SCOPE_ACCOUNT) {
    breach(Rule::kResult, where + ": unknown sent_state or retry_scope");
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
