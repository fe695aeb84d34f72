// Listener and webhook through real sockets on the real loop.
#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapter_host_test.hpp"
#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"

namespace patchbay::adapters {
namespace {

using ::testing::HasSubstr;
using State = delivery::InstanceState;

class SocketsTest : public ::testing::TestWithParam<Isolation> {
 protected:
  SocketsTest() {
    plugins_.add("scripted", "scripted", "scripted");
    staging_ = std::move(attachments::StagingArea::open(data_ / "staging")).value();
    AdapterHostOptions options;
    options.plugin_dirs = {plugins_.path()};
    options.runner = PATCHBAY_ADAPTER_RUNNER;
    options.data_dir = data_.path().string();
    options.webhooks = WebhookListen{.public_url = "https://bot.example.org/"};
    host_ = std::make_unique<AdapterHost>(options, AdapterHostServices{.loop = loop_,
                                                                       .storage = storage_,
                                                                       .random = random_,
                                                                       .staging = *staging_,
                                                                       .sockets = &loop_});
    host_->load_plugins();
    EXPECT_TRUE(host_
                    ->add_instance({.name = base::InstanceName("scripted"),
                                    .channel = base::ChannelName("scripted"),
                                    .settings_json = "{}",
                                    .allowed_hosts = {},
                                    .isolation = GetParam()})
                    .ok());
    const base::Status started = host_->start(inbound_, events_);
    EXPECT_TRUE(started.ok()) << started.message();
    EXPECT_TRUE(run_until(
        [this] { return host_->state(base::InstanceName("scripted")) == State::kOnline; }));
  }

  template <class Condition>
  bool run_until(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + test::VirtualLoop::kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) {
        return false;
      }
      loop_.context().restart();
      loop_.context().run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

  std::string say(const std::string& text) {
    std::optional<std::string> said;
    delivery::DeliveryRequest request;
    request.instance = base::InstanceName("scripted");
    request.chat_id = "-100";
    request.text = text;
    host_->deliver(std::move(request),
                   [&](delivery::AttemptOutcome outcome) { said = outcome.text; });
    EXPECT_TRUE(run_until([&] { return said.has_value(); }));
    return said.value_or("");
  }

  bool stop_all() {
    bool stopped = false;
    host_->stop([&] { stopped = true; });
    return run_until([&] { return stopped; });
  }

  // What comes until `size` bytes are there or the peer has ended.
  std::string read(int fd, std::size_t size) {
    std::string out;
    bool ended = false;
    EXPECT_TRUE(run_until([&] {
      char bytes[65536];
      const ssize_t count = ::recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
      if (count > 0) {
        out.append(bytes, static_cast<std::size_t>(count));
      }
      ended = count == 0;
      return ended || out.size() >= size;
    }));
    return out;
  }

  base::UniqueFd connect_unix(const std::string& path) {
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  base::UniqueFd connect_tcp(std::uint16_t port) {
    base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  std::string ask(const std::string& target, const std::string& body) {
    const base::UniqueFd fd = connect_tcp(host_->webhook_port());
    const std::string request = "POST " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                                body;
    EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    return read(fd.get(), SIZE_MAX);
  }

  PluginFolder plugins_;
  test::TempFolder data_;
  base::EventLoop loop_;
  base::ThreadPool storage_{1, "storage"};
  base::Random random_{1};
  std::unique_ptr<attachments::StagingArea> staging_;
  FakeInbound inbound_{loop_};
  FakeEvents events_;
  std::unique_ptr<AdapterHost> host_;
};

TEST_P(SocketsTest, AListenerTakesAndSendsBytes) {
  const std::string path = data_ / "run/echo.sock";
  EXPECT_EQ(say("listen echo"), "0 0 " + path);
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
  EXPECT_THAT(say("listen echo"), HasSubstr("0 0 "));
  const base::UniqueFd fd = connect_unix(data_ / "run/echo.sock");
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

TEST_P(SocketsTest, ListenerNamesAreConfined) {
  EXPECT_THAT(say("listen ../evil"), HasSubstr("-208 "));
  EXPECT_THAT(say("listen Upper"), HasSubstr("-208 "));
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

INSTANTIATE_TEST_SUITE_P(Both, SocketsTest,
                         ::testing::Values(Isolation::kNone, Isolation::kProcess), isolation_name);

}  // namespace
}  // namespace patchbay::adapters
