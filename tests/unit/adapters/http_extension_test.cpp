#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapter_host_test.hpp"

namespace patchbay::adapters {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class HttpExtensionTest : public EitherWayTest {
 protected:
  net::HttpClient::Operation await_request() {
    EXPECT_TRUE(loop_.run_until([&] { return http_.requests.size() > seen_; }));
    return ++seen_;
  }
  std::size_t seen_ = 0;
};

TEST_P(HttpExtensionTest, ARequestIsMadeAsAskedAndItsAnswerComes) {
  start_online({"scripted"});
  const auto place = give("scripted", "post https://api.example.org/x");
  const auto operation = await_request();
  const net::HttpRequest& request = http_.requests.at(operation).request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.example.org/x");
  EXPECT_EQ(std::get<std::string>(request.body), "body");
  EXPECT_EQ(request.repeat, net::HttpRepeat::kNever);
  EXPECT_EQ(request.redirects, net::HttpRedirects::kReturn);
  EXPECT_EQ(request.timeout, base::Milliseconds(limits::kHttpTimeout));
  http_.answer(operation, 429, "slow down");
  EXPECT_EQ(await(place).text, "0 0 slow down") << "an answer of whatever status is an answer";
  EXPECT_EQ(status("scripted").counters.requests, 1U);
}

TEST_P(HttpExtensionTest, OnlyTheInstancesHostsAreAllowed) {
  make_host();
  ASSERT_TRUE(host_
                  ->add_instance({.name = base::InstanceName("scripted"),
                                  .channel = base::ChannelName("scripted"),
                                  .settings_json = R"({"api_base": "http://127.0.0.1:9/bot"})",
                                  .allowed_hosts = {"files.example.org"},
                                  .isolation = GetParam()})
                  .ok());
  ASSERT_TRUE(host_->start(inbound_, events_).ok());
  ASSERT_TRUE(comes("scripted", State::kOnline));
  const auto place = give("scripted", "get https://api.example.org/");
  const auto operation = await_request();
  const net::HostAllow allow = http_.requests.at(operation).request.allow;
  EXPECT_TRUE(allow("api.example.org", "").ok()) << "the sidecar's";
  EXPECT_TRUE(allow("files.example.org", "").ok()) << "the configuration's";
  EXPECT_TRUE(allow("127.0.0.1", "127.0.0.1").ok()) << "that of a setting";
  EXPECT_TRUE(allow("a.cdn.example.org", "93.184.216.34").ok());
  EXPECT_FALSE(allow("a.cdn.example.org", "169.254.169.254").ok());
  const base::Status refused = allow("evil.example.org", "");
  EXPECT_EQ(refused.code(), base::Code::kRefused);
  net::HttpResult result;
  result.status = refused;
  http_.finish(operation, std::move(result));
  EXPECT_THAT(await(place).text, HasSubstr("-203 ")) << "PBAY_E_FORBIDDEN";
}

TEST_P(HttpExtensionTest, FailuresHaveTheirCodes) {
  start_online({"scripted"});
  using base::Code;
  const std::vector<std::tuple<Code, net::SentState, std::string>> cases = {
      {Code::kUnavailable, net::SentState::kNotSent, "-101 "},
      {Code::kUnavailable, net::SentState::kUnknown, "-401 "},
      {Code::kTimeout, net::SentState::kUnknown, "-102 "},
      {Code::kTooLarge, net::SentState::kAnswered, "-204 "},
      {Code::kCancelled, net::SentState::kNotSent, "-207 "},
      {Code::kInvalidArgument, net::SentState::kNotSent, "-208 "},
  };
  for (const auto& [code, sent, text] : cases) {
    const auto place = give("scripted", "get https://api.example.org/");
    net::HttpResult result;
    result.status = {code, "why"};
    result.sent_state = sent;
    http_.finish(await_request(), std::move(result));
    EXPECT_THAT(await(place).text, ::testing::StartsWith(text));
  }
}

TEST_P(HttpExtensionTest, RequestsEndWithTheInstance) {
  start_online({"scripted"});
  give("scripted", "get https://api.example.org/");
  const auto operation = await_request();
  ASSERT_TRUE(stop_all());
  EXPECT_TRUE(http_.requests.at(operation).cancelled);
}

INSTANTIATE_TEST_SUITE_P(Both, HttpExtensionTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);

}  // namespace
}  // namespace patchbay::adapters
