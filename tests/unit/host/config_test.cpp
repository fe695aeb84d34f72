#include "host/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "host/config_keys.hpp"
#include "host/config_lines.hpp"
#include "host/config_reference.hpp"
#include "host/units.hpp"
#include "test_common/temp_folder.hpp"

namespace patchbay::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAgents = R"("agents": { "main": { "command": ["agent"] } })";

class ConfigTest : public ::testing::Test {
 protected:
  base::Result<Config> load(const std::string& text) {
    test::write_file(folder / "patchbay.json", text);
    ::chmod((folder / "patchbay.json").c_str(), mode);
    overrides.file = folder / "patchbay.json";
    overrides.data_dir = folder / "data";
    return load_config(overrides);
  }
  std::string problem(const std::string& text) {
    const auto config = load(text);
    return config.ok() ? "" : config.status().message();
  }

  test::TempFolder folder;
  ConfigOverrides overrides;
  mode_t mode = 0600;
};

TEST_F(ConfigTest, AnOwnerHasInstanceAndId) {
  const auto said = [this](const std::string& owner) {
    return problem("{\n" + std::string(kAgents) + ",\n\"people\": {\n\"owners\": [\"work:1\", \"" +
                   owner + "\"] } }");
  };
  EXPECT_EQ(said("work:7@g.us:2"), "");
  for (const char* owner : {"42", ":42", "telegram:", ""}) {
    EXPECT_THAT(said(owner),
                HasSubstr(":4: people.owners[1]: \"" + std::string(owner) + "\" is nobody; write "))
        << owner;
  }
}

TEST_F(ConfigTest, ReadsAWholeConfiguration) {
  test::write_file(folder / "token", "s3cret-token\n");
  ::chmod((folder / "token").c_str(), 0600);
  const auto config = load(R"({
    // comments are welcome
    "instances": {
      "work": { "channel": "telegram", "allowed_hosts": "127.0.0.1",
                "settings": { "bot_token": { "file": "token" }, "mode": "polling" }, "uncertain": "at_least_once" }
    },
    "agents": {
      "b": { "command": "agent-b", "idle_timeout": "5s", "env": { "KEY": "value" }, "timezone": "Asia/Tokyo",
             "model": "large", "effort": "high" },
      "a": { "command": ["agent-a", "--x"], "default": true, "workspace": "/srv/a", "name": "Andy" }
    },
    "wirings": [
      { "chats": "work:*", "agent": "b", "engage": "pattern", "pattern": "^hey", "session": "per-thread", "ignored": "accumulate" },
      { "chats": "*", "agent": "a" }
    ],
    "delivery": { "max_age": "2h" }, "limits": { "file": "5MiB" }, "log": { "level": "debug", "format": "json" }
  })");
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_EQ(config->instances.size(), 1U);
  EXPECT_EQ(config->instances[0].settings_json, R"({"bot_token":"s3cret-token","mode":"polling"})");
  EXPECT_EQ(config->instances[0].uncertain, delivery::Uncertain::kAtLeastOnce);
  EXPECT_THAT(config->instances[0].allowed_hosts, ElementsAre("127.0.0.1"));
  EXPECT_THAT(config->secrets, ElementsAre("s3cret-token"));
  ASSERT_EQ(config->agents.size(), 2U);
  EXPECT_EQ(config->agents[0].id.str(), "b");  // the order of the file
  EXPECT_EQ(config->agents[0].idle_timeout, std::chrono::seconds(5));
  EXPECT_EQ(config->agents[0].timezone, "Asia/Tokyo");
  EXPECT_EQ(config->agents[0].model, "large");
  EXPECT_EQ(config->agents[0].effort, "high");
  EXPECT_EQ(config->agents[1].model, "");
  EXPECT_EQ(config->agents[0].workspace, folder / "data/agents/b");
  EXPECT_EQ(config->agents[1].workspace, "/srv/a");
  EXPECT_EQ(config->routing.default_agent.str(), "a");
  ASSERT_EQ(config->routing.wirings.size(), 2U);
  EXPECT_EQ(config->routing.wirings[0].engage, routing::Engage::kPattern);
  EXPECT_EQ(config->routing.wirings[0].ignored, routing::Ignored::kAccumulate);
  EXPECT_EQ(config->routing.wirings[1].engage, routing::Engage::kMention);
  EXPECT_EQ(config->delivery.max_age, std::chrono::hours(2));
  EXPECT_EQ(config->delivery.max_attempts, 30U);
  EXPECT_EQ(config->file_bytes, 5U * 1024 * 1024);
  EXPECT_EQ(config->log_format, base::LogFormat::kJson);
}

struct BadCase {
  const char* name;
  std::string text;
  std::vector<const char*> says;
};

class BadConfigTest : public ConfigTest, public ::testing::WithParamInterface<BadCase> {};

TEST_P(BadConfigTest, NamesThePlaceAndTheRemedy) {
  const std::string message = problem(GetParam().text);
  for (const char* part : GetParam().says) {
    EXPECT_THAT(message, HasSubstr(part));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadConfigTest,
    ::testing::Values(
        BadCase{"UnknownKey",
                "{\n" + std::string(kAgents) + ",\n\"limts\": {} }",
                {"patchbay.json:3: limts: unknown key", "did you mean \"limits\"?"}},
        BadCase{"UnknownNestedKey",
                R"({ "agents": { "main": { "comand": ["x"], "command": ["x"] } } })",
                {":1: agents.main.comand: unknown key", "\"command\""}},
        BadCase{"MissingRequired",
                R"({ "agents": { "main": {} } })",
                {"agents.main.command: is missing"}},
        BadCase{"NoAgents", "{}", {"agents: has no agent"}},
        BadCase{"BadDuration",
                R"({ "agents": { "main": { "command": ["x"], "idle_timeout": "10" } } })",
                {"agents.main.idle_timeout: must be a duration like"}},
        BadCase{"BadChoice",
                "{" + std::string(kAgents) +
                    R"(, "wirings": [{ "chats": "*", "agent": "main", "engage": "allways" }] })",
                {"wirings[0].engage: must be one of always", "did you mean \"always\"?"}},
        BadCase{
            "UnknownAgent",
            "{" + std::string(kAgents) + R"(, "wirings": [{ "chats": "*", "agent": "other" }] })",
            {"wirings[0].agent: there is no agent \"other\""}},
        BadCase{"PatternWithoutEngage",
                "{" + std::string(kAgents) +
                    R"(, "wirings": [{ "chats": "*", "agent": "main", "pattern": "x" }] })",
                {"wirings[0].pattern: goes with engage"}},
        BadCase{
            "MalformedPattern",
            "{" + std::string(kAgents) +
                R"(, "wirings": [{ "chats": "*", "agent": "main", "engage": "pattern", "pattern": "(" }] })",
            {":1: wirings[0].pattern: "}},
        BadCase{"EmptyPath",
                "{" + std::string(kAgents) + R"(, "data_dir": "" })",
                {":1: data_dir: must be a path, not empty"}},
        BadCase{"EmptyProgram",
                R"({ "agents": { "main": { "command": [""] } } })",
                {"agents.main.command: begins with an empty word"}},
        BadCase{"NoSuchTimeZone",
                R"({ "agents": { "main": { "command": "x", "timezone": "Mars/Base" } } })",
                {"agents.main.timezone: there is no time zone \"Mars/Base\"", "Europe/Berlin"}},
        BadCase{"NoProxy",
                "{" + std::string(kAgents) + R"(, "net": { "proxy": "::::" } })",
                {"net.proxy: must be a proxy like"}},
        BadCase{"NoCertificates",
                "{" + std::string(kAgents) + R"(, "net": { "ca_file": "none.pem" } })",
                {"net.ca_file: cannot read ", "none.pem", "give a file"}},
        BadCase{"TheSameInstanceTwice",
                "{" + std::string(kAgents) + R"(, "instances": {
                  "t": { "channel": "telegram" },
                  "t": { "channel": "console" } } })",
                {":3: instances.t: stands here a second time"}},
        BadCase{"NoChats",
                "{" + std::string(kAgents) + R"(, "wirings": [{ "chats": "", "agent": "main" }] })",
                {"wirings[0].chats: names no chats"}},
        BadCase{"ListenOnAName",
                "{" + std::string(kAgents) + R"(, "webhooks": { "listen": "nonsense:999" } })",
                {"webhooks.listen: \"nonsense\" is no numeric address"}},
        BadCase{"BadInstanceName",
                "{" + std::string(kAgents) + R"(, "instances": { "Agent": { "channel": "x" } } })",
                {"instances.Agent: is no instance name"}},
        BadCase{
            "ReservedInstanceName",
            "{" + std::string(kAgents) + R"(, "instances": { "gateway": { "channel": "x" } } })",
            {"instances.gateway: is no instance name"}},
        BadCase{
            "NameOfAnotherChannel",
            "{" + std::string(kAgents) +
                R"(, "instances": { "slack": { "channel": "telegram" }, "other": { "channel": "slack" } } })",
            {"instances.slack: is the name of another channel"}},
        BadCase{
            "TwoDefaults",
            R"({ "agents": { "a": { "command": "x", "default": true }, "b": { "command": "x", "default": true } } })",
            {"agents.b.default: agent a is the default already"}},
        BadCase{"OutOfRange",
                "{" + std::string(kAgents) + R"(, "limits": { "running_agents": 0 } })",
                {"limits.running_agents: must be at least 1"}},
        BadCase{"WrongType", R"({ "agents": [] })", {"agents: must be an object"}},
        BadCase{"NotJson", "{ nope", {"patchbay.json: ", "line 1"}},
        BadCase{
            "MissingEnvironment",
            "{" + std::string(kAgents) +
                R"(, "instances": { "t": { "channel": "telegram", "settings": { "bot_token": { "env": "PATCHBAY_TEST_NOT_SET" } } } } })",
            {":1: instances.t.settings.bot_token: the environment has no PATCHBAY_TEST_NOT_SET"}},
        BadCase{"MissingSecretOfAnAgent",
                "{\n\"agents\": { \"main\": { \"command\": \"x\",\n\"env\": {\n\"KEY\": { \"env\": "
                "\"PATCHBAY_TEST_NOT_SET\" } } } } }",
                {":4: agents.main.env.KEY: the environment has no PATCHBAY_TEST_NOT_SET"}},
        BadCase{
            "MissingSecretFile",
            "{" + std::string(kAgents) +
                R"(, "instances": { "t": { "channel": "telegram", "settings": { "bot_token": { "file": "none" } } } } })",
            {"cannot read the secret", "none"}},
        BadCase{"BadListen",
                "{" + std::string(kAgents) + R"(, "webhooks": { "listen": "here" } })",
                {"webhooks.listen: must be address:port"}}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(ConfigTest, AMissingSecretIsOneLine) {
  const std::string message = problem(
      R"({ "agents": { "main": { "command": "x", "env": { "A": { "env": "PATCHBAY_TEST_NOT_SET" } } } } })");
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 0) << message;
}

TEST_F(ConfigTest, EveryMissingSecretIsTold) {
  const std::string message = problem(
      "{" + std::string(kAgents) +
      R"(, "instances": { "t": { "channel": "telegram", "settings": { "a": { "env": "PATCHBAY_TEST_NOT_SET" }, "b": { "file": "none" } } } } })");
  EXPECT_THAT(message, HasSubstr("instances.t.settings.a: the environment has no"));
  EXPECT_THAT(message, HasSubstr("instances.t.settings.b: cannot read the secret"));
}

TEST_F(ConfigTest, ASecretMayBeASystemdCredential) {
  test::write_file(folder / "bot", "1:AAcredential\n");
  ::chmod((folder / "bot").c_str(), 0600);
  const std::string text =
      "{" + std::string(kAgents) +
      R"(, "instances": { "t": { "channel": "telegram", "settings": { "bot_token": { "credential": "bot" } } } } })";
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THAT(problem(text), HasSubstr("instances.t.settings.bot_token: there is no systemd "
                                       "credential bot; add LoadCredential=bot:"));
  ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  const auto config = load(text);
  ::unsetenv("CREDENTIALS_DIRECTORY");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_THAT(config->secrets, ElementsAre("1:AAcredential"));
}

TEST_F(ConfigTest, ASecretFileThatOthersCanWriteIsRefused) {
  test::write_file(folder / "token", "s3cret-token");
  ::chmod((folder / "token").c_str(), 0666);
  EXPECT_THAT(
      problem(
          "{" + std::string(kAgents) +
          R"(, "instances": { "t": { "channel": "telegram", "settings": { "bot_token": { "file": "token" } } } } })"),
      HasSubstr("chmod 600"));
}

// A running host reads it at each reload: what is no text must not end it.
TEST_F(ConfigTest, WhatIsNoTextIsRefused) {
  test::write_file(folder / "token", "\xff\xfe s3cret");
  ::chmod((folder / "token").c_str(), 0600);
  const std::string told = problem(
      "{" + std::string(kAgents) +
      R"(, "instances": { "t": { "channel": "telegram", "settings": { "bot_token": { "file": "token" } } } } })");
  EXPECT_THAT(told,
              HasSubstr("instances.t.settings.bot_token: the secret in file token is not text"));
  EXPECT_THAT(told, Not(HasSubstr("s3cret")));
  overrides.values = {{"agents.main.name", "\xff"}};
  EXPECT_THAT(problem("{" + std::string(kAgents) + "}"),
              HasSubstr("--set agents.main.name: key and value must be text"));
}

TEST_F(ConfigTest, TextsInAReadableFileAreMarked) {
  mode = 0644;
  const auto config = load(
      "{" + std::string(kAgents) +
      R"(, "instances": { "t": { "channel": "telegram", "settings": { "bot_token": "x", "deep": { "a": "y" } } } } })");
  ASSERT_TRUE(config.ok());
  EXPECT_THAT(config->instances[0].readable_by_others, ElementsAre("bot_token", "deep.a"));
}

TEST_F(ConfigTest, SetPutsOneKey) {
  overrides.values = {{"limits.running_agents", "3"}, {"agents.main.name", "Bert"}};
  const auto config = load("{" + std::string(kAgents) + "}");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->running_agents, 3U);
  EXPECT_EQ(config->agents[0].name, "Bert");
}

TEST_F(ConfigTest, WithoutAFileThereIsAConsoleAndAnEchoAgent) {
  overrides.data_dir = folder / "data";
  ::unsetenv("TELEGRAM_BOT_TOKEN");
  auto config = load_config(overrides);
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_EQ(config->instances.size(), 1U);
  EXPECT_EQ(config->instances[0].channel.str(), "console");
  ::setenv("TELEGRAM_BOT_TOKEN", "", 1);  // as compose files have it
  config = load_config(overrides);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->instances.size(), 1U);
  ::setenv("TELEGRAM_BOT_TOKEN", "1:AAsecret", 1);
  config = load_config(overrides);
  ::unsetenv("TELEGRAM_BOT_TOKEN");
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_EQ(config->instances.size(), 2U);
  EXPECT_THAT(config->secrets, ElementsAre("1:AAsecret"));
}

TEST_F(ConfigTest, TheDataFolderIsFoundWithoutTheHostsSecrets) {
  test::write_file(
      folder / "patchbay.json",
      R"({ "data_dir": "here", "agents": { "main": { "command": "x", "env": { "A": { "env": "PATCHBAY_TEST_NOT_SET" } } } } })");
  overrides.file = folder / "patchbay.json";
  EXPECT_FALSE(load_config(overrides).ok());
  EXPECT_EQ(find_data_dir(overrides).value(), folder / "here");
  overrides.values = {{"data_dir", "there"}};
  EXPECT_EQ(find_data_dir(overrides).value(), folder / "there");
  overrides.data_dir = "/elsewhere";
  EXPECT_EQ(find_data_dir(overrides).value(), "/elsewhere");
  overrides.file = folder / "none.json";
  EXPECT_EQ(find_data_dir(overrides).value(), "/elsewhere");
  overrides.data_dir = "";
  EXPECT_THAT(find_data_dir(overrides).status().message(), HasSubstr("none.json"));
}

TEST(ConfigLinesTest, FindsKeysInTextWithCommentsAndStrings) {
  const auto lines = key_places(
                         "{ // \"x\": 1\n \"a\": {\n \"b\\\"c\": \"}{\",\n /* \"d\": \n */ \"e\": "
                         "[1,\n {\"f\": 2}] } "
                         "}")
                         .lines;
  EXPECT_EQ(lines.at("a"), 2);
  EXPECT_EQ(lines.at("a.e"), 5);
  EXPECT_EQ(lines.at("a.e[1].f"), 6);
  EXPECT_EQ(lines.count("x"), 0U);
  EXPECT_NO_FATAL_FAILURE(key_places("{\"a\": [1, 2"));
  EXPECT_NO_FATAL_FAILURE(key_places("/*"));
}

TEST(ConfigLinesTest, FindsWhatStandsTwiceInOneObject) {
  const auto places =
      key_places("{\"a\": {\"x\": 1},\n \"b\": [{\"x\": 1}, {\"x\": 1}],\n \"a\": {}}");
  ASSERT_EQ(places.repeated.size(), 1U);
  EXPECT_EQ(places.repeated[0], (std::pair<std::string, int>("a", 3)));
}

TEST(UnitsTest, ReadDurationsAndSizes) {
  EXPECT_EQ(parse_duration_ms("250ms"), 250);
  EXPECT_EQ(parse_duration_ms("7d"), 604'800'000);
  for (const char* bad : {"", "10", "-1s", "1.5s", "10 s", "99999999999999999d"}) {
    EXPECT_FALSE(parse_duration_ms(bad).has_value()) << bad;
  }
  EXPECT_EQ(parse_size_bytes("2GiB"), 2LL << 30);
  EXPECT_EQ(parse_size_bytes("7B"), 7);
  EXPECT_FALSE(parse_size_bytes("1MB").has_value());
}

TEST(ConfigReferenceTest, AsJsonHasEveryKeyWithItsFacts) {
  const auto entries = nlohmann::json::parse(config_reference_json());
  ASSERT_EQ(entries.size(), config_keys().size());
  for (const auto& entry : entries) {
    if (entry["key"] == "agents.*.idle_timeout") {
      EXPECT_EQ(entry["type"], "duration");
      EXPECT_EQ(entry["default"], "10m");
      EXPECT_EQ(entry["maximum"], 2'592'000'000);
    }
    if (entry["key"] == "log.format") {
      EXPECT_EQ(entry["choices"], nlohmann::json({"text", "json"}));
      EXPECT_FALSE(entry.contains("minimum"));
    }
  }
}

// The document holds the table as the program prints it.
TEST(ConfigReferenceTest, IsInTheDocument) {
  EXPECT_THAT(test::read_file(PATCHBAY_DOCS "/configuration.md"), HasSubstr(config_reference()));
}

}  // namespace
}  // namespace patchbay::host
