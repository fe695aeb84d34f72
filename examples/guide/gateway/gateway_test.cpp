// The gateway against the test kit: what comes, what is resumed, and what a refusal costs.
#include <chrono>
#include <gtest/gtest.h>

#include <patchbay/testkit/fake_host.hpp>
#include <patchbay/testkit/peers.hpp>

using namespace patchbay;
using testkit::FakeHost;

namespace {

constexpr const char* kSettings =
    R"({"gateway_url":"wss://gateway.example.org/","api_base":"https://gateway.example.org","token":"t-1"})";
constexpr const char* kFirst = R"({"seq":7,"chat":"c1","from":"ann","text":"hi"})";
constexpr const char* kSecond = R"({"seq":8,"chat":"c1","from":"ann","text":"are you there?"})";

class Gateway : public ::testing::Test {
 protected:
  void start() {
    host_.start();
    host_.advance(std::chrono::milliseconds(0));  // the handshake
  }
  // The connection that is open now.
  pbay_op peer() { return host_.websockets().open().at(0); }
  std::vector<std::string> acknowledged() {
    std::vector<std::string> out;
    for (const testkit::PeerMessage& message : host_.websockets().heard(peer())) {
      out.push_back(message.bytes);
    }
    return out;
  }
  const std::vector<testkit::PeerOpening>& openings() { return host_.websockets().openings(); }

  FakeHost host_{&patchbay_adapter_v1, kSettings};
};

TEST_F(Gateway, AcknowledgesWhatIsOnDiskAndResumesBehindIt) {
  host_.websockets()
      .expect("wss://gateway.example.org/?after=0")
      .header("Authorization", "Bearer t-1");
  start();
  EXPECT_EQ(host_.states().back().kind, sdk::StateKind::kOnline);
  host_.hold_submits();
  host_.websockets().say(peer(), kFirst);
  ASSERT_EQ(host_.events().size(), 1U);
  EXPECT_EQ(host_.events()[0].event_id, "7");
  EXPECT_EQ(host_.events()[0].chat, sdk::Chat(sdk::ChatKind::kGroup, "c1"));
  EXPECT_EQ(host_.events()[0].text, "hi");
  EXPECT_TRUE(acknowledged().empty());  // not yet: it is on no disk
  host_.release_submits();
  EXPECT_EQ(acknowledged(), std::vector<std::string>{R"({"ack":7})"});

  host_.websockets().expect("wss://gateway.example.org/?after=7");
  host_.websockets().end(peer(), 1001, "going away");
  host_.advance(std::chrono::seconds(1));
  EXPECT_EQ(openings().size(), 2U);
}

TEST_F(Gateway, WhatIsNoEventIsPassedOver) {
  host_.websockets().expect("*");
  start();
  for (const char* frame : {"[[[", R"({"hello":1})", R"({"seq":1})", R"({"seq":"x","chat":"c"})",
                            R"({"seq":2,"chat":"","from":"ann","text":"hi"})"}) {
    host_.websockets().say(peer(), frame);
  }
  EXPECT_TRUE(host_.events().empty());
  host_.websockets().say(peer(), kFirst);
  EXPECT_EQ(host_.events().size(), 1U);
}

TEST_F(Gateway, WhatCouldNotBeStoredComesAgainWithWhatIsBehindIt) {
  host_.websockets().expect("*?after=0").says(kFirst).says(kSecond).times(2);
  bool busy = true;
  host_.on_submit([&busy](const sdk::Event&) {
    return busy ? testkit::SubmitAnswer{PBAY_E_BUSY, PBAY_NOT_STORED} : testkit::SubmitAnswer{};
  });
  start();
  EXPECT_EQ(host_.events().size(), 1U);  // the second would overtake it
  EXPECT_TRUE(host_.websockets().open().empty());
  busy = false;
  host_.advance(std::chrono::seconds(1));
  ASSERT_EQ(host_.events().size(), 3U);
  EXPECT_EQ(host_.events()[1].event_id, "7");
  EXPECT_EQ(host_.events()[2].event_id, "8");
  EXPECT_EQ(acknowledged().back(), R"({"ack":8})");
}

TEST_F(Gateway, WhatTheHostWillNeverTakeDoesNotStopTheRest) {
  host_.websockets().expect("*").says(kFirst).says(kSecond);
  host_.on_submit([](const sdk::Event& event) {
    return event.event_id == "7" ? testkit::SubmitAnswer{PBAY_E_TOO_LARGE, PBAY_NOT_STORED}
                                 : testkit::SubmitAnswer{};
  });
  start();
  EXPECT_EQ(host_.events().size(), 2U);
  EXPECT_EQ(acknowledged().back(), R"({"ack":8})");
  EXPECT_NE(host_.log().back().text.find("message 7 of chat c1 was left out"), std::string::npos);
}

TEST_F(Gateway, AHostThatKeepsNothingIsNotAskedEachSecond) {
  host_.websockets().expect("*").says(kFirst).always();
  host_.on_submit(
      [](const sdk::Event&) { return testkit::SubmitAnswer{PBAY_E_BUSY, PBAY_NOT_STORED}; });
  start();
  host_.advance(std::chrono::minutes(10));
  EXPECT_GT(openings().size(), 5U);
  EXPECT_LT(openings().size(), 30U);  // the pause grows to a minute
}

TEST_F(Gateway, AConnectionThatLastedIsRenewedSoon) {
  host_.websockets().expect("*").times(12);
  start();
  for (std::size_t i = 0; i < 10; ++i) {
    host_.websockets().end(peer());
    host_.advance(std::chrono::minutes(2));
  }
  host_.websockets().end(peer());
  host_.advance(std::chrono::seconds(1));
  EXPECT_EQ(openings().size(), 12U);
}

TEST_F(Gateway, ATokenThatIsRefusedIsForAPerson) {
  host_.websockets().expect("*").refuse(PBAY_E_REJECTED, "401 Unauthorized", 401);
  start();
  host_.advance(std::chrono::minutes(10));
  EXPECT_EQ(host_.states().back().kind, sdk::StateKind::kFailed);
  EXPECT_EQ(openings().size(), 1U);
}

TEST_F(Gateway, PostsWhatGoesOutUnderItsKey) {
  host_.websockets().expect("*");
  start();
  host_.http()
      .expect("POST", "https://gateway.example.org/messages")
      .header("Idempotency-Key", "k:0")
      .json("/text", R"("hello")")
      .answer(201, "{}");
  sdk::Delivery delivery;
  delivery.chat = sdk::Chat(sdk::ChatKind::kGroup, "c1");
  delivery.text = "hello";
  delivery.idempotency_key = "k";
  EXPECT_TRUE(host_.result(host_.deliver(delivery))->ok());
}

}  // namespace
