#include "telegram/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::telegram {
namespace {

using sdk::HttpResponse;
using sdk::Result;
using sdk::RetryScope;
using sdk::SentState;
using testing::HasSubstr;

const BotToken& token() {
  static const BotToken kToken("1:AAHdqTcvCH1vGWJx");
  return kToken;
}

HttpResponse http(std::uint32_t status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.sent_state = SentState::kSent;
  response.body = std::move(body);
  return response;
}

Answer refusal(int code, const std::string& description, const std::string& parameters = "{}") {
  return read_answer(
      http(static_cast<std::uint32_t>(code), R"({"ok":false,"error_code":)" + std::to_string(code) +
                                                 R"(,"description":")" + description +
                                                 R"(","parameters":)" + parameters + "}"),
      token());
}

TEST(Answer, RefusalsHaveTheirClass) {
  const std::tuple<int, const char*, std::int32_t> cases[] = {
      {400, "Bad Request: chat not found", PBAY_E_CHAT_NOT_FOUND},
      {400, "Bad Request: message thread not found", PBAY_E_CHAT_NOT_FOUND},
      {400, "Bad Request: TOPIC_CLOSED", PBAY_E_FORBIDDEN},
      {400, "Bad Request: message to edit not found", PBAY_E_TARGET_NOT_FOUND},
      {400, "Bad Request: message can't be deleted for everyone", PBAY_E_FORBIDDEN},
      {400, "Bad Request: REACTION_INVALID", PBAY_E_REJECTED},
      {400, "Bad Request: message is too long", PBAY_E_TOO_LARGE},
      {400, "Bad Request: message text is empty", PBAY_E_REJECTED},
      {400, "Bad Request: file is too big", PBAY_E_TOO_LARGE},
      {400, "Bad Request: something that is new", PBAY_E_REJECTED},
      {400, "Bad Request: not enough rights to send text messages to the chat", PBAY_E_FORBIDDEN},
      {413, "Request Entity Too Large", PBAY_E_TOO_LARGE},
      {403, "Forbidden: bot was blocked by the user", PBAY_E_FORBIDDEN},
      {403, "Forbidden: bot was kicked from the supergroup chat", PBAY_E_FORBIDDEN},
      {403, "Forbidden: user is deactivated", PBAY_E_FORBIDDEN},
      {403, "Forbidden: bot is not a member of the channel chat", PBAY_E_FORBIDDEN},
      {401, "Unauthorized", PBAY_E_UNAUTHORIZED},
      {404, "Not Found", PBAY_E_UNAUTHORIZED},
      {409, "Conflict: terminated by other getUpdates request", PBAY_E_CONFLICT},
      {500, "Internal Server Error", PBAY_E_SERVER},
      {502, "Bad Gateway", PBAY_E_SERVER},
  };
  for (const auto& [code, description, expected] : cases) {
    const Result result = result_of(refusal(code, description), Repeated::kShowsTwice);
    EXPECT_EQ(result.code, expected) << description;
    EXPECT_EQ(result.sent_state, SentState::kNotSent) << description;
    EXPECT_THAT(result.text, HasSubstr(description));
  }
}

TEST(Answer, RateLimitIsToTheMillisecond) {
  const Result whole =
      result_of(refusal(429, "Too Many Requests: retry after 14", R"({"retry_after":14})"),
                Repeated::kShowsTwice);
  EXPECT_EQ(whole.code, PBAY_E_RATE_LIMITED);
  EXPECT_EQ(whole.retry_after_ms, 14'000);
  EXPECT_EQ(whole.retry_scope, RetryScope::kChat);
  EXPECT_EQ(refusal(429, "Too Many Requests", R"({"retry_after":0.25})").retry_after_ms, 250);

  HttpResponse by_header =
      http(429, R"({"ok":false,"error_code":429,"description":"Too Many Requests"})");
  by_header.headers.emplace_back("retry-after", "3");
  EXPECT_EQ(read_answer(by_header, token()).retry_after_ms, 3'000);
  EXPECT_EQ(refusal(429, "Too Many Requests").retry_after_ms, -1);
}

TEST(Answer, SilenceIsJudgedByWhatLeft) {
  HttpResponse cut(PBAY_E_CUT, "connection reset");
  EXPECT_EQ(result_of(read_answer(cut, token()), Repeated::kShowsTwice).sent_state,
            SentState::kNotSent);
  cut.sent_state = SentState::kUnknown;
  const Result send = result_of(read_answer(cut, token()), Repeated::kShowsTwice);
  EXPECT_EQ(send.code, PBAY_E_UNKNOWN);
  EXPECT_EQ(send.sent_state, SentState::kUnknown);
  const Result edit = result_of(read_answer(cut, token()), Repeated::kIsHarmless);
  EXPECT_EQ(edit.code, PBAY_E_NETWORK);  // retryable: it may be done again
  EXPECT_EQ(edit.sent_state, SentState::kUnknown);
}

TEST(Answer, AGatewaysPageProvesNothing) {
  const Result result =
      result_of(read_answer(http(502, "<html>Bad Gateway</html>"), token()), Repeated::kShowsTwice);
  EXPECT_EQ(result.code, PBAY_E_UNKNOWN);
  EXPECT_THAT(result.text, HasSubstr("HTTP 502"));
  EXPECT_EQ(result_of(read_answer(http(200, "{}"), token()), Repeated::kShowsTwice).code,
            PBAY_E_UNKNOWN);
}

TEST(Answer, ARestartingServerMayHaveSent) {
  const Answer restart = refusal(500, "Internal Server Error: restart");
  EXPECT_EQ(result_of(restart, Repeated::kShowsTwice).code, PBAY_E_UNKNOWN);
  EXPECT_EQ(result_of(restart, Repeated::kIsHarmless).code, PBAY_E_SERVER);
}

TEST(Answer, MovedGroupsNameTheirNewId) {
  const Answer moved = refusal(400, "Bad Request: group chat was upgraded to a supergroup chat",
                               R"({"migrate_to_chat_id":-1004021004021})");
  EXPECT_EQ(moved.migrate_to_chat_id, "-1004021004021");
}

TEST(Answer, TokensInWordsAreTakenOut) {
  const HttpResponse failed(PBAY_E_NETWORK,
                            "cannot reach https://e.org/bot1:AAHdqTcvCH1vGWJx/getMe");
  EXPECT_THAT(result_of(read_answer(failed, token()), Repeated::kShowsTwice).text,
              testing::Not(HasSubstr("AAHdqTcvCH1vGWJx")));
  EXPECT_THAT(refusal(400, "no 1:AAHdqTcvCH1vGWJx").description, testing::Not(HasSubstr("AAHdq")));
}

}  // namespace
}  // namespace patchbay::telegram
