// A whole AdapterHost with the scripted adapter on real sockets and the real loop.
#pragma once

#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapter_host_test.hpp"
#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"
#include "isolation_name.hpp"
#include "net/connector.hpp"

namespace patchbay::adapters {

class SocketsTest : public ::testing::TestWithParam<Isolation> {
 protected:
  using State = delivery::InstanceState;

  SocketsTest() {
    plugins_.add("scripted", "scripted", "scripted");
    connector_ = std::move(net::Connector::make(loop_, {})).value();
    staging_ = std::move(attachments::StagingArea::open(data_ / "staging")).value();
    AdapterHostOptions options;
    options.plugin_dirs = {plugins_.path()};
    options.runner = PATCHBAY_ADAPTER_RUNNER;
    options.data_dir = data_.path().string();
    options.webhooks = WebhookListen{.public_url = "https://bot.example.org/"};
    host_ =
        std::make_unique<AdapterHost>(options, AdapterHostServices{.loop = loop_,
                                                                   .storage = storage_,
                                                                   .random = random_,
                                                                   .staging = *staging_,
                                                                   .sockets = &loop_,
                                                                   .connector = connector_.get()});
    host_->load_plugins();
    add("scripted", {});
    add("outgoing", {"127.0.0.1", "unix:" + socket_path()});
    const base::Status started = host_->start(inbound_, events_);
    EXPECT_TRUE(started.ok()) << started.message();
    EXPECT_TRUE(run_until([this] {
      return host_->state(base::InstanceName("scripted")) == State::kOnline &&
             host_->state(base::InstanceName("outgoing")) == State::kOnline;
    }));
  }

  void add(const std::string& name, std::vector<std::string> allowed_hosts) {
    EXPECT_TRUE(host_
                    ->add_instance({.name = base::InstanceName(name),
                                    .channel = base::ChannelName("scripted"),
                                    .settings_json = "{}",
                                    .allowed_hosts = std::move(allowed_hosts),
                                    .isolation = GetParam()})
                    .ok());
  }

  // The Unix socket that instance "outgoing" may connect to.
  [[nodiscard]] std::string socket_path() const { return data_ / "other.sock"; }

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

  // Gives a command; its outcome comes to the returned place.
  std::shared_ptr<std::optional<delivery::AttemptOutcome>> give(const std::string& text,
                                                                const std::string& instance) {
    auto place = std::make_shared<std::optional<delivery::AttemptOutcome>>();
    delivery::DeliveryRequest request;
    request.instance = base::InstanceName(instance);
    request.chat_id = "-100";
    request.text = text;
    host_->deliver(std::move(request),
                   [place](delivery::AttemptOutcome outcome) { *place = std::move(outcome); });
    return place;
  }

  std::string say(const std::string& text, const std::string& instance = "scripted") {
    const auto place = give(text, instance);
    EXPECT_TRUE(run_until([&] { return place->has_value(); }));
    return place->value_or(delivery::AttemptOutcome{}).text;
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
  std::unique_ptr<net::Connector> connector_;
  FakeInbound inbound_{loop_};
  FakeEvents events_;
  std::unique_ptr<AdapterHost> host_;
};

}  // namespace patchbay::adapters
