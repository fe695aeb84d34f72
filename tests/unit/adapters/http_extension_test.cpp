#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapter_host_test.hpp"
#include "adapters/staging_writer.hpp"

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

TEST_P(HttpExtensionTest, AnAnswerInMemoryIsOfLimitedSizeWhateverIsAskedFor) {
  start_online({"scripted"});
  const auto place = give("scripted", "get-of-any-size https://api.example.org/");
  const auto operation = await_request();
  EXPECT_EQ(http_.requests.at(operation).request.max_response_bytes, limits::kHttpResponseMost);
  http_.answer(operation, 200, "");
  EXPECT_EQ(await(place).text, "0 0 ");
}

// As many requests as one instance may have at work, and then some.
class ManyHttpRequestsTest : public HttpExtensionTest {
 protected:
  static constexpr std::size_t kMost = limits::kHttpRequestsPerInstance;

  void ask_for(std::size_t requests) {
    start_online({"scripted"});
    for (std::size_t i = 1; i <= requests; ++i) {
      places_.push_back(give("scripted", "get https://api.example.org/" + std::to_string(i)));
    }
    EXPECT_EQ(say("scripted", "ok"), "fine") << "all have been asked for";
  }
  const net::HttpRequest& request(std::size_t number) { return http_.requests.at(number).request; }

  std::vector<std::shared_ptr<std::optional<delivery::AttemptOutcome>>> places_;
};

TEST_P(ManyHttpRequestsTest, OneInstanceHasItsShareAndItsOthersWaitInOrder) {
  ask_for(kMost + 2);
  EXPECT_EQ(http_.requests.size(), kMost);
  pass(std::chrono::seconds(10));
  http_.answer(1, 200, "first");
  EXPECT_EQ(await(places_.at(0)).text, "0 0 first");
  ASSERT_EQ(http_.requests.size(), kMost + 1);
  EXPECT_EQ(request(kMost + 1).url, "https://api.example.org/" + std::to_string(kMost + 1));
  EXPECT_EQ(request(kMost + 1).timeout, limits::kHttpTimeout - std::chrono::seconds(10))
      << "it waited within its time";
  http_.answer(2, 200, "second");
  http_.answer(kMost + 1, 200, "after it");
  EXPECT_EQ(await(places_.at(kMost)).text, "0 0 after it");
  ASSERT_EQ(http_.requests.size(), kMost + 2);
  http_.answer(kMost + 2, 200, "the last");
  EXPECT_EQ(await(places_.at(kMost + 1)).text, "0 0 the last");
}

TEST_P(ManyHttpRequestsTest, WhatWaitsTooLongWasNeverSent) {
  ask_for(kMost + 1);
  pass(limits::kHttpTimeout);
  EXPECT_THAT(await(places_.back()).text, ::testing::StartsWith("-102 "));
  http_.answer(1, 200, "");
  EXPECT_EQ(await(places_.front()).text, "0 0 ");
  EXPECT_EQ(http_.requests.size(), kMost);
}

TEST_P(ManyHttpRequestsTest, ADeliveryWhoseRequestWaitedUntilItsEndHadNotLeft) {
  ask_for(kMost);
  auto late = command("scripted", "post-and-forget https://api.example.org/late");
  late.time_allowed = std::chrono::seconds(5);
  const auto place = give(std::move(late));
  EXPECT_EQ(say("scripted", "ok"), "fine");
  pass(std::chrono::seconds(5));
  const auto outcome = await(place);
  EXPECT_EQ(outcome.outcome, delivery::OutcomeClass::kRetryable) << outcome.text;
  http_.answer(1, 200, "");
  EXPECT_EQ(await(places_.front()).text, "0 0 ");
  EXPECT_EQ(http_.requests.size(), kMost) << "and never leaves";
}

TEST_P(ManyHttpRequestsTest, RequestsThatWaitEndWithTheInstance) {
  ask_for(kMost + 1);
  ASSERT_TRUE(stop_all());
  pass(limits::kHttpTimeout);
  EXPECT_EQ(http_.requests.size(), kMost);
}

TEST_P(HttpExtensionTest, FailuresHaveTheirCodes) {
  start_online({"scripted"});
  using base::Code;
  const std::vector<std::tuple<Code, net::SentState, std::string>> cases = {
      {Code::kUnavailable, net::SentState::kNotSent, "-101 0 not sent: why"},
      {Code::kUnavailable, net::SentState::kUnknown, "-401 0 perhaps sent: why"},
      {Code::kTimeout, net::SentState::kUnknown, "-102 0 perhaps sent: why"},
      {Code::kTooLarge, net::SentState::kAnswered, "-204 0 sent: why"},
      {Code::kCancelled, net::SentState::kNotSent, "-207 0 not sent: why"},
      {Code::kInvalidArgument, net::SentState::kNotSent, "-208 0 not sent: why"},
  };
  for (const auto& [code, sent, text] : cases) {
    const auto place = give("scripted", "get https://api.example.org/");
    net::HttpResult result;
    result.status = {code, "why"};
    result.sent_state = sent;
    http_.finish(await_request(), std::move(result));
    EXPECT_EQ(await(place).text, text);
  }
}

TEST_P(HttpExtensionTest, ARequestForWhichThereIsNoRoomWasNotSent) {
  start_online({"scripted"});
  EXPECT_EQ(say("scripted", "post-without-room https://api.example.org/x " +
                                std::to_string(limits::kAdapterOperations)),
            "-106 0 not sent: too many operations are under way");
  EXPECT_TRUE(http_.requests.empty());
}

// A download into staging, with a disk that stands still until the test lets it go on.
class HttpIntoStagingTest : public HttpExtensionTest {
 protected:
  ~HttpIntoStagingTest() override { let_disk_go_on(); }

  void begin_download() {
    start_online({"scripted"});
    for (int thread = 0; thread < 2; ++thread) {
      storage_.post([going_on = going_on_] { going_on.wait(); });
    }
    place_ = give("scripted", "get-file https://api.example.org/file");
    operation_ = await_request();
  }
  base::Status bring(const std::string& bytes) {
    return http_.requests.at(operation_).request.sink(bytes);
  }
  void let_disk_go_on() {
    if (!std::exchange(goes_on_, true)) {
      go_on_.set_value();
    }
  }
  // Everything that is under way has come to where it waits for the disk.
  void settle() {
    do {
      ASSERT_TRUE(threads_.wait_until_idle({}));
    } while (loop_.run_ready() != 0);
  }

  std::shared_ptr<std::optional<delivery::AttemptOutcome>> place_;
  net::HttpClient::Operation operation_ = 0;
  const std::string chunk_ = std::string(16 * 1024, 'x');

 private:
  bool goes_on_ = false;
  std::promise<void> go_on_;
  std::shared_future<void> going_on_ = go_on_.get_future().share();
};

TEST_P(HttpIntoStagingTest, ASlowDiskHoldsUpTheDownloadAlone) {
  begin_download();
  std::size_t taken = 0;
  base::Status status;
  while (taken <= 2 * StagingWriter::kPieceBytes) {
    status = bring(chunk_);
    if (!status.ok()) {
      break;
    }
    taken += chunk_.size();
  }
  EXPECT_EQ(status.code(), base::Code::kBusy);
  EXPECT_GE(taken, StagingWriter::kPieceBytes);
  EXPECT_EQ(staging_->bytes().value(), 0U) << "nothing is written on the core thread";
  settle();
  EXPECT_EQ(http_.resumed[operation_], 0);
  let_disk_go_on();
  ASSERT_TRUE(loop_.run_until([&] { return http_.resumed[operation_] == 1; }));
  EXPECT_TRUE(bring(chunk_).ok());
  taken += chunk_.size();
  http_.answer(operation_, 200, "");
  EXPECT_EQ(await(place_).text, "0 0 ");
  EXPECT_EQ(staging_->bytes().value(), taken);
}

TEST_P(HttpIntoStagingTest, TheCompletionComesAfterTheLastByteIsWritten) {
  begin_download();
  EXPECT_TRUE(bring(chunk_).ok());
  EXPECT_TRUE(bring("the end").ok());
  http_.answer(operation_, 200, "");
  settle();
  EXPECT_FALSE(place_->has_value());
  let_disk_go_on();
  EXPECT_EQ(await(place_).text, "0 0 ");
  EXPECT_EQ(staging_->bytes().value(), chunk_.size() + 7);
}

TEST_P(HttpIntoStagingTest, WhatCannotBeWrittenEndsTheRequestWithThatFailure) {
  begin_download();
  staging_->abort(1);
  EXPECT_TRUE(bring(chunk_).ok());
  let_disk_go_on();
  EXPECT_THAT(await(place_).text, ::testing::StartsWith(std::to_string(PBAY_E_NOT_FOUND) + " "));
  EXPECT_TRUE(http_.requests.at(operation_).cancelled);
  EXPECT_FALSE(bring(chunk_).ok());
}

TEST_P(HttpIntoStagingTest, AnInstanceThatStopsLeavesNothingBehind) {
  begin_download();
  EXPECT_TRUE(bring(chunk_).ok());
  EXPECT_TRUE(bring(chunk_).ok());
  ASSERT_TRUE(stop_all());
  EXPECT_TRUE(http_.requests.at(operation_).cancelled);
  EXPECT_EQ(bring(chunk_).code(), base::Code::kCancelled);
  let_disk_go_on();
  storage_.drain();
  loop_.run_ready();
  EXPECT_EQ(staging_->bytes().value(), 0U);
}

TEST_P(HttpExtensionTest, RequestsEndWithTheInstance) {
  start_online({"scripted"});
  give("scripted", "get https://api.example.org/");
  const auto operation = await_request();
  ASSERT_TRUE(stop_all());
  EXPECT_TRUE(http_.requests.at(operation).cancelled);
}

INSTANTIATE_TEST_SUITE_P(Both, HttpIntoStagingTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);
INSTANTIATE_TEST_SUITE_P(Both, ManyHttpRequestsTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);
INSTANTIATE_TEST_SUITE_P(Both, HttpExtensionTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);

}  // namespace
}  // namespace patchbay::adapters
