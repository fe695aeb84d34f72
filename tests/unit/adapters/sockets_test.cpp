// Listener and webhook through real sockets on the real loop.
#include "sockets_test.hpp"

#include <sys/stat.h>

#include "listener_cases.hpp"

namespace patchbay::adapters {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_P(SocketsTest, AListenerTakesAndSendsBytes) {
  const std::string path = data_ / "run/scripted-echo.sock";
  EXPECT_EQ(say("listen scripted-echo"), "0 0 " + path);
  struct stat socket{};
  ASSERT_EQ(::stat(path.c_str(), &socket), 0);
  EXPECT_EQ(socket.st_mode & 0777U, 0600U);
  const base::UniqueFd one = connect_unix(path);
  const base::UniqueFd two = connect_unix(path);
  ASSERT_EQ(::send(one.get(), "first", 5, MSG_NOSIGNAL), 5);
  ASSERT_EQ(::send(two.get(), "second", 6, MSG_NOSIGNAL), 6);
  EXPECT_EQ(read(one.get(), 5), "first");
  EXPECT_EQ(read(two.get(), 6), "second");
  ASSERT_TRUE(stop_all());
  EXPECT_EQ(read(one.get(), 1), "") << "the connection has ended";
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "and the socket is gone";
}

TEST_P(SocketsTest, ALotOfBytesComesBackWhole) {
  EXPECT_THAT(say("listen scripted-echo"), HasSubstr("0 0 "));
  const base::UniqueFd fd = connect_unix(data_ / "run/scripted-echo.sock");
  std::string sent(600 * 1024, 'x');
  for (std::size_t i = 0; i < sent.size(); ++i) {
    sent[i] = static_cast<char>('a' + i % 23);
  }
  std::string received;
  std::size_t written = 0;
  ASSERT_TRUE(run_until([&] {
    if (written < sent.size()) {
      const ssize_t count = ::send(fd.get(), sent.data() + written, sent.size() - written,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
      written += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    char bytes[65536];
    const ssize_t count = ::recv(fd.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count > 0) {
      received.append(bytes, static_cast<std::size_t>(count));
    }
    return received.size() == sent.size();
  }));
  EXPECT_TRUE(received == sent);
}

// The test kit's host is given the same ones.
TEST_P(SocketsTest, ListenerNamesAreConfined) {
  for (const testkit::ListenerCase& given : testkit::kListenerCases) {
    EXPECT_THAT(say("listen " + std::string(given.name), std::string(testkit::kListeningInstance)),
                StartsWith(std::to_string(given.code) + " "))
        << given.name;
  }
}

TEST_P(SocketsTest, AnInstanceListensUnderItsOwnNameOnly) {
  add("scripted-two", {});
  EXPECT_EQ(say("listen scripted"), "0 0 " + (data_ / "run/scripted.sock"));
  EXPECT_EQ(say("listen scripted-three"), "0 0 " + (data_ / "run/scripted-three.sock"));
  EXPECT_EQ(say("listen outgoing"),
            "-203 0 instance 'scripted' may listen on 'scripted' and 'scripted-…' only, not on "
            "'outgoing'");
  EXPECT_THAT(say("listen scriptedly"), StartsWith("-203 "));
  EXPECT_THAT(say("listen scripted-two"),
              AllOf(StartsWith("-203 "), HasSubstr("those of instance 'scripted-two'")));
  EXPECT_THAT(say("listen scripted-two-more"), StartsWith("-203 "));
  EXPECT_EQ(say("listen outgoing", "outgoing"), "0 0 " + (data_ / "run/outgoing.sock"));
}

TEST_P(SocketsTest, AnInstanceListensOnAFewSocketsAtMost) {
  for (std::size_t i = 0; i < limits::kListeners; ++i) {
    EXPECT_THAT(say("listen scripted-" + std::to_string(i)), StartsWith("0 0 "));
  }
  EXPECT_THAT(say("listen scripted"), StartsWith(std::to_string(PBAY_E_BUSY) + " "));
}

TEST_P(SocketsTest, WebhooksReachTheInstanceOfTheirPath) {
  EXPECT_THAT(ask("/webhook/scripted", ""), HasSubstr("HTTP/1.1 503")) << "no route yet";
  EXPECT_EQ(say("webhook"), "0 0 https://bot.example.org/webhook/scripted");
  const std::string answer = ask("/webhook/scripted/events?a=1", "payload");
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 201"));
  EXPECT_THAT(answer, HasSubstr("X-Target: /events?a=1"));
  EXPECT_THAT(answer, HasSubstr("payload"));
  EXPECT_THAT(ask("/webhook/nobody", ""), HasSubstr("HTTP/1.1 404"));
  EXPECT_THAT(ask("/elsewhere", ""), HasSubstr("HTTP/1.1 404"));
  ASSERT_TRUE(stop_all());
  EXPECT_THAT(ask("/webhook/scripted", ""), HasSubstr("HTTP/1.1 503"));
}

TEST_P(SocketsTest, AWebhookThatIsNotAnsweredEndsWithItsInstance) {
  EXPECT_THAT(say("webhook"), HasSubstr("0 0 "));
  const base::UniqueFd fd = connect_tcp(host_->webhook_port());
  const std::string request =
      "POST /webhook/scripted HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      "Content-Length: 6\r\n\r\nsilent";
  ASSERT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  EXPECT_EQ(say("ok"), "fine");
  ASSERT_TRUE(stop_all());
  EXPECT_THAT(read(fd.get(), SIZE_MAX), HasSubstr("HTTP/1.1 503"));
}

TEST_P(SocketsTest, WhatAnswersAWebhookMayHaveBeenADelivery) {
  for (const std::string name : {"scripted", "outgoing"}) {
    EXPECT_THAT(say("webhook", name), StartsWith("0 0 "));
  }
  const auto quiet = give("never", "scripted");
  const auto sent = give("never", "outgoing");
  EXPECT_THAT(ask("/webhook/scripted/x", ""), HasSubstr("HTTP/1.1 201"));
  EXPECT_THAT(ask("/webhook/outgoing/x", "sendMessage"), HasSubstr("HTTP/1.1 201"));
  ASSERT_TRUE(stop_all());
  ASSERT_TRUE(run_until([&] { return sent->has_value() && quiet->has_value(); }));
  EXPECT_EQ((*sent)->outcome, delivery::OutcomeClass::kUnknown);
  EXPECT_EQ((*quiet)->outcome, delivery::OutcomeClass::kRetryable) << "its answer said nothing";
}

INSTANTIATE_TEST_SUITE_P(Both, SocketsTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);

}  // namespace
}  // namespace patchbay::adapters
