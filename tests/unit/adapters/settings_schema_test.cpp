#include "adapters/settings_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace patchbay::adapters {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

SettingsSchema telegram() {
  auto schema = SettingsSchema::parse(json::parse(R"({
    "type": "object", "required": ["bot_token"],
    "properties": {
      "bot_token": {"type": "string", "secret": true, "description": "from @BotFather"},
      "api_base": {"type": "string", "format": "uri", "default": "https://api.telegram.org"},
      "mode": {"type": "string", "enum": ["polling", "webhook"], "default": "polling"},
      "count": {"type": "integer"},
      "daemon": {"type": ["string", "object"]},
      "proxy": {"type": "object", "required": ["url"],
                "properties": {"url": {"type": "string", "format": "uri"},
                               "password": {"type": "string", "secret": true}}}}})"));
  EXPECT_TRUE(schema.ok()) << schema.status().message();
  return std::move(schema).value();
}

std::string problem(const json& settings) { return telegram().apply(settings).status().message(); }

TEST(SettingsSchema, FillsDefaultsIn) {
  const auto applied = telegram().apply({{"bot_token", "t"}});
  ASSERT_TRUE(applied.ok()) << applied.status().message();
  EXPECT_EQ(
      *applied,
      (json{{"bot_token", "t"}, {"api_base", "https://api.telegram.org"}, {"mode", "polling"}}));
  EXPECT_THAT(telegram().urls(*applied), ElementsAre("https://api.telegram.org"));
}

TEST(SettingsSchema, SaysWhatIsWrongWithWhichKey) {
  EXPECT_THAT(problem(json::object()),
              AllOf(HasSubstr("'bot_token' is missing"), HasSubstr("@BotFather")));
  EXPECT_THAT(problem({{"bot_tokn", "secret-value"}}),
              AllOf(HasSubstr("'bot_tokn' is not known; did you mean 'bot_token'?"),
                    Not(HasSubstr("secret-value"))));
  EXPECT_THAT(
      problem({{"bot_token", 12345678}}),
      AllOf(HasSubstr("'bot_token' must be string, not number"), Not(HasSubstr("12345678"))));
  EXPECT_THAT(problem({{"bot_token", "t"}, {"mode", "poll"}}),
              HasSubstr("'mode' must be one of \"polling\" or \"webhook\""));
  EXPECT_THAT(problem({{"bot_token", "t"}, {"count", 1.5}}), HasSubstr("'count' must be integer"));
  EXPECT_THAT(problem({{"bot_token", "t"}, {"daemon", 1}}),
              HasSubstr("'daemon' must be string or object"));
  EXPECT_THAT(problem({{"bot_token", "t"}, {"proxy", json::object()}}),
              HasSubstr("'proxy.url' is missing"));
  EXPECT_THAT(problem({{"bot_token", "t"}, {"proxy", {{"url", "u"}, {"pasword", "x"}}}}),
              HasSubstr("'proxy.pasword' is not known; did you mean 'password'?"));
  EXPECT_THAT(problem({{"bot_token", "t"}, {"zzzzzzzzzz", 1}}), HasSubstr("known are"));
  EXPECT_THAT(telegram().apply(json::array()).status().message(), HasSubstr("must be an object"));
}

TEST(SettingsSchema, WhereNothingIsKnownASettingIsToBeTakenOut) {
  const auto schema = SettingsSchema::parse({{"type", "object"}, {"properties", json::object()}});
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(schema->apply({{"foo", 1}}).status().message(),
            "setting 'foo' is not known; take it out: no setting is known here");
}

TEST(SettingsSchema, SaysAllThatIsWrongAtOnce) {
  const json settings = {
      {"mode", "poll"}, {"count", "x"}, {"api_bse", "u"}, {"proxy", {{"pasword", "secret-value"}}}};
  std::vector<std::string> said;
  for (const SettingProblem& problem : telegram().problems(settings)) {
    said.push_back(problem.path + " " + problem.what);
  }
  EXPECT_THAT(said, ElementsAre("api_bse is not known; did you mean 'api_base'?",
                                "count must be integer, not string",
                                "mode must be one of \"polling\" or \"webhook\"",
                                "proxy.pasword is not known; did you mean 'password'?",
                                "proxy.url is missing", "bot_token is missing (from @BotFather)"));
  EXPECT_THAT(problem(settings),
              AllOf(HasSubstr("setting 'count' must be integer, not string; setting 'mode' must"),
                    HasSubstr("; setting 'bot_token' is missing (from @BotFather)"),
                    Not(HasSubstr("secret-value"))));
  EXPECT_THAT(telegram().problems({{"bot_token", "t"}}), ::testing::IsEmpty());
  EXPECT_EQ(telegram().problems(json::array()).at(0).path, "");
}

TEST(SettingsSchema, ObjectsWithoutPropertiesAreOpen) {
  EXPECT_TRUE(telegram().apply({{"bot_token", "t"}, {"daemon", {{"command", {"x"}}}}}).ok());
  EXPECT_TRUE(SettingsSchema().apply({{"anything", 1}}).ok());
}

TEST(SettingsSchema, NamesItsSecrets) {
  EXPECT_THAT(telegram().secrets(), ElementsAre("bot_token", "proxy.password"));
}

TEST(SettingsSchema, RefusesSchemasThatItDoesNotUnderstand) {
  for (const char* text : {
           R"([])",
           R"({"type": "string"})",
           R"({"type": "object", "properties": []})",
           R"({"type": "object", "required": ["x"]})",
           R"({"type": "object", "properties": {"a": {"type": "text"}}})",
           R"({"type": "object", "properties": {"a": {"enum": []}}})",
           R"({"type": "object", "properties": {"a": {"type": "string", "default": 1}}})",
           R"({"type": "object", "properties": {"a": {"secret": "yes"}}})",
       }) {
    EXPECT_FALSE(SettingsSchema::parse(json::parse(text)).ok()) << text;
  }
}

}  // namespace
}  // namespace patchbay::adapters
