// What the extension holds back, shown with an adapter that takes nothing.
#include "adapters/stream_extension.hpp"

#include <patchbay/ext/stream.h>

#include "silent_adapter_test.hpp"

namespace patchbay::adapters {
namespace {

class StreamExtensionTest : public SilentAdapterTest {
 protected:
  void event(const Detail& detail) override {
    const auto& event = *static_cast<const pbay_stream_event*>(detail.abi());
    ASSERT_EQ(event.kind, PBAY_STREAM_DATA);
    ++pieces_;
    bytes_ += event.data.size;
  }

  // A socket that listens where the extension may connect.
  [[nodiscard]] base::UniqueFd listen_unix() const {
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(fd.get(), 1), 0);
    return fd;
  }

  std::size_t pieces_ = 0;
  std::size_t bytes_ = 0;
};

// Or whoever the stream leads to could have an isolated adapter's process ended.
TEST_P(StreamExtensionTest, SmallPiecesCountForMoreThanTheirBytes) {
  constexpr std::size_t kMost = kUntakenBytes / kUntakenEventBytes;
  static_assert(limits::kOutgoingSockets * (kMost + 1) < limits::kRunnerQueuedCalls / 2);
  const base::UniqueFd listening = listen_unix();
  auto rules = std::make_shared<HostRules>();
  rules->add("unix:" + socket_path(), RuleOf::kOperator);
  StreamExtension extension(*this, rules);
  extension.open(1, "unix:" + socket_path());
  const base::UniqueFd peer(::accept(listening.get(), nullptr, nullptr));
  settle();

  std::size_t sent = 0;
  while (sent < limits::kRunnerQueuedCalls &&
         ::send(peer.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
    ++sent;
    settle();
  }
  EXPECT_LE(pieces_, kMost);
  EXPECT_LT(sent, limits::kRunnerQueuedCalls) << "its peer has to wait";
  EXPECT_TRUE(run_until([&] {
    take_all();
    return bytes_ == sent;
  }));
}

INSTANTIATE_TEST_SUITE_P(OnLoopback, StreamExtensionTest, ::testing::Values(Isolation::kNone),
                         isolation_name);

}  // namespace
}  // namespace patchbay::adapters
