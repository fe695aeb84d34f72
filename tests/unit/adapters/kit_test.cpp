// The test kit and the validator hold against an adapter what this host refuses, and no more: both
// sides are given the same tables, which stand in plugin_api/tests.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapters/inbound_copy.hpp"
#include "adapters/settings_schema.hpp"
#include "event_cases.hpp"
#include "net/http_message.hpp"
#include "settings_schema_cases.hpp"
#include "url_cases.hpp"

namespace patchbay::adapters {
namespace {

using testkit::EventCase;

base::Status problem_of(const sdk::Event& event) {
  const sdk::EventAbi abi(event);
  return copy_event(abi.get(), base::InstanceName("work"), base::ChannelName("telegram"), {})
      .problem;
}

TEST(Kit, AGoodEventIsTaken) {
  const base::Status problem = problem_of(testkit::good_event());
  EXPECT_TRUE(problem.ok()) << problem.message();
}

TEST(Kit, WhatTheKitSaysOfEventsIsWhatTheHostDoes) {
  for (const EventCase& given : testkit::event_cases()) {
    sdk::Event event = testkit::good_event();
    given.spoil(event);
    EXPECT_EQ(problem_of(event).ok(), given.host == EventCase::Host::kRepairs) << given.name;
  }
}

TEST(Kit, WhatTheKitSaysOfUrlsIsWhatTheHostDoes) {
  for (const std::string_view url : testkit::kGoodUrls) {
    EXPECT_TRUE(net::parse_origin(url).ok()) << url;
  }
  for (const std::string_view url : testkit::kBadUrls) {
    EXPECT_FALSE(net::parse_origin(url).ok()) << url;
  }
}

TEST(Kit, WhatTheValidatorSaysOfSchemasIsWhatTheHostDoes) {
  const nlohmann::json cases = testkit::settings_schema_cases();
  ASSERT_FALSE(cases.empty());
  for (const nlohmann::json& given : cases) {
    const auto parsed = SettingsSchema::parse(given["schema"]);
    EXPECT_EQ(parsed.ok(), given["good"] == true)
        << given.dump() << ": " << (parsed.ok() ? "taken" : parsed.status().message());
  }
}

}  // namespace
}  // namespace patchbay::adapters
