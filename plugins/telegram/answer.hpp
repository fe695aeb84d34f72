// What the Bot API answered, and what that means:
// https://core.telegram.org/bots/api#making-requests
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <patchbay/sdk/http.hpp>
#include <patchbay/sdk/result.hpp>

#include "telegram/bot_token.hpp"

namespace patchbay::telegram {

struct Answer {
  bool answered = false;  // Telegram said something that we could read
  bool ok = false;
  nlohmann::json result;
  int code = 0;             // error_code, or the HTTP status
  std::string description;  // in Telegram's words, or the transport's; no token
  std::int64_t retry_after_ms = -1;
  std::string migrate_to_chat_id;
  std::int32_t transport_code = PBAY_OK;  // when nothing was answered
  sdk::SentState sent_state = sdk::SentState::kUnknown;

  [[nodiscard]] bool refused(int error_code, std::string_view words) const;
  // Our markup was not understood; the text without markup will be.
  [[nodiscard]] bool cannot_parse() const { return refused(400, "can't parse entities"); }
  // It was larger than the call allowed for.
  [[nodiscard]] bool too_large() const { return !answered && transport_code == PBAY_E_TOO_LARGE; }
  // The token is not (or no longer) one: nothing works until a person acts.
  [[nodiscard]] bool unauthorized() const {
    return answered && !ok && (code == 401 || code == 404);
  }
};

[[nodiscard]] Answer read_answer(const sdk::HttpResponse& response, const BotToken& token);

// What an uncertain request would do if it were made again.
enum class Repeated : std::uint8_t {
  kShowsTwice,  // sends: Telegram has no idempotency key
  kIsHarmless,  // edits, reactions, deletions: they say what shall be
};

// The result for the host, by the class of the error.
[[nodiscard]] sdk::Result result_of(const Answer& answer, Repeated repeated);

}  // namespace patchbay::telegram
