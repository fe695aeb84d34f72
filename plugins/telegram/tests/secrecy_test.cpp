// The token is in every URL. The fake host fails a test when it stands in a log, a state, a result
// or a report; here everything that can go wrong goes wrong with the token in its words.
#include "telegram_test.hpp"

namespace patchbay::telegram {
namespace {

using std::chrono::seconds;
using testkit::HttpReply;
using testkit::RecordedRequest;

class Secrecy : public TelegramTest {
 protected:
  // What a careless transport says.
  static HttpReply transport_error(const RecordedRequest& request) {
    HttpReply reply;
    reply.code = PBAY_E_NETWORK;
    reply.error = "could not connect to " + request.url;
    reply.status = 0;
    reply.sent_state = PBAY_NOT_SENT;
    return reply;
  }
  // What a careless server says.
  static HttpReply refusal_with_token(const RecordedRequest& request) {
    HttpReply reply;
    reply.status = 400;
    reply.body = refusal(400, "Bad Request: can't parse entities: no such thing as " + request.url);
    return reply;
  }

  void expect_no_token() {
    const auto clean = [](const std::string& text) {
      EXPECT_EQ(text.find("AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"), std::string::npos) << text;
    };
    for (const auto& line : host_->log()) {
      clean(line.text);
    }
    for (const auto& said : host_->states()) {
      clean(said.reason);
      clean(said.user_action);
    }
    for (const std::string& fact : host_->facts()) {
      clean(fact);
    }
  }
};

TEST_F(Secrecy, InStatesAndLogs) {
  expect("getMe").answer_with(transport_error);
  expect("getMe").answer_with(refusal_with_token);
  expect_me();
  expect("getUpdates").answer_with(transport_error);
  expect("getUpdates").answer_with(refusal_with_token);
  expect_silence();
  host_->start();
  host_->advance(seconds(120));
  EXPECT_EQ(state().kind, sdk::StateKind::kOnline);
  expect_no_token();
}

TEST_F(Secrecy, InResults) {
  start_idle();
  for (auto make : {transport_error, refusal_with_token}) {
    expect("sendMessage").always().answer_with(make);
    const sdk::Result result = delivered(message("-4021", "hi"));
    EXPECT_FALSE(result.ok());
    EXPECT_EQ(result.text.find("AAHdqTcvCH1v"), std::string::npos) << result.text;
    host_->http().forget_unmet();
  }
  expect_silence();
  expect_no_token();
}

TEST_F(Secrecy, InFilesThatCannotBeHad) {
  expect("getFile").answer_with(refusal_with_token);
  start_with({"voice"});
  ASSERT_EQ(host_->events().size(), 1U);
  EXPECT_EQ(host_->events()[0].files[0].error.find("AAHdqTcvCH1v"), std::string::npos);
  EXPECT_NE(host_->events()[0].files[0].error, "");
  expect_no_token();
}

TEST_F(Secrecy, InSettingsThatAreRefused) {
  testkit::FakeHostOptions options;
  options.secrets = {kToken};
  const json settings = {{"bot_token", kToken}, {"api_base", "nonsense"}};
  testkit::FakeHost host(&patchbay_adapter_v1, settings.dump(), options);
  EXPECT_FALSE(host.created());
  ASSERT_FALSE(host.log().empty());
  EXPECT_EQ(host.log().back().text.find(kToken), std::string::npos);
  EXPECT_NE(host.log().back().text.find("settings.api_base"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::telegram
