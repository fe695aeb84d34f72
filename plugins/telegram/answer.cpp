#include "telegram/answer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/json_value.hpp"
#include "common/utf.hpp"

namespace patchbay::telegram {
namespace {

using sdk::Result;
using sdk::RetryScope;
using sdk::SentState;

constexpr std::size_t kDescriptionBytes = 300;

struct Refusal {
  std::string_view words;  // in Telegram's description, lower case
  std::int32_t code;
  std::string_view remedy;
};

// The descriptions are those of tdlib/telegram-bot-api and tdlib/td, which the cloud runs.
constexpr auto kRefusals = std::to_array<Refusal>({
    {"message thread not found", PBAY_E_CHAT_NOT_FOUND, "the topic was deleted"},
    {"topic_closed", PBAY_E_FORBIDDEN, "the topic is closed; reopen it, or make the bot an admin"},
    {"topic_deleted", PBAY_E_CHAT_NOT_FOUND, "the topic was deleted"},
    {"chat not found", PBAY_E_CHAT_NOT_FOUND,
     "the chat is gone, or the person never wrote to the bot; ask them to press Start"},
    {"message to edit not found", PBAY_E_TARGET_NOT_FOUND, "the message is gone"},
    {"message to react not found", PBAY_E_TARGET_NOT_FOUND, "the message is gone"},
    {"message to delete not found", PBAY_E_TARGET_NOT_FOUND, "the message is gone"},
    {"message_id_invalid", PBAY_E_TARGET_NOT_FOUND, "there is no such message in this chat"},
    {"message identifier is not specified", PBAY_E_TARGET_NOT_FOUND, "the message id is no number"},
    {"message can't be edited", PBAY_E_FORBIDDEN, "only the bot's own messages can be edited"},
    {"message can't be deleted", PBAY_E_FORBIDDEN,
     "it is older than 48 hours, or the bot may not delete here"},
    {"reaction_invalid", PBAY_E_REJECTED,
     "Telegram lets bots react only with the emoji of its own list, such as 👍 👎 ❤ 🔥 👏 🎉"},
    {"not enough rights", PBAY_E_FORBIDDEN, "let the bot write here, in the group's permissions"},
    {"chat_write_forbidden", PBAY_E_FORBIDDEN,
     "let the bot write here, in the group's permissions"},
    {"need administrator rights", PBAY_E_FORBIDDEN, "make the bot an admin of the channel"},
    {"have no rights to send", PBAY_E_FORBIDDEN,
     "let the bot write here, in the group's permissions"},
    {"file is too big", PBAY_E_TOO_LARGE, "send a smaller file, or a link"},
    {"request entity too large", PBAY_E_TOO_LARGE, "send a smaller file, or a link"},
    {"file must be non-empty", PBAY_E_REJECTED, "the file is empty"},
    {"message text is empty", PBAY_E_REJECTED, "there is no visible text in it"},
    {"is too long", PBAY_E_TOO_LARGE, "the text is longer than Telegram takes"},
    {"button_data_invalid", PBAY_E_REJECTED, "a button of the question cannot be shown"},
});

std::string words_of(const Answer& answer, std::string_view remedy) {
  std::string out = "Telegram refused: " + answer.description;
  return remedy.empty() ? out : out + " (" + std::string(remedy) + ")";
}

Result unanswered(const Answer& answer, Repeated repeated) {
  const std::string words = "Telegram could not be reached: " + answer.description;
  if (answer.sent_state == SentState::kNotSent) {
    return Result::not_sent(answer.transport_code, words);
  }
  if (repeated == Repeated::kShowsTwice) {
    return Result::unknown("no answer from Telegram, so it may have been sent: " +
                           answer.description);
  }
  Result out = Result::unknown(words);
  out.code = PBAY_E_NETWORK;  // doing it again does no harm
  return out;
}

// A refusal that Telegram words as its own failure did nothing, but for one: a server that restarts
// ends requests that it may have passed on. A gateway's page (no answer in Telegram's form) proves
// nothing and is handled as unanswered.
Result server_failure(const Answer& answer, Repeated repeated) {
  if (answer.refused(500, "restart") && repeated == Repeated::kShowsTwice) {
    return Result::unknown("Telegram restarted, so it may have been sent: " + answer.description);
  }
  return Result::not_sent(PBAY_E_SERVER, words_of(answer, "it will be tried again"));
}

Result forbidden(const Answer& answer) {
  std::string_view remedy = "the bot may not write there";
  if (answer.refused(403, "blocked by the user")) {
    remedy = "the person blocked the bot; only they can unblock it";
  } else if (answer.refused(403, "deactivated")) {
    remedy = "the person's account is gone";
  } else if (answer.refused(403, "kicked") || answer.refused(403, "not a member")) {
    remedy = "add the bot to the chat again";
  } else if (answer.refused(403, "can't initiate")) {
    remedy = "the person has to write to the bot first";
  }
  return Result::not_sent(PBAY_E_FORBIDDEN, words_of(answer, remedy));
}

Result bad_request(const Answer& answer) {
  for (const Refusal& refusal : kRefusals) {
    if (answer.refused(answer.code, refusal.words)) {
      return Result::not_sent(refusal.code, words_of(answer, refusal.remedy));
    }
  }
  return Result::not_sent(PBAY_E_REJECTED, words_of(answer, {}));
}

std::int64_t retry_after_of(const nlohmann::json& body, const sdk::HttpResponse& response) {
  const nlohmann::json& seconds = common::member(common::member(body, "parameters"), "retry_after");
  if (seconds.is_number() && seconds.get<double>() >= 0 && seconds.get<double>() < 1e9) {
    return std::llround(seconds.get<double>() * 1000);
  }
  return response.retry_after_ms();
}

}  // namespace

bool Answer::refused(int error_code, std::string_view words) const {
  return answered && !ok && code == error_code &&
         common::to_lower(description).find(words) != std::string::npos;
}

Answer read_answer(const sdk::HttpResponse& response, const BotToken& token) {
  Answer out;
  out.sent_state = response.sent_state;
  out.transport_code = response.code;
  out.code = static_cast<int>(response.status);
  if (!response.answered()) {
    out.description = token.redact(response.error);
    return out;
  }
  const auto body = common::parse_json(response.body);
  if (!body || !common::member(*body, "ok").is_boolean()) {
    out.transport_code = PBAY_E_NETWORK;
    out.description =
        "HTTP " + std::to_string(response.status) + " without an answer in Telegram's form";
    return out;
  }
  out.answered = true;
  out.ok = common::flag_of(*body, "ok");
  out.result = common::member(*body, "result");
  if (!out.ok) {
    out.sent_state = SentState::kNotSent;
    out.code = static_cast<int>(common::integer_of(*body, "error_code", out.code));
    const std::string words = token.redact(common::string_of(*body, "description"));
    out.description = common::prefix_within(words, kDescriptionBytes, common::TextUnit::kBytes);
    out.retry_after_ms = retry_after_of(*body, response);
    out.migrate_to_chat_id =
        common::id_of(common::member(*body, "parameters"), "migrate_to_chat_id");
  }
  return out;
}

Result result_of(const Answer& answer, Repeated repeated) {
  if (answer.ok) {
    return Result::sent();
  }
  if (!answer.answered) {
    return unanswered(answer, repeated);
  }
  if (answer.code >= 500) {
    return server_failure(answer, repeated);
  }
  switch (answer.code) {
    case 429:
      // Telegram does not say what it limits; what we exceed in practice is a chat's rate.
      return Result::rate_limited(answer.retry_after_ms, RetryScope::kChat, words_of(answer, {}));
    case 401:
    case 404:
      return Result::not_sent(PBAY_E_UNAUTHORIZED,
                              words_of(answer, "get a new token from @BotFather"));
    case 403:
      return forbidden(answer);
    case 409:
      return Result::not_sent(PBAY_E_CONFLICT, words_of(answer, "another program uses this bot"));
    default:
      return bad_request(answer);
  }
}

}  // namespace patchbay::telegram
