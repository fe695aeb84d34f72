// What the extension holds back, shown with an adapter that takes nothing.
#include "adapters/listener_extension.hpp"

#include <patchbay/ext/listener.h>

#include "silent_adapter_test.hpp"

namespace patchbay::adapters {
namespace {

constexpr std::size_t kMost = kUntakenBytes / kUntakenEventBytes;

class ListenerExtensionTest : public SilentAdapterTest {
 protected:
  ListenerExtensionTest() { extension_.listen(1, "silent"); }

  void event(const Detail& detail) override {
    const auto& event = *static_cast<const pbay_listener_event*>(detail.abi());
    ++events_[event.kind];
    bytes_ += event.data.size;
  }

  // Somebody comes and goes. False: has to wait.
  bool visit(const std::string& name) {
    const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path(name).copy(address.sun_path, sizeof(address.sun_path) - 1);
    return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  std::size_t visit_until_it_waits(const std::string& name) {
    std::size_t visits = 0;
    while (visits < limits::kRunnerQueuedCalls && visit(name)) {
      ++visits;
      settle();
    }
    return visits;
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return data_ / ("silent/" + name + ".sock");
  }

  std::map<std::uint32_t, std::size_t> events_;  // by kind
  std::size_t bytes_ = 0;
  ListenerExtension extension_{*this, data_ / "silent", [](const std::string&) { return false; }};
};

// Or whoever connects could have an isolated adapter's process ended.
TEST_P(ListenerExtensionTest, SmallPiecesCountForMoreThanTheirBytes) {
  static_assert(limits::kListeners * limits::kListenerConnections * (kMost + 3) <
                limits::kRunnerQueuedCalls);
  const base::UniqueFd peer = connect_unix(path("silent"));
  std::size_t sent = 0;
  while (sent < limits::kRunnerQueuedCalls &&
         ::send(peer.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
    ++sent;
    settle();
  }
  EXPECT_LE(events_[PBAY_LISTENER_DATA], kMost);
  EXPECT_LT(sent, limits::kRunnerQueuedCalls) << "its peer has to wait";
  EXPECT_TRUE(run_until([&] {
    take_all();
    return bytes_ == sent;
  }));
}

TEST_P(ListenerExtensionTest, WhoComesAndGoesWithoutRestWaitsForTheAdapter) {
  std::size_t visits = visit_until_it_waits("silent");
  EXPECT_LT(visits, limits::kRunnerQueuedCalls) << "they wait";
  EXPECT_LE(events_[PBAY_LISTENER_ACCEPTED] + events_[PBAY_LISTENER_CLOSED], kMost + 4);

  extension_.listen(2, "silent-two");
  visits += visit_until_it_waits("silent-two");
  EXPECT_LE(events_[PBAY_LISTENER_ACCEPTED] + events_[PBAY_LISTENER_CLOSED], kMost + 6);

  EXPECT_TRUE(run_until([&] {
    take_all();
    return events_[PBAY_LISTENER_CLOSED] == visits;
  }));
}

INSTANTIATE_TEST_SUITE_P(OnLoopback, ListenerExtensionTest, ::testing::Values(Isolation::kNone),
                         isolation_name);

}  // namespace
}  // namespace patchbay::adapters
