#include "host/config_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/config_keys.hpp"

namespace patchbay::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

TEST(ConfigKeysTest, EveryKeyStandsBelowAnother) {
  for (const Key& key : config_keys()) {
    const std::size_t dot = key.path.rfind('.');
    if (dot == std::string_view::npos) {
      continue;
    }
    std::string_view parent = key.path.substr(0, dot);
    if (parent.ends_with("[]")) {
      parent.remove_suffix(2);
    }
    EXPECT_NE(find_config_key(parent), nullptr) << key.path;
  }
}

TEST(ConfigKeysTest, NamesBelowAreDirectOnes) {
  EXPECT_THAT(config_keys_below("log"), ElementsAre("level", "format"));
  EXPECT_THAT(config_keys_below("agents"), ElementsAre("*"));
  EXPECT_TRUE(config_keys_below("log.level").empty());
  EXPECT_EQ(find_config_key("log.leve"), nullptr);
}

TEST(ConfigTableTest, EveryDefaultPassesItsOwnCheckAndIsFilledIn) {
  Json config = Json::parse(R"({ "agents": { "a": { "command": "agent" } },
      "instances": { "i": { "channel": "c" } }, "wirings": [{ "chats": "*", "agent": "a" }] })");
  const auto problems = apply_table(config);
  for (const ConfigProblem& problem : problems) {
    ADD_FAILURE() << problem.path << ": " << problem.message;
  }
  EXPECT_EQ(config["agents"]["a"]["command"], Json::array({"agent"}));
  EXPECT_EQ(config["agents"]["a"]["idle_timeout"], 600'000);
  EXPECT_EQ(config["limits"]["file"], 100LL << 20);
  EXPECT_EQ(config["wirings"][0]["engage"], "mention");
  EXPECT_FALSE(config.contains("data_dir"));
}

TEST(ConfigTableTest, APathIsNoName) {
  Json config = Json::parse(R"({ "people.owners": ["telegram:42"], "agents.*": {}, "log":
      { "level.x": 1 }, "wirings[]": [] })");
  const auto problems = apply_table(config);
  ASSERT_EQ(problems.size(), 4U);
  EXPECT_EQ(problems[0].path, "people.owners");
  EXPECT_EQ(problems[0].message, R"(unknown key; in a file write { "people": { "owners": … } })");
  EXPECT_THAT(problems[1].message, HasSubstr("unknown key"));
  EXPECT_THAT(problems[2].message, HasSubstr("unknown key"));
  EXPECT_THAT(problems[3].message, HasSubstr("unknown key"));
}

TEST(ConfigTableTest, AllProblemsAreToldAtOnceInTheOrderOfTheFile) {
  Json config = Json::parse(R"({ "log": { "level": "inof" }, "limits": { "file": "1KB" },
      "delivery": { "max_attempts": 0, "max_age": 3 } })");
  const auto problems = apply_table(config);
  ASSERT_EQ(problems.size(), 4U);
  EXPECT_EQ(problems[0].path, "log.level");
  EXPECT_THAT(problems[0].message, HasSubstr("did you mean \"info\"?"));
  EXPECT_THAT(problems[1].message, HasSubstr("must be a size like"));
  EXPECT_EQ(problems[2].message, "must be at least 1 and at most 10000");
  EXPECT_EQ(problems[3].path, "delivery.max_age");
}

}  // namespace
}  // namespace patchbay::host
