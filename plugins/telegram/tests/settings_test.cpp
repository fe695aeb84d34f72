#include "telegram/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::telegram {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

std::string problem(const std::string& config) {
  const auto settings = read_settings(config);
  const auto* found = std::get_if<SettingsProblem>(&settings);
  return found == nullptr ? "" : found->text;
}

TEST(Settings, TokenAloneIsEnough) {
  const auto settings = read_settings(
      R"({"instance":"telegram","bot_token":"110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"})");
  ASSERT_TRUE(std::holds_alternative<Settings>(settings));
  EXPECT_EQ(std::get<Settings>(settings).api_base, "https://api.telegram.org");
  EXPECT_EQ(std::get<Settings>(settings).instance, "telegram");
}

TEST(Settings, BaseLosesItsSlash) {
  const auto settings = read_settings(
      R"({"bot_token":"1:AAHdqTcvCH1v","api_base":"http://localhost:8081/","mode":"polling"})");
  ASSERT_TRUE(std::holds_alternative<Settings>(settings));
  EXPECT_EQ(std::get<Settings>(settings).api_base, "http://localhost:8081");
}

TEST(Settings, ProblemsNameTheSettingAndTheRemedy) {
  EXPECT_THAT(problem("{}"), HasSubstr("settings.bot_token is missing: ask @BotFather"));
  EXPECT_THAT(problem(R"({"bot_token":"nonsense"})"),
              HasSubstr("settings.bot_token is not a bot token"));
  EXPECT_THAT(problem(R"({"bot_token":7})"), HasSubstr("settings.bot_token must be a text"));
  EXPECT_THAT(problem(R"({"bot_token":"1:AAHdqTcvCH1v","api_base":"api.telegram.org"})"),
              HasSubstr("settings.api_base"));
  EXPECT_THAT(problem(R"({"bot_token":"1:AAHdqTcvCH1v","api_base":"https://u:p@example.org"})"),
              HasSubstr("settings.api_base"));
  EXPECT_THAT(problem(R"({"bot_token":"1:AAHdqTcvCH1v","mode":"webhook"})"),
              HasSubstr("settings.mode"));
  EXPECT_THAT(problem(R"({"bot_token":"1:AAHdqTcvCH1v","bot_tokn":"x"})"),
              HasSubstr("settings.bot_tokn"));
  EXPECT_THAT(problem("[]"), HasSubstr("JSON object"));
}

TEST(Settings, ProblemsNeverShowTheToken) {
  EXPECT_THAT(problem(R"({"bot_token":"12 3:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"})"),
              Not(HasSubstr(kSecret)));
}

TEST(BotToken, IsRedactedWhereverItStands) {
  const BotToken token("110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw");
  for (const char* text :
       {"https://e.org/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe",
        "bot110201543%3AAAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawAAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"}) {
    EXPECT_THAT(token.redact(text), Not(HasSubstr(kSecret)));
  }
  EXPECT_EQ(token.redact("nothing to hide"), "nothing to hide");
}

}  // namespace
}  // namespace patchbay::telegram
