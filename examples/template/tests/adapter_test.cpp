// The adapter against the test kit: virtual time, a scripted platform, every call checked.
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include <patchbay/testkit/fake_host.hpp>

using namespace patchbay;
using testkit::FakeHost;

namespace {

constexpr const char* kSettings =
    R"({"api_base":"https://api.example.org","token":"t-1","webhook_secret":"0123456789abcdef"})";
constexpr const char* kMessages = "https://api.example.org/messages";
const std::vector<sdk::Header> kFromPlatform = {{"x-secret", "0123456789abcdef"}};

std::string fixture(const std::string& name) {
  std::ifstream file(std::string(FIXTURES "/") + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

sdk::Delivery message(std::string text) {
  sdk::Delivery delivery;
  delivery.chat = sdk::Chat(sdk::ChatKind::kGroup, "c-7");
  delivery.text = std::move(text);
  return delivery;
}

// [region test_inbound]
TEST(MyChannel, AcknowledgesOnlyWhatIsStored) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  host.hold_submits();
  const auto call = host.webhook("POST", "/", kFromPlatform, fixture("message_with_file.json"));
  ASSERT_EQ(host.events().size(), 1U);
  EXPECT_EQ(host.events()[0].text, "the plan");
  EXPECT_EQ(host.events()[0].files.at(0).reference, "f-3");
  EXPECT_EQ(host.webhook_answer(call), nullptr);  // not yet: it is on no disk
  host.release_submits();
  EXPECT_EQ(host.webhook_answer(call)->status, 200U);
}
// [/region]

TEST(MyChannel, WhatTheHostCannotKeepIsSentAgainByThePlatform) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  host.on_submit(
      [](const sdk::Event&) { return testkit::SubmitAnswer{PBAY_E_BUSY, PBAY_NOT_STORED}; });
  const auto call = host.webhook("POST", "/", kFromPlatform, fixture("message_with_file.json"));
  EXPECT_EQ(host.webhook_answer(call)->status, 503U);
}

TEST(MyChannel, StrangersAndNonsenseAreRefused) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  const auto stranger = host.webhook("POST", "/", {{"x-secret", "guess"}}, "{}");
  EXPECT_EQ(host.webhook_answer(stranger)->status, 401U);
  const auto nonsense = host.webhook("POST", "/", kFromPlatform, R"({"message":7})");
  EXPECT_EQ(host.webhook_answer(nonsense)->status, 400U);
  EXPECT_TRUE(host.events().empty());
}

// [region test_outbound]
TEST(MyChannel, SendsTextThenFileAndSurvivesARestartBetween) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  host.http().expect("POST", kMessages).json("/text", R"("hello")").answer(201, R"({"id":"m-1"})");
  host.http().expect("POST", kMessages).file("file", "a.txt", "bytes").drop_after_sent();
  sdk::Delivery first = message("hello");
  first.idempotency_key = "k";
  first.files.push_back(host.file("bytes", "a.txt", "text/plain"));
  const pbay_op op = host.deliver(first);
  EXPECT_EQ(host.parts().at(0).remote_id, "m-1");  // durable, whatever happens to the file
  EXPECT_EQ(host.result(op)->code, PBAY_E_UNKNOWN);

  host.http()
      .expect("POST", kMessages)
      .header("Idempotency-Key", "k:1")
      .file("file", "a.txt", "bytes")
      .answer(201, R"({"id":"m-2"})");
  sdk::Delivery again = message("hello");
  again.idempotency_key = "k";
  again.parts_done = 1;
  again.remote_ids = {"m-1"};
  again.files.push_back(host.file("bytes", "a.txt", "text/plain"));
  EXPECT_TRUE(host.result(host.deliver(again))->ok());
}
// [/region]

TEST(MyChannel, WaitsAsLongAsThePlatformSays) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  host.http().expect("POST", kMessages).rate_limited(30);
  const sdk::Result* result = host.result(host.deliver(message("hello")));
  EXPECT_EQ(result->code, PBAY_E_RATE_LIMITED);
  EXPECT_EQ(result->retry_after_ms, 30'000);
}

TEST(MyChannel, FetchesAFileIntoStaging) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  host.http().expect("GET", "https://api.example.org/files/f-3").answer(200, "bytes");
  const FakeHost::Fetched fetched = host.fetch("f-3");
  EXPECT_TRUE(host.result(fetched.op)->ok());
  EXPECT_EQ(*host.staged(fetched.staging), "bytes");
}

TEST(MyChannel, RefusesASecretThatIsTooShort) {
  FakeHost host(&patchbay_adapter_v1,
                R"({"api_base":"https://api.example.org","token":"t","webhook_secret":"short"})");
  EXPECT_FALSE(host.created());
}

}  // namespace
