// What the fake host holds against an adapter, call by call: as much as a host would refuse.
#include <clocale>
#include <cstdlib>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "event_cases.hpp"
#include "patchbay/ext/clock.h"
#include "patchbay/ext/http.h"
#include "patchbay/ext/lookup_sent.h"
#include "patchbay/ext/staging.h"
#include "patchbay/ext/stream.h"
#include "patchbay/ext/timer.h"
#include "patchbay/ext/webhook.h"
#include "patchbay/ext/websocket.h"
#include "patchbay/testkit/peers.hpp"
#include "private_host.hpp"
#include "private_host_cases.hpp"
#include "puppet.hpp"
#include "url_cases.hpp"

namespace patchbay::testkit {
namespace {

using sdk::make_abi;
using sdk::to_abi;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class KitRules : public PuppetTest {
 protected:
  using PuppetTest::PuppetTest;

  void submit(const sdk::Event& event) {
    const sdk::EventAbi abi(event);
    puppet_.host->submit(puppet_.host, ++last_op_, abi.get());
  }
  std::vector<Rule> rules() {
    std::vector<Rule> out;
    for (const Breach& breach : host_->breaches()) {
      out.push_back(breach.rule);
    }
    return out;
  }

  pbay_op last_op_ = 0;
};

// ---- events ----

TEST_F(KitRules, AGoodEventBreaksNone) {
  submit(good_event());
  EXPECT_THAT(breaches(), IsEmpty());
}

TEST_F(KitRules, AnEventThatAHostRefusesIsABreach) {
  std::size_t before = 0;
  for (const EventCase& given : event_cases()) {
    sdk::Event event = good_event();
    given.spoil(event);
    submit(event);
    ASSERT_GT(host_->breaches().size(), before) << given.name;
    const std::vector<Rule> all = rules();
    EXPECT_THAT(std::vector<Rule>(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()),
                Contains(given.rule))
        << given.name;
    before = host_->breaches().size();
  }
}

TEST_F(KitRules, AStructThatDoesNotSayItsSizeIsABreach) {
  const sdk::Event event = event_of_two_files();
  for (const SizeCase& given : kSizeCases) {
    const std::size_t before = host_->breaches().size();
    EventParts parts(event);
    given.spoil(parts);
    puppet_.host->submit(puppet_.host, ++last_op_, &parts.event);
    host_->run_ready();
    ASSERT_EQ(host_->breaches().size(), before + 1) << given.name;
    EXPECT_EQ(rules().back(), given.rule) << given.name;
    EXPECT_THAT(news(), ElementsAre("complete -208 5")) << given.name;
  }
}

TEST_F(KitRules, AnEventOfTheChatItselfHasNoSender) {
  const sdk::Event event = good_event();
  EventParts parts(event);
  parts.event.sender = nullptr;
  puppet_.host->submit(puppet_.host, 1, &parts.event);
  EXPECT_THAT(breaches(), IsEmpty());
}

TEST_F(KitRules, WhatIsNoStructAtAllIsABreach) {
  puppet_.host->submit(puppet_.host, 1, nullptr);
  table<pbay_websocket>(PBAY_EXT_WEBSOCKET).open(puppet_.host, 2, nullptr);
  host_->run_ready();
  EXPECT_THAT(rules(), ElementsAre(Rule::kStructSize, Rule::kStructSize));
  EXPECT_THAT(news(), ElementsAre("complete -208 5", "complete -208 0"));
}

TEST_F(KitRules, AnAnswerThatDoesNotSayItsSizeIsA500) {
  std::uint64_t request = 0;
  puppet_.read_event = [&request](const void* detail) {
    request = static_cast<const pbay_webhook_request*>(detail)->request;
    return std::string();
  };
  const auto& webhook = table<pbay_webhook>(PBAY_EXT_WEBHOOK);
  webhook.open(puppet_.host, 1);
  host_->run_ready();
  const pbay_webhook_answer shorter = {8, 200, nullptr, 0, 0, {}};
  for (const pbay_webhook_answer* given :
       {&shorter, static_cast<const pbay_webhook_answer*>(nullptr)}) {
    const std::uint64_t call = host_->webhook("POST", "/", {}, "");
    webhook.respond(puppet_.host, request, given);
    ASSERT_NE(host_->webhook_answer(call), nullptr);
    EXPECT_EQ(host_->webhook_answer(call)->status, 500U);
  }
  EXPECT_THAT(rules(), ElementsAre(Rule::kStructSize, Rule::kStructSize));
}

TEST_F(KitRules, WhoSubmitsAReferenceHasAFetch) {
  host_.reset();
  puppet_.has_fetch = false;
  host_ = make_host({});
  submit(good_event());
  EXPECT_THAT(breaches(), ElementsAre(HasSubstr("has no fetch()")));
}

// As the host does: what came after one that was not stored shares its fate.
TEST_F(KitRules, NoEventPassesOneOfItsChatThatWasNotStored) {
  host_->on_submit([](const sdk::Event& event) {
    return event.text == "one" ? SubmitAnswer{PBAY_E_BUSY, PBAY_NOT_STORED} : SubmitAnswer{};
  });
  sdk::Event event = good_event();
  for (const char* text : {"one", "two"}) {
    event.text = text;
    submit(event);
  }
  event.chat.id = "another";
  submit(event);
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre("complete -106 5", "complete -106 5", "complete 0 1"));
  event.chat.id = "c1";
  submit(event);
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre("complete 0 1"));
}

TEST_F(KitRules, AnEventThatNoHostTakesHoldsBackNone) {
  for (const std::int32_t code : {PBAY_E_TOO_LARGE, PBAY_E_INVALID, PBAY_E_BUG}) {
    host_->on_submit([code](const sdk::Event& event) {
      return event.text == "one" ? SubmitAnswer{code, PBAY_NOT_STORED} : SubmitAnswer{};
    });
    sdk::Event event = good_event();
    for (const char* text : {"one", "two"}) {
      event.text = text;
      submit(event);
    }
    host_->run_ready();
    EXPECT_THAT(news(), ElementsAre("complete " + std::to_string(code) + " 5", "complete 0 1"));
  }
}

// ---- parts ----

TEST_F(KitRules, APartHasAnIdThatAHostTakes) {
  const pbay_op delivery = host_->deliver({});
  const auto report = [&](std::uint32_t part, const std::string& id, const std::string& cursor) {
    puppet_.host->op_part(puppet_.host, ++last_op_, delivery, part, to_abi(id), to_abi(cursor));
    host_->run_ready();
  };
  report(0, std::string(512, 'x'), std::string(1024, 'x'));
  EXPECT_THAT(breaches(), IsEmpty());
  report(1, "", "");
  report(2, std::string(513, 'x'), "");
  report(3, "m", std::string(1025, 'x'));
  EXPECT_THAT(breaches(), ElementsAre(HasSubstr("it needs the platform's id"),
                                      HasSubstr("the remote id has 513 bytes, at most 512"),
                                      HasSubstr("the cursor has 1025 bytes, at most 1024")));
  EXPECT_THAT(rules(), Each(Rule::kParts));
}

// ---- requests ----

class RequestRules : public KitRules {
 protected:
  RequestRules() : KitRules(options()) {
    host_->http().otherwise([](const RecordedRequest&) { return HttpReply(); });
    host_->websockets().otherwise();
    host_->streams().otherwise();
  }
  static FakeHostOptions options() {
    FakeHostOptions out;
    out.allowed_hosts = {"api.example.org", "*.files.example.org", "::1"};
    return out;
  }
  // What it is held against, if anything.
  std::vector<std::string> request(const std::string& method, const std::string& url,
                                   const std::string& header = "Accept",
                                   const std::string& value = "text/plain") {
    const std::size_t before = host_->breaches().size();
    auto abi_header = make_abi<pbay_header>();
    abi_header.name = to_abi(header);
    abi_header.value = to_abi(value);
    auto out = make_abi<pbay_http_request>();
    out.method = to_abi(method);
    out.url = to_abi(url);
    out.body_fd = -1;
    out.headers = &abi_header;
    out.header_count = 1;
    out.header_stride = sizeof(abi_header);
    table<pbay_http>(PBAY_EXT_HTTP).request(puppet_.host, ++last_op_, &out);
    return breaches_after(before);
  }
  std::vector<std::string> open_websocket(const std::string& url,
                                          const std::vector<sdk::Header>& headers = {}) {
    const std::size_t before = host_->breaches().size();
    std::vector<pbay_header> abi;
    for (const sdk::Header& header : headers) {
      pbay_header& out = abi.emplace_back(make_abi<pbay_header>());
      out.name = to_abi(header.name);
      out.value = to_abi(header.value);
    }
    auto options = make_abi<pbay_websocket_options>();
    options.url = to_abi(url);
    options.headers = abi.data();
    options.header_count = static_cast<std::uint32_t>(abi.size());
    options.header_stride = sizeof(pbay_header);
    table<pbay_websocket>(PBAY_EXT_WEBSOCKET).open(puppet_.host, ++last_op_, &options);
    return breaches_after(before);
  }
  std::vector<std::string> open_stream(std::string_view endpoint) {
    const std::size_t before = host_->breaches().size();
    table<pbay_stream>(PBAY_EXT_STREAM).open(puppet_.host, ++last_op_, to_abi(endpoint));
    return breaches_after(before);
  }
  std::vector<std::string> breaches_after(std::size_t before) {
    const std::vector<std::string> all = breaches();
    return {all.begin() + static_cast<std::ptrdiff_t>(before), all.end()};
  }
};

TEST_F(RequestRules, WhatCanBeSentIsNoBreach) {
  for (const std::string_view url : kGoodUrls) {
    EXPECT_THAT(request("POST", std::string(url)), IsEmpty()) << url;
  }
}

TEST_F(RequestRules, AMethodAnUrlAndAHeaderHaveTheirGrammar) {
  const std::string good = "https://api.example.org/";
  for (const char* method : {"", "POST /", "post", "TRACE", "CONNECT", "PO\nST"}) {
    EXPECT_THAT(request(method, good), ElementsAre(HasSubstr("no method that can be sent")))
        << method;
  }
  for (const std::string_view url : kBadUrls) {
    EXPECT_THAT(request("GET", std::string(url)), ElementsAre(HasSubstr("is no URL"))) << url;
  }
  EXPECT_THAT(request("GET", good, "X Y"), ElementsAre(HasSubstr("no name of a header")));
  EXPECT_THAT(request("GET", good, ""), ElementsAre(HasSubstr("no name of a header")));
  EXPECT_THAT(request("GET", good, "X", "a\r\nY: b"), ElementsAre(HasSubstr("has a line break")));
  EXPECT_THAT(request("GET", good, "content-LENGTH", "7"),
              ElementsAre(HasSubstr("is the host's to write")));
  EXPECT_THAT(rules(), Each(Rule::kHttp));
}

TEST_F(RequestRules, AHostThatIsNotAllowedIsABreach) {
  EXPECT_THAT(request("GET", "https://not-allowed.test/"),
              ElementsAre(HasSubstr("not-allowed.test is no host of")));
  request("GET", "https://files.example.org/");
  auto options = make_abi<pbay_websocket_options>();
  options.url = to_abi("wss://gateway.example.org/");
  table<pbay_websocket>(PBAY_EXT_WEBSOCKET).open(puppet_.host, ++last_op_, &options);
  table<pbay_stream>(PBAY_EXT_STREAM).open(puppet_.host, ++last_op_, to_abi("tcp://nas:7583"));
  EXPECT_THAT(rules(), AllOf(testing::SizeIs(4), Each(Rule::kAllowedHosts)));
  // A socket is for the operator to name.
  table<pbay_stream>(PBAY_EXT_STREAM).open(puppet_.host, ++last_op_, to_abi("unix:/run/a.sock"));
  EXPECT_EQ(rules().size(), 4U);
  host_->advance(seconds(1));
}

TEST(PrivateHosts, AreThoseThatAHostRefuses) {
  for (const AddressCase& given : address_cases()) {
    EXPECT_EQ(is_private_host(given.address), given.is_private) << given.address;
  }
  EXPECT_TRUE(is_private_host("[::1]"));
  for (const std::string_view name : kPrivateNames) {
    EXPECT_TRUE(is_private_host(name)) << name;
  }
  for (const std::string_view name : kOtherNames) {
    EXPECT_FALSE(is_private_host(name)) << name;
  }
}

TEST_F(RequestRules, AnEndpointHasItsGrammar) {
  EXPECT_THAT(open_websocket("https://api.example.org/"),
              ElementsAre(HasSubstr("ws:// or wss://")));
  EXPECT_THAT(open_stream("tcp://api.example.org"),
              ElementsAre(HasSubstr("neither tcp://host:port")));
  for (const std::string_view url : kGoodWebSocketUrls) {
    EXPECT_THAT(open_websocket(std::string(url)), IsEmpty()) << url;
  }
  for (const std::string_view url : kBadWebSocketUrls) {
    EXPECT_THAT(open_websocket(std::string(url)), ElementsAre(HasSubstr("is no URL"))) << url;
  }
  for (const std::string_view endpoint : kGoodStreams) {
    EXPECT_THAT(open_stream(endpoint), IsEmpty()) << endpoint;
  }
  for (const std::string_view endpoint : kBadStreams) {
    EXPECT_THAT(open_stream(endpoint), ElementsAre(HasSubstr("neither tcp://"))) << endpoint;
  }
  EXPECT_THAT(rules(), Each(Rule::kConnection));
  host_->advance(seconds(1));
}

TEST_F(RequestRules, AnUpgradeHasTheHeadersThatAreNotTheHosts) {
  for (const UpgradeCase& given : kUpgradeCases) {
    std::vector<sdk::Header> headers;
    for (const std::string_view line : given.headers) {
      const auto colon = line.find(": ");
      headers.emplace_back(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
    }
    EXPECT_EQ(open_websocket("wss://api.example.org/", headers).empty(), given.good)
        << given.headers.front();
  }
  const sdk::Header usual("X", "y");
  EXPECT_THAT(open_websocket("wss://api.example.org/", std::vector<sdk::Header>(64, usual)),
              IsEmpty());
  EXPECT_THAT(open_websocket("wss://api.example.org/", std::vector<sdk::Header>(65, usual)),
              ElementsAre(HasSubstr("65 headers, at most 64")));
  host_->advance(seconds(1));
}

// ---- create() and the end ----

class Life : public testing::Test {
 protected:
  // The rules that are broken from create() to destroy().
  std::vector<Rule> rules_of_a_life(bool owns_the_process = false) {
    g_puppet = &puppet_;
    std::vector<Rule> out;
    FakeHostOptions options;
    options.breaches_fail_the_test = false;
    options.owns_the_process = owns_the_process;
    options.on_breach = [&out](const Breach& breach) { out.push_back(breach.rule); };
    {
      FakeHost host(&puppet_entry, "{}", std::move(options));
      host.start();
      host.stop();
      if (after_stop_) {
        after_stop_();
      }
    }
    return out;
  }
  template <class Extension>
  const Extension& table(const char* id) {
    return *static_cast<const Extension*>(puppet_.host->get_extension(puppet_.host, id));
  }

  Puppet puppet_;
  std::function<void()> after_stop_;
};

TEST_F(Life, CreateMayLogAndLookAround) {
  puppet_.in_create = [this] {
    puppet_.host->log(puppet_.host, PBAY_LOG_INFO, to_abi("hello"));
    const auto state = make_abi<pbay_state>();
    puppet_.host->set_state(puppet_.host, &state);
    static_cast<void>(table<pbay_clock>(PBAY_EXT_CLOCK).wall_ms(puppet_.host));
  };
  EXPECT_THAT(rules_of_a_life(), IsEmpty());
}

TEST_F(Life, CreateDoesNoWork) {
  puppet_.in_create = [this] {
    static_cast<void>(table<pbay_staging>(PBAY_EXT_STAGING).open(puppet_.host, -1));
  };
  EXPECT_THAT(rules_of_a_life(), ElementsAre(Rule::kQuietCreate));
}

TEST_F(Life, CreateOpensNoFile) {
  int opened = -1;
  int pipes[2] = {-1, -1};
  puppet_.in_create = [&] {
    opened = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(::pipe2(pipes, O_CLOEXEC), 0);  // is none
  };
  puppet_.in_destroy = [&] {
    for (const int descriptor : {opened, pipes[0], pipes[1]}) {
      ::close(descriptor);
    }
  };
  EXPECT_THAT(rules_of_a_life(), ElementsAre(Rule::kQuietCreate));
}

TEST_F(Life, NothingIsCalledAfterStopped) {
  const pbay_clock* clock = nullptr;
  const pbay_http* http = nullptr;
  const pbay_timer* timer = nullptr;
  puppet_.in_create = [&] {
    clock = &table<pbay_clock>(PBAY_EXT_CLOCK);
    http = &table<pbay_http>(PBAY_EXT_HTTP);
    timer = &table<pbay_timer>(PBAY_EXT_TIMER);
  };
  after_stop_ = [&] {
    puppet_.host->log(puppet_.host, PBAY_LOG_INFO, to_abi("late"));
    static_cast<void>(puppet_.host->get_extension(puppet_.host, PBAY_EXT_HTTP));
    http->cancel(puppet_.host, 1);
    timer->cancel(puppet_.host, 1);
    static_cast<void>(clock->monotonic_ms(puppet_.host));
  };
  EXPECT_THAT(rules_of_a_life(), AllOf(testing::SizeIs(5), Each(Rule::kAfterStopped)));
}

// As a thread of the adapter's own could do it.
TEST_F(Life, TheProcessMayNotChangeBetweenTwoCallsEither) {
  after_stop_ = [] { ::setenv("PATCHBAY_KIT_RULES", "1", 1); };
  EXPECT_THAT(rules_of_a_life(true), ElementsAre(Rule::kProcessState));
  after_stop_ = [] { ::unsetenv("PATCHBAY_KIT_RULES"); };
  EXPECT_THAT(rules_of_a_life(false), IsEmpty()) << "tests may";
  after_stop_ = nullptr;
  puppet_.in_destroy = nullptr;
  EXPECT_THAT(rules_of_a_life(true), IsEmpty());
}

// ---- what the host asks ----

TEST_F(KitRules, AnOperationThatIsNeverCompletedIsABreach) {
  static_cast<void>(host_->new_op("lookup", minutes(5)));
  host_->advance(minutes(5));
  EXPECT_THAT(breaches(), IsEmpty()) << "what ends at the very deadline is in time";
  host_->advance(std::chrono::milliseconds(1));
  EXPECT_THAT(breaches(), ElementsAre("lookup 1 was not completed by its deadline"));
  EXPECT_THAT(rules(), ElementsAre(Rule::kMissingCompletion));
}

TEST_F(KitRules, ConnectionsThatAreNotOpenYetCanBeClosed) {
  host_->websockets().expect("wss://a/").hang();
  auto options = make_abi<pbay_websocket_options>();
  options.url = to_abi("wss://a/");
  const auto& socket = table<pbay_websocket>(PBAY_EXT_WEBSOCKET);
  socket.open(puppet_.host, 1, &options);
  socket.close(puppet_.host, 1, 1000, to_abi("never mind"));
  host_->run_ready();
  EXPECT_THAT(news(), ElementsAre("complete -207 0"));
  host_->streams().expect("tcp://a:1").after(seconds(1));
  const auto& stream = table<pbay_stream>(PBAY_EXT_STREAM);
  stream.open(puppet_.host, 2, to_abi("tcp://a:1"));
  stream.close(puppet_.host, 2);
  host_->advance(seconds(60));
  EXPECT_THAT(news(), ElementsAre("complete -207 0")) << "it is not opened all the same";
  EXPECT_THAT(host_->streams().open(), IsEmpty());
  EXPECT_THAT(breaches(), IsEmpty());
}

}  // namespace
}  // namespace patchbay::testkit
