#include "host/config_checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/limits.hpp"
#include "host/prompt_sizes.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConfigChecksTest : public ::testing::Test {
 protected:
  Config load(const std::string& text, mode_t mode = 0600) {
    test::write_file(folder / "patchbay.json", text);
    ::chmod((folder / "patchbay.json").c_str(), mode);
    ConfigOverrides overrides;
    overrides.file = folder / "patchbay.json";
    overrides.data_dir = folder / "data";
    overrides.plugin_dirs = {folder / "plugins"};
    auto config = load_config(overrides);
    EXPECT_TRUE(config.ok()) << config.status().message();
    return *std::move(config);
  }
  std::string problem(const std::string& text, mode_t mode = 0600) {
    return check_surroundings(load(text, mode)).message();
  }
  void SetUp() override {
    std::filesystem::create_directories(folder / "plugins");
    test::write_file(folder / "plugins/telegram.adapter.json", R"({
      "format": 1, "id": "telegram", "version": "1.0", "abi": { "major": 1, "minor": 0, "draft": 1 },
      "sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "settings": { "type": "object", "properties": {
        "bot_token": { "type": "string", "secret": true }, "deep": { "type": "object",
        "properties": { "mode": { "type": "string" } } } } } })");
  }

  test::TempFolder folder;
};

constexpr const char* kAgents = R"("agents": { "main": { "command": ["sh"] } })";

TEST_F(ConfigChecksTest, NamesLineAndKeyOfWhatOnlyTheAdapterKnowsToBeWrong) {
  const std::string begin = "{\n" + std::string(kAgents) + ",\n\"instances\": {\n\"t\": ";
  EXPECT_EQ(problem(begin + R"({ "channel": "telegramm" } } })"),
            folder / "patchbay.json" +
                ":4: instances.t.channel: no adapter speaks \"telegramm\"; there are: telegram");
  EXPECT_EQ(
      problem(begin + "{ \"channel\": \"telegram\",\n\"settings\": {\n\"bot_tokn\": \"x\" } } } }"),
      folder / "patchbay.json" +
          ":6: instances.t.settings.bot_tokn: is not known; did you mean 'bot_token'?");
  EXPECT_THAT(
      problem(begin +
              "{ \"channel\": \"telegram\",\n\"settings\": { \"deep\": {\n\"mode\": 1 } } } } }"),
      HasSubstr(":6: instances.t.settings.deep.mode: must be"));
  EXPECT_THAT(
      problem(begin + "{ \"channel\": \"telegram\",\n\"settings\": {\n\"bot_token\": \"x\" } } } }",
              0644),
      HasSubstr(":6: instances.t.settings.bot_token: is a secret in a file that others can "
                "read; run chmod 600"));
}

TEST_F(ConfigChecksTest, DoubtsAboutWiringsThatMatchNothing) {
  const std::string begin =
      "{ " + std::string(kAgents) + R"(, "instances": { "work": { "channel": "telegram" } }, )";
  const auto doubts = [&](const std::string& chats) {
    return doubts_about(
        load(begin + R"("wirings": [{ "chats": ")" + chats + R"(", "agent": "main" }] })"));
  };
  EXPECT_THAT(doubts("telegram:*"),
              ElementsAre("wirings[0].chats: \"telegram:*\" can match no chat: no instance is "
                          "called \"telegram\"; there are: work"));
  for (const char* chats : {"work:*", "*", "w*:dm:*", "group:7", "7@g.us"}) {
    EXPECT_THAT(doubts(chats), IsEmpty()) << chats;
  }
  EXPECT_THAT(doubts_about(load(begin + R"("wirings": [] })")),
              ElementsAre(HasSubstr("wirings: there is none")));
}

TEST_F(ConfigChecksTest, DoubtsAboutOwnersOfNoInstance) {
  EXPECT_THAT(doubts_about(load("{ " + std::string(kAgents) + R"(,
                "instances": { "work": { "channel": "telegram" } },
                "wirings": [{ "chats": "*", "agent": "main" }],
                "people": { "owners": ["work:42", "nope:1"] } })")),
              ElementsAre("people.owners[1]: \"nope:1\" can be nobody: no instance is called "
                          "\"nope\"; there are: work"));
}

TEST_F(ConfigChecksTest, NamesTheAgentsWhoseProgramIsMissing) {
  EXPECT_THAT(missing_programs(load(R"({ "agents": { "main": { "command": ["no-such-one"] },
                                         "other": { "command": ["sh"] } } })")),
              ElementsAre(HasSubstr("agents.main.command: ")));
}

TEST_F(ConfigChecksTest, NamesAllThatIsWrongWithTheSettingsOfAnInstance) {
  const std::string said = problem("{\n" + std::string(kAgents) +
                                   ",\n\"instances\": {\n\"t\": { \"channel\": \"telegram\",\n"
                                   "\"settings\": {\n\"bot_tokn\": \"x\",\n\"bot_token\": 1,\n"
                                   "\"deep\": {\n\"mode\": 1 } } } } }");
  EXPECT_THAT(said, HasSubstr(":6: instances.t.settings.bot_tokn: is not known; did you mean"));
  EXPECT_THAT(said, HasSubstr(":7: instances.t.settings.bot_token: must be string"));
  EXPECT_THAT(said, HasSubstr(":9: instances.t.settings.deep.mode: must be string"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2);
}

TEST_F(ConfigChecksTest, AProgramThatIsNotThereIsNamed) {
  EXPECT_EQ(problem("{" + std::string(kAgents) + "}"), "");
  EXPECT_THAT(problem(R"({ "agents": { "main": { "command": ["no-such-agent", "--x"] } } })"),
              HasSubstr(":1: agents.main.command: agent command no-such-agent is neither"));
  EXPECT_THAT(problem(R"({ "agents": { "main": { "command": "patchbay-agent --echo" } } })"),
              HasSubstr("write each word on its own"));
}

class RestartTest : public ConfigChecksTest {
 protected:
  std::vector<std::string> changed(const std::string& more) {
    const Config running = load("{" + std::string(kAgents) + R"(,
      "instances": { "t": { "channel": "telegram" } },
      "webhooks": { "listen": "127.0.0.1:8087", "public_url": "https://a.example" } })");
    return keys_needing_restart(running, load("{" + more + "}"));
  }
  static std::string with(const std::string& agents, const std::string& instances,
                          const std::string& webhooks, const std::string& more = "") {
    return agents + ", \"instances\": " + instances + ", \"webhooks\": " + webhooks + more;
  }
  const std::string same_instances = R"({ "t": { "channel": "telegram" } })";
  const std::string same_webhooks =
      R"({ "listen": "127.0.0.1:8087", "public_url": "https://a.example" })";
};

TEST_F(RestartTest, WhatTakesEffectAtOnceIsNotNamed) {
  EXPECT_THAT(
      changed(with(R"("agents": { "main": { "command": ["sh"], "max_messages_per_prompt": 3 } })",
                   same_instances, same_webhooks,
                   R"(, "log": { "level": "debug" }, "people": { "bots": "like_people" })")),
      IsEmpty());
}

TEST_F(RestartTest, WhatNeedsARestartIs) {
  EXPECT_THAT(changed(with(kAgents, same_instances,
                           R"({ "listen": "127.0.0.1:8087", "public_url": "https://b.example" })")),
              ElementsAre("webhooks"));
  EXPECT_THAT(changed(with(kAgents, same_instances, R"({ "listen": "127.0.0.1:8088" })")),
              ElementsAre("webhooks"));
  EXPECT_THAT(changed(with(kAgents, R"({ "t": { "channel": "telegram", "settings": { "x": 1 } } })",
                           same_webhooks)),
              ElementsAre("instances"));
  EXPECT_THAT(changed(with(kAgents, same_instances, same_webhooks,
                           R"(, "delivery": { "max_age": "1h" }, "limits": { "running_agents": 2 },
                      "net": { "proxy": "http://p:1" }, "log": { "format": "json" } )")),
              ElementsAre("delivery", "limits", "net", "log.format"));
}

TEST(PromptSizesTest, AChangeIsSeenAtOnce) {
  agents::AgentGroup group;
  group.id = base::AgentGroupId("main");
  group.messages_per_prompt = 3;
  PromptSizes sizes;
  EXPECT_EQ(sizes.of(group.id), limits::kMessagesPerPrompt);
  sizes.set({group});
  EXPECT_EQ(sizes.of(group.id), 3);
  group.messages_per_prompt = 7;
  sizes.set({group});
  EXPECT_EQ(sizes.of(group.id), 7);
  EXPECT_EQ(sizes.of(base::AgentGroupId("other")), limits::kMessagesPerPrompt);
}

}  // namespace
}  // namespace patchbay::host
