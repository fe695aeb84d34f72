// Result: how an operation of the host ended. Completion: how one of ours did.
#ifndef PATCHBAY_SDK_RESULT_HPP
#define PATCHBAY_SDK_RESULT_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi.hpp"

namespace patchbay::sdk {

// The values are those of the ABI.
enum class SentState : std::uint32_t {
  kUnknown = PBAY_SENT_UNKNOWN,
  kNotSent = PBAY_NOT_SENT,
  kSent = PBAY_SENT,
};

// The values are those of the ABI.
enum class RetryScope : std::uint32_t {
  kOperation = PBAY_SCOPE_OPERATION,
  kChat = PBAY_SCOPE_CHAT,
  kAccount = PBAY_SCOPE_ACCOUNT,
};

struct [[nodiscard]] Result {
  std::int32_t code = PBAY_OK;
  SentState sent_state = SentState::kUnknown;
  RetryScope retry_scope = RetryScope::kOperation;
  std::int64_t retry_after_ms = -1;  // as the platform said, or -1
  std::string text;                  // for a person: what happened and what to do; no secrets
  std::vector<std::string> remote_ids;

  Result() = default;

  [[nodiscard]] bool ok() const noexcept { return code == PBAY_OK; }

  // It is done. remote_ids: what it made, in the order of parts.
  static Result sent(std::vector<std::string> remote_ids = {}) {
    Result out;
    out.sent_state = SentState::kSent;
    out.remote_ids = std::move(remote_ids);
    return out;
  }
  // Proven: no byte left, or the platform refused.
  static Result not_sent(std::int32_t code, std::string text) {
    Result out;
    out.code = code;
    out.sent_state = SentState::kNotSent;
    out.text = std::move(text);
    return out;
  }
  // It may or may not have happened.
  static Result unknown(std::string text) {
    Result out;
    out.code = PBAY_E_UNKNOWN;
    out.text = std::move(text);
    return out;
  }
  // Refused until later, by the platform's own word.
  static Result rate_limited(std::int64_t retry_after_ms, RetryScope scope, std::string text) {
    Result out = not_sent(PBAY_E_RATE_LIMITED, std::move(text));
    out.retry_after_ms = retry_after_ms;
    out.retry_scope = scope;
    return out;
  }
};

// The C struct of a result, for the time of one call. Points into the result.
class ResultAbi {
 public:
  explicit ResultAbi(const Result& result) {
    ids_.reserve(result.remote_ids.size());
    for (const std::string& id : result.remote_ids) {
      ids_.push_back(to_abi(id));
    }
    out_ = make_abi<pbay_result>();
    out_.code = result.code;
    out_.sent_state = static_cast<std::uint32_t>(result.sent_state);
    out_.retry_scope = static_cast<std::uint32_t>(result.retry_scope);
    out_.retry_after_ms = result.retry_after_ms;
    out_.text = to_abi(result.text);
    out_.remote_ids = ids_.data();
    out_.remote_id_count = static_cast<std::uint32_t>(ids_.size());
    out_.remote_id_stride = sizeof(pbay_str);
  }
  ResultAbi(const ResultAbi&) = delete;
  ResultAbi& operator=(const ResultAbi&) = delete;

  [[nodiscard]] const pbay_result* get() const noexcept { return &out_; }

 private:
  std::vector<pbay_str> ids_;
  pbay_result out_;
};

struct [[nodiscard]] Completion {
  std::int32_t code = PBAY_OK;
  std::uint64_t value = 0;
  std::string text;  // an error in words, or what the extension says

  Completion() = default;
  Completion(std::int32_t result_code, std::string_view words) : code(result_code), text(words) {}
  explicit Completion(const Known<pbay_completion>& completion)
      : code(completion->code), value(completion->value), text(copy(completion->text)) {}

  [[nodiscard]] bool ok() const noexcept { return code == PBAY_OK; }
};

// How a submitted event ended.
struct [[nodiscard]] Submitted : Completion {
  using Completion::Completion;

  // Tell the platform that it was received. When false: submit it again later, unless that is
  // hopeless.
  [[nodiscard]] bool acknowledge() const noexcept { return ok() && value != PBAY_NOT_STORED; }
  // The host will never take this event; see PBAY_NOT_STORED. To submit it again would stop all
  // that is behind it.
  [[nodiscard]] bool hopeless() const noexcept {
    return (code <= PBAY_E_PERMANENT && code > PBAY_E_ACCOUNT) || code <= PBAY_E_BUG;
  }
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_RESULT_HPP
