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

TEST(MyChannel, WhatTheHostWillNeverTakeIsNotAskedForAgain) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  host.on_submit(
      [](const sdk::Event&) { return testkit::SubmitAnswer{PBAY_E_TOO_LARGE, PBAY_NOT_STORED}; });
  const auto call = host.webhook("POST", "/", kFromPlatform, fixture("message_with_file.json"));
  EXPECT_EQ(host.webhook_answer(call)->status, 200U);
  EXPECT_NE(host.log().back().text.find("was left out"), std::string::npos);
}

TEST(MyChannel, StrangersAndNonsenseAreRefused) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  const auto stranger = host.webhook("POST", "/", {{"x-secret", "guess"}}, "{}");
  EXPECT_EQ(host.webhook_answer(stranger)->status, 401U);
  for (const char* nonsense :
       {R"({"message":7})", R"({"message":{"id":"","chat":{"id":"c"},"from":{"id":"u"}}})",
        R"({"message":{"id":"m","chat":{"id":""},"from":{"id":"u"}}})"}) {
    const auto call = host.webhook("POST", "/", kFromPlatform, nonsense);
    EXPECT_EQ(host.webhook_answer(call)->status, 400U) << nonsense;
  }
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

TEST(MyChannel, FilesWithoutATextAreSentOnceEach) {
  FakeHost host(&patchbay_adapter_v1, kSettings);
  host.start();
  const auto files = [&host](std::uint32_t done, std::vector<std::string> ids) {
    sdk::Delivery delivery = message("");
    delivery.idempotency_key = "k";
    delivery.parts_done = done;
    delivery.remote_ids = std::move(ids);
    delivery.files.push_back(host.file("one", "1.txt", "text/plain"));
    delivery.files.push_back(host.file("two", "2.txt", "text/plain"));
    return delivery;
  };
  host.http()
      .expect("POST", kMessages)
      .header("Idempotency-Key", "k:0")
      .file("file", "1.txt", "one")
      .answer(201, R"({"id":"m-1"})");
  host.http().expect("POST", kMessages).file("file", "2.txt", "two").rate_limited(30);
  const pbay_op first = host.deliver(files(0, {}));
  EXPECT_EQ(host.result(first)->code, PBAY_E_RATE_LIMITED);
  ASSERT_EQ(host.parts().size(), 1U);
  EXPECT_EQ(host.parts()[0].part, 0U);  // the host counts them from 0

  host.http()
      .expect("POST", kMessages)
      .header("Idempotency-Key", "k:1")
      .file("file", "2.txt", "two")
      .answer(201, R"({"id":"m-2"})");
  const pbay_op again = host.deliver(files(1, {"m-1"}));
  EXPECT_EQ(host.result(again)->remote_ids, (std::vector<std::string>{"m-1", "m-2"}));
}

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
