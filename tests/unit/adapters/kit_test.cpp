// The test kit and the validator hold against an adapter what this host refuses, and no more: both
// sides are given the same tables, which stand in plugin_api/tests.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapters/host_rules.hpp"
#include "adapters/inbound_copy.hpp"
#include "adapters/settings_schema.hpp"
#include "base/limits.hpp"
#include "event_cases.hpp"
#include "net/endpoint.hpp"
#include "net/http_message.hpp"
#include "net/websocket.hpp"
#include "private_host_cases.hpp"
#include "settings_schema_cases.hpp"
#include "testkit/limits.hpp"
#include "url_cases.hpp"

namespace patchbay::adapters {
namespace {

using testkit::EventCase;

static_assert(testkit::kMostIdBytes == limits::kPlatformIdBytes);
static_assert(testkit::kMostTextBytes == limits::kEventTextBytes);
static_assert(testkit::kMostFiles == limits::kFilesPerMessage);
static_assert(testkit::kMostReferenceBytes == limits::kFileReferenceBytes);
static_assert(testkit::kMostCursorBytes == limits::kResumeCursorBytes);
static_assert(testkit::kMostParts == limits::kPartsPerDelivery);
static_assert(testkit::kMostOpenStaging == limits::kOpenStagingPerInstance);
static_assert(testkit::kMostKeyBytes == limits::kKvKeyBytes);
static_assert(testkit::kMostValueBytes == limits::kKvValueBytes);
static_assert(testkit::kMostKeys == limits::kKvKeys);
static_assert(testkit::kMostRequests == limits::kHttpRequestsPerInstance);
static_assert(testkit::kMostResponseBytes == limits::kHttpResponseMost);
static_assert(testkit::kUsualResponseBytes == limits::kHttpResponseBytes);
static_assert(testkit::kUsualRequestTime == limits::kHttpTimeout);
static_assert(testkit::kMostConnections == limits::kOutgoingSockets);
static_assert(testkit::kMostListeners == limits::kListeners);
static_assert(testkit::kMostListenerBytes == limits::kListenerBufferBytes);
static_assert(testkit::kMostStreamBytes == limits::kStreamBufferBytes);
static_assert(testkit::kMostWebSocketBytes == limits::kWebSocketBufferBytes);
static_assert(testkit::kWebhookAnswer == limits::kWebhookAnswer);

base::Status copied(const pbay_event& event) {
  return copy_event(&event, base::InstanceName("work"), base::ChannelName("telegram"), {}).problem;
}
base::Status problem_of(const sdk::Event& event) {
  const sdk::EventAbi abi(event);
  return copied(*abi.get());
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

TEST(Kit, WhatTheKitSaysOfStructsWithoutASizeIsWhatTheHostDoes) {
  const sdk::Event event = testkit::event_of_two_files();
  for (const testkit::SizeCase& given : testkit::kSizeCases) {
    testkit::EventParts parts(event);
    given.spoil(parts);
    EXPECT_FALSE(copied(parts.event).ok()) << given.name;
  }
  testkit::EventParts parts(event);
  parts.event.sender = nullptr;
  EXPECT_TRUE(copied(parts.event).ok());
}

TEST(Kit, WhatTheKitSaysOfEndpointsIsWhatTheHostDoes) {
  for (const std::string_view url : testkit::kGoodWebSocketUrls) {
    EXPECT_TRUE(net::parse_websocket_url(url).ok()) << url;
  }
  for (const std::string_view url : testkit::kBadWebSocketUrls) {
    EXPECT_FALSE(net::parse_websocket_url(url).ok()) << url;
  }
  for (const std::string_view endpoint : testkit::kGoodStreams) {
    EXPECT_TRUE(net::parse_stream_endpoint(endpoint).ok()) << endpoint;
  }
  for (const std::string_view endpoint : testkit::kBadStreams) {
    EXPECT_FALSE(net::parse_stream_endpoint(endpoint).ok()) << endpoint;
  }
  for (const testkit::UpgradeCase& given : testkit::kUpgradeCases) {
    net::HttpHeaders headers;
    for (const std::string_view line : given.headers) {
      const auto colon = line.find(": ");
      headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
    }
    EXPECT_EQ(net::check_upgrade_headers(headers).ok(), given.good) << headers.front().name;
  }
}

// Whether an author's rule opens the host: by its name, and as the address that a name leads to.
class OfTheAuthor {
 public:
  OfTheAuthor() { rules_.add("*", RuleOf::kAuthor); }
  [[nodiscard]] bool opens(std::string_view host) const { return rules_.check(host, "").ok(); }
  [[nodiscard]] bool opens_at(std::string_view address) const {
    return rules_.check("api.example.org", address).ok();
  }

 private:
  HostRules rules_;
};

TEST(Kit, WhatTheKitSaysOfPrivateHostsIsWhatTheHostDoes) {
  const OfTheAuthor rule;
  for (const testkit::AddressCase& given : testkit::address_cases()) {
    EXPECT_EQ(rule.opens(given.address), !given.is_private) << given.address;
    EXPECT_EQ(rule.opens_at(given.address), !given.is_private) << given.address;
  }
  for (const std::string_view name : testkit::kPrivateNames) {
    EXPECT_FALSE(rule.opens(name)) << name;
  }
  for (const std::string_view name : testkit::kOtherNames) {
    EXPECT_TRUE(rule.opens(name)) << name;
  }
}

TEST(Kit, WhatTheValidatorSaysOfPrivateHostsIsWhatTheHostDoes) {
  const OfTheAuthor rule;
  for (const std::string_view host : testkit::kPrivateHosts) {
    EXPECT_FALSE(rule.opens(host)) << host;
  }
  for (const std::string_view host : testkit::kPublicHosts) {
    EXPECT_TRUE(rule.opens(host)) << host;
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
