// What the extension turns away, shown with an adapter that takes nothing.
#include "adapters/webhook_extension.hpp"

#include <patchbay/ext/webhook.h>

#include "silent_adapter_test.hpp"

namespace patchbay::adapters {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class WebhookExtensionTest : public SilentAdapterTest {
 protected:
  WebhookExtensionTest() {
    server_ = std::move(WebhookServer::listen(loop_, {})).value();
    extension_ = std::make_unique<WebhookExtension>(*this, server_.get());
    extension_->open(1);
  }
  ~WebhookExtensionTest() override { extension_->shut_down(); }

  void event(const Detail& detail) override {
    const auto& request = *static_cast<const pbay_webhook_request*>(detail.abi());
    given_.push_back(request.request);
  }

  // A request has been sent; its answer comes through what is returned.
  base::UniqueFd post(std::size_t body_bytes) {
    base::UniqueFd fd = connect_tcp(server_->port());
    const std::string request =
        "POST /webhook/silent HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
        std::to_string(body_bytes) + "\r\n\r\n" + std::string(body_bytes, 'x');
    std::size_t sent = 0;
    EXPECT_TRUE(run_until([&] {
      const ssize_t count = ::send(fd.get(), request.data() + sent, request.size() - sent,
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
      sent += count > 0 ? static_cast<std::size_t>(count) : 0;
      return sent == request.size();
    }));
    return fd;
  }

  // Each of them reaches the adapter, which does not return from it.
  void fill(std::size_t count, std::size_t body_bytes) {
    while (count-- != 0) {
      const std::size_t before = given_.size();
      waiting_.push_back(post(body_bytes));
      ASSERT_TRUE(run_until([&] { return given_.size() == before + 1; }));
    }
  }

  void expect_turned_away(std::size_t body_bytes) {
    const std::size_t before = given_.size();
    const base::UniqueFd fd = post(body_bytes);
    EXPECT_THAT(read(fd.get(), SIZE_MAX),
                AllOf(HasSubstr("HTTP/1.1 503"), HasSubstr("Retry-After: 1"),
                      HasSubstr("Too many requests wait for this instance")));
    EXPECT_EQ(given_.size(), before) << "the adapter was not asked";
  }

  void expect_answered() {
    const std::size_t before = given_.size();
    const base::UniqueFd fd = post(1);
    ASSERT_TRUE(run_until([&] { return given_.size() == before + 1; }));
    extension_->respond(given_.back(), {.status = 204, .headers = {}, .body = {}});
    EXPECT_THAT(read(fd.get(), SIZE_MAX), HasSubstr("HTTP/1.1 204"));
  }

  std::unique_ptr<WebhookServer> server_;
  std::unique_ptr<WebhookExtension> extension_;
  std::vector<std::uint64_t> given_;  // to the adapter: the numbers of the requests
  std::vector<base::UniqueFd> waiting_;
};

// Or whoever reaches the listener could have an isolated adapter's process ended.
TEST_P(WebhookExtensionTest, NoMoreBytesWaitForTheAdapterThanMay) {
  static_assert(kUntakenWebhookBytes < limits::kRunnerHeldBytes / 2);
  constexpr std::size_t kFit = kUntakenWebhookBytes / limits::kWebhookBodyBytes - 1;
  fill(kFit, limits::kWebhookBodyBytes);
  expect_turned_away(limits::kWebhookBodyBytes);
  expect_answered();  // a small one has room

  take_all();
  fill(kFit, limits::kWebhookBodyBytes);
  expect_turned_away(limits::kWebhookBodyBytes);
  take_all();
  expect_answered();
}

// What was answered meanwhile, or given up by its sender, waits for the adapter all the same.
TEST_P(WebhookExtensionTest, SmallRequestsCountForMoreThanTheirBytes) {
  const auto room = [this] { return given_.size() < limits::kRunnerQueuedCalls / 2; };
  bool turned_away = false;
  while (room() && !turned_away && !HasFailure()) {
    const std::size_t before = given_.size();
    const base::UniqueFd fd = post(1);
    ASSERT_TRUE(run_until([&] {
      char byte = 0;
      turned_away = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 1;
      return turned_away || given_.size() > before;
    }));
    if (!turned_away) {
      extension_->respond(given_.back(), {.status = 204, .headers = {}, .body = {}});
    }
  }
  EXPECT_TRUE(turned_away);
  expect_turned_away(1);
  take_all();
  expect_answered();
}

INSTANTIATE_TEST_SUITE_P(OnLoopback, WebhookExtensionTest, ::testing::Values(Isolation::kNone),
                         isolation_name);

}  // namespace
}  // namespace patchbay::adapters
