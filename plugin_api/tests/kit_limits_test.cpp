// What the fake host answers where a host refuses, or has something wait: with the same codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "limits.hpp"
#include "listener_cases.hpp"
#include "patchbay/ext/http.h"
#include "patchbay/ext/kv.h"
#include "patchbay/ext/listener.h"
#include "patchbay/ext/stream.h"
#include "patchbay/ext/webhook.h"
#include "patchbay/ext/websocket.h"
#include "patchbay/testkit/peers.hpp"
#include "puppet.hpp"

namespace patchbay::testkit {
namespace {

using sdk::make_abi;
using sdk::to_abi;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KitLimits : public PuppetTest {
 protected:
  using PuppetTest::PuppetTest;

  static std::string ended(std::int32_t code) { return "complete " + std::to_string(code) + " 0"; }

  pbay_op last_op_ = 0;
};

// ---- listeners and webhooks ----

TEST_F(KitLimits, AListenerBearsTheNameOfItsInstance) {
  host_.reset();
  host_ = make_host({}, R"({"instance":")" + std::string(kListeningInstance) + R"("})");
  host_->start();
  for (const ListenerCase& given : kListenerCases) {
    const std::size_t before = host_->breaches().size();
    table<pbay_listener>(PBAY_EXT_LISTENER).listen(puppet_.host, ++last_op_, to_abi(given.name));
    host_->run_ready();
    EXPECT_THAT(news(), ElementsAre(ended(given.code))) << given.name;
    const bool is_breach = given.code == PBAY_E_INVALID || given.code == PBAY_E_FORBIDDEN;
    EXPECT_EQ(host_->breaches().size(), before + (is_breach ? 1 : 0)) << given.name;
  }
  EXPECT_EQ(host_->listeners().size(), kMostListeners);
}

TEST_F(KitLimits, ASecondRouteIsNotOpened) {
  const auto& webhook = table<pbay_webhook>(PBAY_EXT_WEBHOOK);
  webhook.open(puppet_.host, 1);
  webhook.open(puppet_.host, 2);
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre(ended(PBAY_OK), ended(PBAY_E_BUSY)));
  webhook.close(puppet_.host, 2);
  EXPECT_TRUE(host_->has_webhook()) << "the first is open";
  EXPECT_THAT(breaches(), IsEmpty());
}

TEST_F(KitLimits, AnAnswerThatIsNoneIsA500) {
  const auto& webhook = table<pbay_webhook>(PBAY_EXT_WEBHOOK);
  std::vector<pbay_header> headers(kMostAnswerHeaders + 1, make_abi<pbay_header>());
  for (pbay_header& header : headers) {
    header.name = to_abi("X-A");
  }
  headers[1].name = to_abi("X Y");
  auto answer = make_abi<pbay_webhook_answer>();
  answer.headers = headers.data();
  answer.header_stride = sizeof(pbay_header);
  answer.body = to_abi("body");
  puppet_.read_event = [&](const void* detail) {
    const std::uint64_t request = static_cast<const pbay_webhook_request*>(detail)->request;
    webhook.respond(puppet_.host, request, &answer);
    return std::string();
  };
  webhook.open(puppet_.host, ++last_op_);
  host_->run_ready();
  const auto answered = [&](std::uint32_t status, std::uint32_t header_count) {
    answer.status = status;
    answer.header_count = header_count;
    return *host_->webhook_answer(host_->webhook("POST", "/", {}, ""));
  };
  EXPECT_EQ(answered(200, 1).status, 200U);
  EXPECT_EQ(answered(200, 1).body, "body");
  EXPECT_THAT(breaches(), IsEmpty());
  EXPECT_EQ(answered(200, 2).status, 200U);
  EXPECT_EQ(answered(200, 2).headers.size(), 1U) << "without the one that is none";
  EXPECT_EQ(answered(99, 0).status, 500U);
  EXPECT_EQ(answered(600, 0).body, "");
  EXPECT_EQ(answered(200, kMostAnswerHeaders + 1).status, 500U);
}

TEST_F(KitLimits, ACallThatIsNotAnsweredInTimeIsA503) {
  puppet_.read_event = [](const void*) { return std::string(); };
  table<pbay_webhook>(PBAY_EXT_WEBHOOK).open(puppet_.host, ++last_op_);
  host_->run_ready();
  const std::uint64_t call = host_->webhook("POST", "/", {}, "");
  host_->advance(kWebhookAnswer);
  ASSERT_NE(host_->webhook_answer(call), nullptr);
  EXPECT_EQ(host_->webhook_answer(call)->status, 503U);
}

TEST_F(KitLimits, WhoWaitsWhenTheRouteIsClosedGetsA503) {
  std::uint64_t asked = 0;
  puppet_.read_event = [&](const void* detail) {
    asked = static_cast<const pbay_webhook_request*>(detail)->request;
    return std::string();
  };
  const auto& webhook = table<pbay_webhook>(PBAY_EXT_WEBHOOK);
  webhook.open(puppet_.host, ++last_op_);
  host_->run_ready();
  const std::uint64_t call = host_->webhook("POST", "/", {}, "");
  webhook.close(puppet_.host, last_op_);
  ASSERT_NE(host_->webhook_answer(call), nullptr);
  EXPECT_EQ(host_->webhook_answer(call)->status, 503U);
  auto answer = make_abi<pbay_webhook_answer>();
  answer.status = 200;
  webhook.respond(puppet_.host, asked, &answer);
  host_->advance(kWebhookAnswer);
  EXPECT_EQ(host_->webhook_answer(call)->status, 503U) << "it was told already";
  EXPECT_THAT(breaches(), IsEmpty());
  webhook.respond(puppet_.host, asked, &answer);
  EXPECT_EQ(host_->breaches().size(), 1U) << "a second time";
}

// ---- requests ----

class RequestLimits : public KitLimits {
 protected:
  RequestLimits() : KitLimits(options()) {
    puppet_.on_complete = [this](pbay_op op, const pbay_completion& completion) {
      const auto* response = static_cast<const pbay_http_response*>(completion.detail);
      ended_[op] = {completion.code, response->sent_state};
    };
  }
  static FakeHostOptions options() {
    FakeHostOptions out;
    out.allowed_hosts = {"api.example.org"};
    return out;
  }
  struct Ended {
    std::int32_t code;
    std::uint32_t sent_state;
    bool operator==(const Ended&) const = default;
  };
  // One that the test may spoil before it is made.
  static pbay_http_request good() {
    auto out = make_abi<pbay_http_request>();
    out.method = to_abi("GET");
    out.url = to_abi("https://api.example.org/");
    out.body_fd = -1;
    return out;
  }
  pbay_op ask(const pbay_http_request& request) {
    table<pbay_http>(PBAY_EXT_HTTP).request(puppet_.host, ++last_op_, &request);
    host_->run_ready();
    return last_op_;
  }
  void ask_for(std::size_t requests, const pbay_http_request& request = good()) {
    for (std::size_t i = 0; i < requests; ++i) {
      ask(request);
    }
  }
  [[nodiscard]] std::size_t left() const { return host_->http().requests().size(); }

  std::map<pbay_op, Ended> ended_;
};

constexpr auto kMost = static_cast<pbay_op>(kMostRequests);

TEST_F(RequestLimits, SoManyAreAtWorkAndFurtherOnesWaitTheirTurn) {
  host_->http().expect("GET", "*").times(1).answer(200, "").after(seconds(10));
  host_->http().expect("GET", "*").always().answer(200, "").after(seconds(20));
  ask_for(kMost + 2);
  EXPECT_EQ(left(), kMost);
  host_->advance(seconds(10));
  ASSERT_EQ(left(), kMost + 1) << "one has ended";
  EXPECT_EQ(host_->http().requests().back().at_ms, host_->monotonic_ms());
  EXPECT_EQ(ended_.size(), 1U);
  host_->advance(seconds(10));
  EXPECT_EQ(left(), kMost + 2);
  host_->advance(seconds(20));
  EXPECT_EQ(ended_.size(), kMost + 2);
  EXPECT_EQ(ended_.at(kMost + 2), (Ended{PBAY_OK, PBAY_SENT}));
  EXPECT_THAT(breaches(), IsEmpty());
}

TEST_F(RequestLimits, WhatWaitsTooLongWasNeverSent) {
  host_->http().expect("GET", "*").always().hang();
  ask_for(kMost + 1);
  host_->advance(seconds(59));
  EXPECT_THAT(ended_, IsEmpty());
  host_->advance(seconds(1));
  EXPECT_EQ(ended_.at(1), (Ended{PBAY_E_TIMEOUT, PBAY_SENT_UNKNOWN}));
  EXPECT_EQ(ended_.at(kMost + 1), (Ended{PBAY_E_TIMEOUT, PBAY_NOT_SENT}));
  EXPECT_EQ(left(), kMost);
}

TEST_F(RequestLimits, TheWaitIsPartOfTheRequestsTime) {
  host_->http().expect("GET", "*").times(1).answer(200, "").after(seconds(10));
  host_->http().expect("GET", "*").always().hang();
  auto late = good();
  late.timeout_ms = 15'000;
  ask_for(kMost);
  const pbay_op op = ask(late);
  auto impatient = good();
  impatient.timeout_ms = 5'000;
  const pbay_op other = ask(impatient);
  host_->advance(seconds(5));
  EXPECT_EQ(ended_.at(other), (Ended{PBAY_E_TIMEOUT, PBAY_NOT_SENT}));
  host_->advance(seconds(9));
  EXPECT_EQ(left(), kMost + 1);
  EXPECT_EQ(ended_.count(op), 0U);
  host_->advance(seconds(1));
  EXPECT_EQ(ended_.at(op), (Ended{PBAY_E_TIMEOUT, PBAY_SENT_UNKNOWN}));
}

TEST_F(RequestLimits, WhatIsCancelledMakesRoomOrHasNeverLeft) {
  host_->http().expect("GET", "*").always().hang();
  ask_for(kMost + 2);
  const auto& http = table<pbay_http>(PBAY_EXT_HTTP);
  http.cancel(puppet_.host, kMost + 1);
  host_->run_ready();
  EXPECT_EQ(ended_.at(kMost + 1), (Ended{PBAY_E_CANCELLED, PBAY_NOT_SENT}));
  EXPECT_EQ(left(), kMost);
  http.cancel(puppet_.host, 1);
  host_->run_ready();
  EXPECT_EQ(ended_.at(1), (Ended{PBAY_E_CANCELLED, PBAY_SENT_UNKNOWN}));
  EXPECT_EQ(left(), kMost + 1);
}

TEST_F(RequestLimits, AnAnswerInMemoryIsOfLimitedSizeWhateverIsAskedFor) {
  auto request = good();
  request.max_response_bytes = 2 * kMostResponseBytes;
  request.timeout_ms = 2 * kMostRequestTime.count();
  const auto most = static_cast<std::size_t>(kMostResponseBytes);
  host_->http().expect("GET", "*").answer(200, std::string(most, 'x'));
  EXPECT_EQ(ended_[ask(request)].code, PBAY_OK);
  EXPECT_EQ(host_->http().requests().back().max_response_bytes, kMostResponseBytes);
  EXPECT_EQ(host_->http().requests().back().timeout_ms, kMostRequestTime.count());
  host_->http().expect("GET", "*").answer(200, std::string(most + 1, 'x'));
  EXPECT_EQ(ended_[ask(request)], (Ended{PBAY_E_TOO_LARGE, PBAY_SENT}));
  EXPECT_THAT(breaches(), IsEmpty());
}

TEST_F(RequestLimits, WhatAHostRefusesDoesNotComeToThePlatform) {
  const Ended invalid{PBAY_E_INVALID, PBAY_NOT_SENT};
  auto spoilt = good();
  spoilt.method = to_abi("get");
  EXPECT_EQ(ended_[ask(spoilt)], invalid);
  spoilt = good();
  spoilt.response_staging = 77;
  EXPECT_EQ(ended_[ask(spoilt)], invalid);
  spoilt = good();
  spoilt.body_fd = 9999;
  EXPECT_EQ(ended_[ask(spoilt)], invalid);
  std::vector<pbay_http_part> parts(kMostRequestParts + 1, make_abi<pbay_http_part>());
  spoilt = good();
  spoilt.parts = parts.data();
  spoilt.part_count = kMostRequestParts + 1;
  spoilt.part_stride = sizeof(pbay_http_part);
  EXPECT_EQ(ended_[ask(spoilt)], invalid);
  spoilt = good();
  spoilt.url = to_abi("https://elsewhere.example.org/");
  EXPECT_EQ(ended_[ask(spoilt)], (Ended{PBAY_E_FORBIDDEN, PBAY_NOT_SENT}));
  EXPECT_THAT(puppet_.text, HasSubstr("elsewhere.example.org is no host of"));
  spoilt = good();
  spoilt.delivery_op = 4711;
  EXPECT_EQ(ended_[ask(spoilt)], (Ended{PBAY_E_CANCELLED, PBAY_NOT_SENT}));
  EXPECT_EQ(left(), 0U);
  EXPECT_EQ(host_->breaches().size(), 6U);
}

// ---- what is kept, what is open ----

TEST_F(KitLimits, AKeyAndAValueThatNoHostKeepsAreNotKept) {
  const auto& kv = table<pbay_kv>(PBAY_EXT_KV);
  const auto put = [&](const std::string& key, const std::string& value) {
    kv.put(puppet_.host, ++last_op_, to_abi(key), to_abi(value));
    host_->run_ready();
    return news().at(0);
  };
  EXPECT_EQ(put(std::string(kMostKeyBytes, 'k'), std::string(kMostValueBytes, 'v')),
            ended(PBAY_OK));
  EXPECT_THAT(breaches(), IsEmpty());
  EXPECT_EQ(put("", "v"), ended(PBAY_E_INVALID));
  EXPECT_EQ(put("\xFF", "v"), ended(PBAY_E_INVALID));
  EXPECT_EQ(put(std::string(kMostKeyBytes + 1, 'k'), "v"), ended(PBAY_E_TOO_LARGE));
  EXPECT_EQ(put("k", std::string(kMostValueBytes + 1, 'v')), ended(PBAY_E_TOO_LARGE));
  kv.get(puppet_.host, ++last_op_, to_abi(""));
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre(ended(PBAY_E_INVALID)));
  const std::string longer(kMostValueBytes + 1, 'v');
  kv.compare_and_set(puppet_.host, ++last_op_, to_abi("k"), nullptr, to_abi(longer));
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre(ended(PBAY_E_TOO_LARGE)));
  EXPECT_EQ(host_->kv().size(), 1U);
  EXPECT_EQ(host_->breaches().size(), 6U);
}

TEST_F(KitLimits, TheMapTakesSoManyKeysOnly) {
  for (std::size_t i = 0; i < kMostKeys; ++i) {
    host_->kv()[std::to_string(i)] = "old";
  }
  const auto& kv = table<pbay_kv>(PBAY_EXT_KV);
  kv.put(puppet_.host, 1, to_abi("one more"), to_abi("new"));
  kv.put(puppet_.host, 2, to_abi("7"), to_abi("new"));
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre(ended(PBAY_E_TOO_LARGE), ended(PBAY_OK)));
  EXPECT_EQ(host_->kv().at("7"), "new");
}

TEST_F(KitLimits, SoManyConnectionsOfAKindAreOpen) {
  host_->websockets().otherwise();
  host_->streams().otherwise();
  auto options = make_abi<pbay_websocket_options>();
  options.url = to_abi("wss://api.example.org/");
  const auto& websocket = table<pbay_websocket>(PBAY_EXT_WEBSOCKET);
  for (std::size_t i = 0; i < kMostConnections; ++i) {
    websocket.open(puppet_.host, ++last_op_, &options);
    host_->advance(seconds(0));
    ASSERT_THAT(news(), ElementsAre(ended(PBAY_OK)));
  }
  websocket.open(puppet_.host, ++last_op_, &options);
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre(ended(PBAY_E_BUSY)));
  table<pbay_stream>(PBAY_EXT_STREAM).open(puppet_.host, ++last_op_, to_abi("tcp://a:1"));
  host_->advance(seconds(0));
  EXPECT_THAT(news(), ElementsAre(ended(PBAY_OK))) << "streams are counted for themselves";
  EXPECT_THAT(breaches(), IsEmpty());
}

TEST_F(KitLimits, WhatWouldNeverFitIsNotToBeWaitedFor) {
  host_->websockets().otherwise();
  host_->streams().otherwise();
  auto options = make_abi<pbay_websocket_options>();
  options.url = to_abi("wss://api.example.org/");
  const auto& websocket = table<pbay_websocket>(PBAY_EXT_WEBSOCKET);
  const auto& stream = table<pbay_stream>(PBAY_EXT_STREAM);
  websocket.open(puppet_.host, 1, &options);
  stream.open(puppet_.host, 2, to_abi("tcp://a:1"));
  host_->advance(seconds(0));
  const std::string most(kMostWebSocketBytes, 'x');
  const auto say = [&](const std::string& text) {
    return websocket.send(puppet_.host, 1, PBAY_WEBSOCKET_TEXT, to_abi(text));
  };
  EXPECT_EQ(say(most), PBAY_OK);
  EXPECT_EQ(say(most + 'x'), PBAY_E_TOO_LARGE);
  const std::string line(kMostStreamBytes, 'x');
  EXPECT_EQ(stream.send(puppet_.host, 2, to_abi(line)), PBAY_OK);
  EXPECT_EQ(stream.send(puppet_.host, 2, to_abi(line + 'x')), PBAY_E_TOO_LARGE);
  EXPECT_EQ(websocket.ping(puppet_.host, 1, to_abi(std::string(125, 'x'))), PBAY_OK);
  EXPECT_THAT(breaches(), IsEmpty());
  EXPECT_EQ(websocket.ping(puppet_.host, 1, to_abi(std::string(126, 'x'))), PBAY_E_INVALID);
  EXPECT_EQ(say("\xFF"), PBAY_E_INVALID);
  EXPECT_EQ(websocket.send(puppet_.host, 1, PBAY_WEBSOCKET_BINARY + 1, {}), PBAY_E_INVALID);
  EXPECT_EQ(host_->breaches().size(), 3U);
  EXPECT_EQ(host_->websockets().heard(1).size(), 1U);
}

}  // namespace
}  // namespace patchbay::testkit
