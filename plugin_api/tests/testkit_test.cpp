// The test kit against a whole small adapter (echo/), and what it says about adapters that break
// the contract.
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "patchbay/ext/kv.h"
#include "patchbay/ext/listener.h"
#include "patchbay/ext/webhook.h"
#include "patchbay/testkit/fake_host.hpp"

namespace patchbay::testkit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kUpdates = "https://echo.example.org/updates?offset=*";
constexpr const char* kSend = "https://echo.example.org/send";

sdk::Delivery text_delivery(std::string text) {
  sdk::Delivery delivery;
  delivery.chat = sdk::Chat(sdk::ChatKind::kGroup, "c1");
  delivery.text = std::move(text);
  return delivery;
}

// A host whose platform has no updates.
class Echo : public testing::Test {
 protected:
  FakeHost& host() {
    if (!host_) {
      host_ = std::make_unique<FakeHost>(&patchbay_adapter_v1, "{}", options_);
    }
    return *host_;
  }
  FakeHost& started() {
    host().http().expect("GET", kUpdates).always().hang();
    host().start();
    return host();
  }

  FakeHostOptions options_;
  std::unique_ptr<FakeHost> host_;
};

TEST_F(Echo, PollsTranslatesSubmitsAcknowledges) {
  host()
      .http()
      .expect("GET", "https://echo.example.org/updates?offset=0")
      .answer(200, "5 c1 hello\n6 c1 again");
  host().http().expect("GET", "https://echo.example.org/updates?offset=6").always().hang();
  host().hold_submits();
  host().start();
  ASSERT_EQ(host().events().size(), 2U);
  EXPECT_EQ(host().events()[0].text, "hello");
  EXPECT_EQ(host().events()[1].chat.id, "c1");
  EXPECT_EQ(host().events()[1].sender.name, "Ada");
  // Nothing is acknowledged before it is stored.
  EXPECT_EQ(host().http().requests().size(), 1U);
  EXPECT_TRUE(host().kv().empty());
  host().release_submits();
  EXPECT_EQ(host().kv().at("offset"), "6");
  EXPECT_EQ(host().http().requests().size(), 2U);
  EXPECT_TRUE(host().http().requests()[1].idempotent);
  EXPECT_EQ(host().states().back().kind, sdk::StateKind::kOnline);
}

TEST_F(Echo, WhatIsNotStoredIsNotAcknowledged) {
  host().http().expect("GET", kUpdates).answer(200, "5 c1 one\n6 c1 two\n7 c1 three");
  host().http().expect("GET", "https://echo.example.org/updates?offset=5").answer(200, "");
  host().http().expect("GET", kUpdates).always().hang();
  host().on_submit([](const sdk::Event& event) {
    return event.text == "two" ? SubmitAnswer{PBAY_E_BUSY, PBAY_NOT_STORED} : SubmitAnswer{};
  });
  host().start();
  EXPECT_EQ(host().kv().at("offset"), "5");
  host().advance(seconds(2));
  EXPECT_EQ(host().http().requests().size(), 2U);
}

TEST_F(Echo, TimePassesOnlyWhenTheTestSaysSo) {
  host().http().expect("GET", kUpdates).rate_limited(30);
  host().start();
  EXPECT_EQ(host().states().back().kind, sdk::StateKind::kRateLimited);
  host().advance(milliseconds(29'999));
  EXPECT_EQ(host().http().requests().size(), 1U);
  host().http().expect("GET", kUpdates).drop_before_sent();
  host().http().expect("GET", kUpdates).answer(200, "").after(seconds(10));
  host().http().expect("GET", kUpdates).always().hang();
  host().advance(milliseconds(1));
  EXPECT_EQ(host().states().back().reason, "connection refused");
  host().advance(seconds(5));
  EXPECT_EQ(host().http().requests().size(), 3U);
  EXPECT_EQ(host().states().back().kind, sdk::StateKind::kDegraded);
  host().advance(seconds(10));
  EXPECT_EQ(host().states().back().kind, sdk::StateKind::kOnline);
}

TEST_F(Echo, AHangingRequestEndsAtItsTimeout) {
  started();
  host().advance(seconds(39));
  EXPECT_EQ(host().http().requests().size(), 1U);
  host().advance(seconds(1));
  EXPECT_EQ(host().states().back().reason, "no answer in time");
}

TEST_F(Echo, DeliversPartByPart) {
  started();
  host()
      .http()
      .expect("POST", kSend)
      .header("authorization", "Bearer secret")
      .json("/chat", "\"c1\"")
      .json("/text", "\"hello\"")
      .no_json("/file")
      .answer(200, "m1");
  host()
      .http()
      .expect("POST", kSend)
      .field("chat", "c1")
      .file("document", "a.txt", "bytes")
      .answer(200, "m2");
  host().hold_parts();
  sdk::Delivery delivery = text_delivery("hello");
  delivery.files.push_back(host().file("bytes", "a.txt", "text/plain"));
  const pbay_op op = host().deliver(delivery);
  ASSERT_EQ(host().parts().size(), 1U);
  EXPECT_EQ(host().parts()[0].remote_id, "m1");
  EXPECT_EQ(host().http().requests_to(kSend).size(), 1U);  // the second waits
  EXPECT_EQ(host().result(op), nullptr);
  host().release_parts();
  ASSERT_NE(host().result(op), nullptr);
  EXPECT_TRUE(host().result(op)->ok());
  EXPECT_EQ(host().result(op)->sent_state, sdk::SentState::kSent);
  EXPECT_EQ(host().result(op)->remote_ids, (std::vector<std::string>{"m1", "m2"}));
  EXPECT_EQ(host().http().requests_to(kSend)[1]->delivery_op, op);
}

TEST_F(Echo, PartsThatAreDurableAreNotSentAgain) {
  started();
  host().http().expect("POST", kSend).file("document", "a.txt", "bytes").answer(200, "m2");
  sdk::Delivery delivery = text_delivery("hello");
  delivery.files.push_back(host().file("bytes", "a.txt", "text/plain"));
  delivery.parts_done = 1;
  delivery.attempt = 2;
  delivery.remote_ids = {"m1"};
  const pbay_op op = host().deliver(delivery);
  EXPECT_EQ(host().result(op)->remote_ids, (std::vector<std::string>{"m1", "m2"}));
}

TEST_F(Echo, WhatTheTransportProvedDecides) {
  started();
  host().http().expect("POST", kSend).drop_before_sent();
  const pbay_op refused = host().deliver(text_delivery("a"));
  EXPECT_EQ(host().result(refused)->code, PBAY_E_NETWORK);
  EXPECT_EQ(host().result(refused)->sent_state, sdk::SentState::kNotSent);
  host().http().expect("POST", kSend).drop_after_sent();
  const pbay_op dropped = host().deliver(text_delivery("b"));
  EXPECT_EQ(host().result(dropped)->code, PBAY_E_UNKNOWN);
  host().http().expect("POST", kSend).answer(200, "a long answer").cut_after(3);
  const pbay_op cut = host().deliver(text_delivery("c"));
  EXPECT_EQ(host().result(cut)->code, PBAY_E_UNKNOWN);
  host().http().expect("POST", kSend).rate_limited(7);
  const pbay_op limited = host().deliver(text_delivery("d"));
  EXPECT_EQ(host().result(limited)->code, PBAY_E_RATE_LIMITED);
  EXPECT_EQ(host().result(limited)->retry_after_ms, 7000);
}

TEST_F(Echo, ACancelledDeliveryStillEnds) {
  started();
  host().http().expect("POST", kSend).hang();
  const pbay_op op = host().deliver(text_delivery("a"));
  EXPECT_EQ(host().result(op), nullptr);
  host().cancel(op);
  ASSERT_NE(host().result(op), nullptr);
  EXPECT_EQ(host().result(op)->code, PBAY_E_UNKNOWN);
}

TEST_F(Echo, FetchStreamsIntoStaging) {
  started();
  host().http().expect("GET", "https://echo.example.org/files/file-5").answer(200, "content");
  const FakeHost::Fetched fetched = host().fetch("file-5");
  ASSERT_NE(host().result(fetched.op), nullptr);
  EXPECT_TRUE(host().result(fetched.op)->ok());
  EXPECT_EQ(*host().staged(fetched.staging), "content");
}

TEST_F(Echo, TranslateIsTheLivePathsOwnFunction) {
  EXPECT_EQ(host().translate("updates", "5 c1 file"), PBAY_OK);
  ASSERT_EQ(host().events().size(), 1U);
  EXPECT_EQ(host().events()[0].files.at(0).reference, "file-5");
  EXPECT_EQ(host().translate("updates", "nonsense"), PBAY_E_INVALID);
}

TEST_F(Echo, CapabilitiesAndAbilities) {
  started();
  EXPECT_EQ(host().capabilities(sdk::Chat(sdk::ChatKind::kDirect, "u1")).text_limit, 100U);
  EXPECT_EQ(host().capabilities(sdk::Chat(sdk::ChatKind::kGroup, "c1")).text_limit, 50U);
  host().typing(sdk::Chat(sdk::ChatKind::kGroup, "c9"));
  EXPECT_EQ(host().log().back().text, "typing in c9");
}

TEST_F(Echo, ListenerAndWebhook) {
  started();
  const std::uint64_t connection = host().connect("echo");
  host().send(connection, "hi");
  EXPECT_EQ(host().received(connection), "echo hi");
  host().send(connection, "bye");
  EXPECT_FALSE(host().open(connection));
  const std::uint64_t good = host().webhook("POST", "/x?y=1", {{"x-secret", "s"}}, "body");
  ASSERT_NE(host().webhook_answer(good), nullptr);
  EXPECT_EQ(host().webhook_answer(good)->status, 200U);
  EXPECT_EQ(host().webhook_answer(good)->body, "body");
  const std::uint64_t bad = host().webhook("POST", "/x", {}, "body");
  EXPECT_EQ(host().webhook_answer(bad)->status, 401U);
}

// ---- the end ----

TEST_F(Echo, StopEndsPollsAtOnceAndLetsDeliveriesFinish) {
  started();
  host().http().expect("POST", kSend).answer(200, "m1").after(seconds(3));
  const pbay_op op = host().deliver(text_delivery("a"));
  const std::int64_t before = host().monotonic_ms();
  host().stop(seconds(10));
  EXPECT_TRUE(host().stopped());
  EXPECT_EQ(host().monotonic_ms(), before + 3000);
  EXPECT_TRUE(host().result(op)->ok());
}

TEST_F(Echo, StopCancelsWhatTakesTooLong) {
  started();
  host().http().expect("POST", kSend).hang();
  const pbay_op op = host().deliver(text_delivery("a"));
  host().stop(seconds(10));
  EXPECT_TRUE(host().stopped());
  EXPECT_EQ(host().result(op)->code, PBAY_E_UNKNOWN);
}

TEST_F(Echo, ADeliveryThatSleepsAtStopIsProvenNotSent) {
  started();
  const pbay_op op = host().deliver(text_delivery("wait"));
  host().stop();
  EXPECT_EQ(host().result(op)->code, PBAY_E_RETRY);
  EXPECT_EQ(host().result(op)->sent_state, sdk::SentState::kNotSent);
}

TEST_F(Echo, ARefusalProvesThatNothingWasSent) {
  started();
  host().http().expect("POST", kSend).rate_limited(60);
  const pbay_op op = host().deliver(text_delivery("patient"));
  host().stop();
  EXPECT_EQ(host().result(op)->code, PBAY_E_RETRY);
  EXPECT_EQ(host().result(op)->sent_state, sdk::SentState::kNotSent);
}

TEST_F(Echo, ALogLineIsOneLine) {
  started();
  host().typing(sdk::Chat(sdk::ChatKind::kGroup, "a\nb"));
  EXPECT_EQ(host().log().back().text, "typing in a b");
}

TEST_F(Echo, AnInstanceThatWasNeverStartedCanBeDestroyed) {
  EXPECT_TRUE(host().created());
  host().hold_submits();
  host().translate("updates", "5 c1 pending for ever");
}

// ---- exceptions ----

TEST_F(Echo, SettingsThatAreWrongAreRefusedWithWords) {
  FakeHost refused(&patchbay_adapter_v1, R"({"fail":1})");
  EXPECT_FALSE(refused.created());
  EXPECT_EQ(refused.log().at(0).text, "setting 'fail' must not be given: take it out");
  FakeHost threw(&patchbay_adapter_v1, R"({"throw":1})");
  EXPECT_FALSE(threw.created());
  EXPECT_EQ(threw.log().at(0).text, "configure threw");
}

TEST_F(Echo, AnExceptionBecomesABugAndTheInstanceLivesOn) {
  options_.breaches_fail_the_test = false;
  started();
  const pbay_op unsent = host().deliver(text_delivery("throw"));
  EXPECT_EQ(host().result(unsent)->code, PBAY_E_BUG);
  EXPECT_EQ(host().result(unsent)->sent_state, sdk::SentState::kNotSent);
  EXPECT_EQ(host().result(unsent)->text, "bug in the adapter: deliver threw");
  host().http().expect("POST", kSend).answer(200, "throw");
  const pbay_op sent = host().deliver(text_delivery("a"));
  EXPECT_EQ(host().result(sent)->code, PBAY_E_BUG);
  EXPECT_EQ(host().result(sent)->sent_state, sdk::SentState::kUnknown);
  EXPECT_EQ(host().translate("throw", ""), PBAY_E_BUG);
  host().http().expect("POST", kSend).answer(200, "m1");
  const pbay_op good = host().deliver(text_delivery("a"));
  EXPECT_TRUE(host().result(good)->ok());
}

TEST_F(Echo, AHostWithoutAnExtensionIsSurvived) {
  options_.without = {PBAY_EXT_LISTENER, PBAY_EXT_WEBHOOK, PBAY_EXT_KV};
  host().http().expect("GET", kUpdates).answer(200, "");
  host().start();
  EXPECT_EQ(host().http().requests().size(), 1U);
}

// ---- what the kit notices ----

TEST_F(Echo, AnUnexpectedRequestIsABreach) {
  options_.breaches_fail_the_test = false;
  host().start();
  ASSERT_EQ(host().breaches().size(), 1U);
  EXPECT_NE(host().breaches()[0].what.find("unexpected request: GET"), std::string::npos);
}

TEST_F(Echo, AnExpectationThatWasNeverMetIsABreach) {
  options_.breaches_fail_the_test = false;
  started();
  host().http().expect("POST", kSend).json("/text", "\"never\"");
  EXPECT_NE(host().http().unmet().find("JSON /text = \"never\""), std::string::npos);
}

TEST_F(Echo, ASecretInALogIsABreach) {
  options_.breaches_fail_the_test = false;
  options_.secrets = {"c9"};
  started();
  host().typing(sdk::Chat(sdk::ChatKind::kGroup, "c9"));
  ASSERT_EQ(host().breaches().size(), 1U);
  EXPECT_NE(host().breaches()[0].what.find("shows a secret"), std::string::npos);
}

TEST_F(Echo, ADeliveryBeyondItsDeadlineIsABreach) {
  options_.breaches_fail_the_test = false;
  started();
  host().deliver(text_delivery("wait"));
  host().advance(seconds(301));
  ASSERT_FALSE(host().breaches().empty());
  EXPECT_EQ(host().breaches()[0].what, "delivery 1 was not completed by its deadline");
}

TEST(Module, ALibraryIsLoadedAsTheHostDoes) {
  const pbay_entry_v1 entry = FakeHost::load(PATCHBAY_TEST_ADAPTER);
  ASSERT_NE(entry, nullptr);
  FakeHost host(entry, "{}");
  host.http().expect("GET", kUpdates).answer(200, "5 c1 hello");
  host.http().expect("GET", kUpdates).always().hang();
  host.start();
  EXPECT_EQ(host.events().size(), 1U);
}

}  // namespace
}  // namespace patchbay::testkit
