// What the test kit scripts beside HTTP: WebSockets, streams and child processes; its matchers; and
// what belongs to the whole process. The adapter here does as each test tells it.
#include "patchbay/testkit/peers.hpp"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/ext/process.h"
#include "patchbay/ext/stream.h"
#include "patchbay/ext/websocket.h"
#include "patchbay/sdk/abi.hpp"
#include "patchbay/testkit/fake_host.hpp"
#include "patchbay/testkit/fixtures.hpp"
#include "patchbay/testkit/matchers.hpp"
#include "puppet.hpp"

namespace patchbay::testkit {
namespace {

using sdk::make_abi;
using sdk::to_abi;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class WebSocketTest : public PuppetTest {
 protected:
  WebSocketTest() {
    puppet_.read_event = [](const void* detail) {
      const auto& event = *static_cast<const pbay_websocket_event*>(detail);
      return "event " + std::to_string(event.kind) + " " + sdk::copy(event.data) +
             (event.close_code != 0 ? " " + std::to_string(event.close_code) : "");
    };
  }
  void open(pbay_op op, const std::string& url, const std::string& token = "t") {
    auto header = make_abi<pbay_header>();
    header.name = to_abi("Authorization");
    header.value = to_abi(token);
    auto options = make_abi<pbay_websocket_options>();
    options.url = to_abi(url);
    options.headers = &header;
    options.header_count = 1;
    options.header_stride = sizeof(header);
    socket().open(puppet_.host, op, &options);
    host_->advance(std::chrono::milliseconds(0));
  }
  std::int32_t send(pbay_op op, const std::string& text) {
    const std::int32_t code = socket().send(puppet_.host, op, PBAY_WEBSOCKET_TEXT, to_abi(text));
    host_->run_ready();
    return code;
  }
  const pbay_websocket& socket() { return table<pbay_websocket>(PBAY_EXT_WEBSOCKET); }
};

TEST_F(WebSocketTest, SpeaksAsItIsScripted) {
  host_->websockets()
      .expect("wss://gateway.example.org/*")
      .header("authorization", "t")
      .says("hello")
      .replies("*identify*", "ready");
  open(1, "wss://gateway.example.org/?v=1");
  EXPECT_THAT(news(), ElementsAre("complete 0 0", "event 0 hello"));
  EXPECT_EQ(send(1, R"({"identify":1})"), PBAY_OK);
  EXPECT_THAT(news(), ElementsAre("event 0 ready"));
  host_->websockets().say(1, "\x01\x02", PBAY_WEBSOCKET_BINARY);
  EXPECT_THAT(news(), ElementsAre("event 1 \x01\x02"));
  host_->websockets().end(1, 4000, "session timed out");
  EXPECT_THAT(news(), ElementsAre("event 4 session timed out 4000"));
  EXPECT_EQ(send(1, "anybody?"), PBAY_E_NOT_FOUND);
  EXPECT_EQ(host_->websockets().heard(1).size(), 1U);
  EXPECT_THAT(breaches(), IsEmpty());
}

TEST_F(WebSocketTest, TellsTheSubprotocolThatWasChosen) {
  host_->websockets().expect("wss://a/").chooses("v1.chat");
  open(1, "wss://a/");
  EXPECT_THAT(news(), ElementsAre("complete 0 0"));
  EXPECT_EQ(puppet_.text, "v1.chat");
}

TEST_F(WebSocketTest, AnswersByWhatStandsInTheJson) {
  host_->websockets().expect("wss://a/").replies_json("/d/op", "2", "ready").replies("*", "pong");
  open(1, "wss://a/");
  EXPECT_EQ(send(1, R"({ "d" : { "op" : 2 } })"), PBAY_OK);
  EXPECT_EQ(send(1, R"({"d":{"op":"2"}})"), PBAY_OK);
  EXPECT_EQ(send(1, "{"), PBAY_OK);
  EXPECT_THAT(news(), ElementsAre("complete 0 0", "event 0 ready", "event 0 pong", "event 0 pong",
                                  "event 0 pong"));
}

TEST_F(WebSocketTest, RefusesHangsAndBreaksOff) {
  host_->websockets().expect("wss://a/").refuse(PBAY_E_FORBIDDEN, "no", 403);
  open(1, "wss://a/");
  EXPECT_THAT(news(), ElementsAre("complete -203 403"));
  host_->websockets().expect("wss://b/").hang();
  open(2, "wss://b/");
  host_->advance(seconds(29));
  EXPECT_THAT(news(), IsEmpty());
  host_->advance(seconds(1));
  EXPECT_THAT(news(), ElementsAre("complete -102 0"));
  host_->websockets().expect("wss://c/").after(seconds(1)).cut_after(5);
  open(3, "wss://c/");
  EXPECT_THAT(host_->websockets().open(), IsEmpty());
  host_->advance(seconds(1));
  EXPECT_THAT(host_->websockets().open(), ElementsAre(3U));
  EXPECT_EQ(send(3, "1234"), PBAY_OK);
  EXPECT_EQ(send(3, "5"), PBAY_OK);
  EXPECT_THAT(news(), ElementsAre("complete 0 0", "event 4 the connection broke off 1006"));
}

TEST_F(WebSocketTest, BackPressurePingAndClose) {
  host_->websockets().expect("wss://a/");
  open(1, "wss://a/");
  host_->websockets().stop_reading(1);
  EXPECT_EQ(send(1, "x"), PBAY_E_BUSY);
  host_->websockets().resume_reading(1);
  EXPECT_EQ(socket().ping(puppet_.host, 1, to_abi("p")), PBAY_OK);
  host_->run_ready();
  socket().close(puppet_.host, 1, 1000, to_abi("bye"));
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre("complete 0 0", "event 3 ", "event 2 p", "event 4 bye 1000"));
}

TEST_F(WebSocketTest, WhatIsNotScriptedIsABreach) {
  host_->websockets().expect("wss://never/").header("Authorization", "other");
  open(1, "wss://never/");
  EXPECT_THAT(breaches(), ElementsAre(HasSubstr("unexpected websocket.open: wss://never/")));
  host_->websockets().otherwise();
  open(2, "wss://anything/");
  EXPECT_EQ(breaches().size(), 1U);
  EXPECT_THAT(host_->websockets().unmet(), HasSubstr("header Authorization: other"));
  socket().send(puppet_.host, 2, 7, to_abi("x"));
  socket().send(puppet_.host, 2, PBAY_WEBSOCKET_TEXT, to_abi("\xFF"));
  EXPECT_THAT(breaches(), ElementsAre(HasSubstr("unexpected"), HasSubstr("text or binary"),
                                      HasSubstr("not UTF-8")));
}

TEST_F(PuppetTest, Streams) {
  puppet_.read_event = [](const void* detail) {
    const auto& event = *static_cast<const pbay_stream_event*>(detail);
    return "event " + std::to_string(event.kind) + " " + sdk::copy(event.data);
  };
  const auto& stream = table<pbay_stream>(PBAY_EXT_STREAM);
  host_->streams().expect("unix:/run/signal.sock").replies("{*", "{}\n");
  stream.open(puppet_.host, 1, to_abi("unix:/run/signal.sock"));
  host_->advance(seconds(0));
  EXPECT_EQ(stream.send(puppet_.host, 1, to_abi("{\"id\":1}\n")), PBAY_OK);
  host_->run_ready();
  stream.close(puppet_.host, 1);
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre("complete 0 0", "event 0 {}\n", "event 2 "));
  stream.open(puppet_.host, 2, to_abi("signal"));
  stream.open(puppet_.host, 3, to_abi("unix:/run/other.sock"));
  host_->advance(seconds(0));
  EXPECT_THAT(news(), ElementsAre("complete -208 0", "complete -101 0"));
  EXPECT_THAT(breaches(),
              ElementsAre(HasSubstr("neither tcp://host:port"), HasSubstr("unexpected")));
}

TEST_F(PuppetTest, Processes) {
  puppet_.read_event = [](const void* detail) {
    const auto& event = *static_cast<const pbay_process_event*>(detail);
    return "event " + std::to_string(event.kind) + " " + sdk::copy(event.line) + " " +
           std::to_string(event.exit_code);
  };
  const auto& process = table<pbay_process>(PBAY_EXT_PROCESS);
  host_->processes().expect("bridge").says("ready").says("a warning", PBAY_PROCESS_ERROR_LINE);
  process.start(puppet_.host, 1, to_abi("bridge"));
  host_->advance(seconds(0));
  EXPECT_EQ(process.send(puppet_.host, 1, to_abi("two\nlines")), PBAY_OK);
  EXPECT_THAT(breaches(), ElementsAre(HasSubstr("a line holds a newline")));
  host_->processes().end(1, -9);
  EXPECT_THAT(news(),
              ElementsAre("complete 0 0", "event 0 ready 0", "event 1 a warning 0", "event 3  -9"));
}

// ---- what belongs to the process ----

TEST_F(PuppetTest, AChangedProcessIsABreach) {
  host_->call([](void*) { ::setenv("PATCHBAY_TEST", "1", 1); });
  EXPECT_THAT(breaches(), ElementsAre("after call() the environment is another"));
  host_->call([](void*) { ::unsetenv("PATCHBAY_TEST"); });
  ASSERT_EQ(host_->breaches().size(), 2U);
  EXPECT_EQ(host_->breaches()[0].rule, Rule::kProcessState);
  EXPECT_EQ(name_of(Rule::kProcessState), "process-state");
}

// ---- matchers ----

TEST(Matchers, SayWhatWasExpectedAndWhatCame) {
  sdk::Event event;
  event.message_id = "5";
  event.chat = sdk::Chat(sdk::ChatKind::kGroup, "c1", "t9");
  event.sender = sdk::Sender("7", "Ada");
  event.text = "hello";
  EXPECT_THAT(event, testing::AllOf(IsMessage("hello"), InChat("c1"), InChat("c1", "t9"), From("7"),
                                    IsMessage(HasSubstr("ell"))));
  EXPECT_THAT(event, testing::Not(MentionsMe()));
  EXPECT_THAT(event, testing::Not(HasFile("a.txt")));
  EXPECT_EQ(testing::PrintToString(event),
            "message \"5\" in group chat \"c1\", thread \"t9\" from \"7\" (Ada), text \"hello\"");
  const EventMatcher other = InChat("c2");
  testing::StringMatchResultListener why;
  EXPECT_FALSE(other.MatchAndExplain(event, &why));
  EXPECT_THAT(why.str(), HasSubstr("\"c1\""));
}

TEST(Matchers, Results) {
  const sdk::Result sent = sdk::Result::sent({"m1", "m2"});
  EXPECT_THAT(&sent, Ended(IsDelivered("m1", "m2")));
  EXPECT_THAT(sent, testing::Not(IsDelivered("m1")));
  const sdk::Result refused = sdk::Result::not_sent(PBAY_E_TOO_LARGE, "too large");
  EXPECT_THAT(refused, testing::AllOf(IsRefused(PBAY_E_TOO_LARGE), Says("too large")));
  EXPECT_EQ(testing::PrintToString(refused), "code -204, not sent, \"too large\", remote ids {}");
  EXPECT_THAT(sdk::Result::unknown("who knows"), IsUnknown());
  EXPECT_THAT(sdk::Result::rate_limited(7000, sdk::RetryScope::kChat, "wait"), IsRateLimited(7000));
  EXPECT_THAT(static_cast<const sdk::Result*>(nullptr), IsUnderWay());
  EXPECT_THAT(sdk::State(sdk::StateKind::kDegraded, "refused", "wait"),
              IsState(sdk::StateKind::kDegraded, HasSubstr("ref")));
}

TEST(Fixtures, AreTheFilesOfAFolderWithTheirKinds) {
  const std::vector<Fixture> fixtures = read_fixtures(MISBEHAVING_FIXTURES, "other");
  ASSERT_EQ(fixtures.size(), 3U);
  EXPECT_EQ(fixtures[0].name, "empty_text");
  EXPECT_EQ(fixtures[2].kind, "line");
  EXPECT_EQ(fixtures[2].payload, "17 c1 hello");
  EXPECT_THAT(read_fixtures("/nowhere", "x"), IsEmpty());
}

}  // namespace
}  // namespace patchbay::testkit
