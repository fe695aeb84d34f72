// What the extension holds back, shown with an adapter that takes nothing.
#include "adapters/websocket_extension.hpp"

#include <patchbay/ext/websocket.h>

#include "silent_adapter_test.hpp"
#include "websocket_peer.hpp"

namespace patchbay::adapters {
namespace {

class WebSocketExtensionTest : public SilentAdapterTest {
 protected:
  void event(const Detail& detail) override {
    const auto& event = *static_cast<const pbay_websocket_event*>(detail.abi());
    ++events_[event.kind];
    bytes_ += event.data.size;
  }

  static std::shared_ptr<const HostRules> this_machine() {
    auto rules = std::make_shared<HostRules>();
    rules->add("127.0.0.1", RuleOf::kOperator);
    return rules;
  }

  std::map<std::uint32_t, std::size_t> events_;  // by kind
  std::size_t bytes_ = 0;
};

TEST_P(WebSocketExtensionTest, APeerCannotFloodTheAdapterWithPongs) {
  constexpr std::size_t kPongs = 20'000;
  const std::string longest(125, 'p');
  net::ScriptedServer server([&longest](net::Peer& peer, int) {
    net::WebSocketPeer socket(peer);
    socket.accept();
    for (std::size_t i = 0; i < kPongs; ++i) {
      socket.send(net::kPongFrame, longest);
    }
    socket.send(net::kTextFrame, "the end");
    socket.read();
  });
  {
    WebSocketExtension extension(*this, this_machine());
    WebSocketCopy copied;
    copied.request.url = server.url("/", "ws");
    extension.open(1, std::move(copied));
    EXPECT_TRUE(run_until([&] { return events_[PBAY_WEBSOCKET_TEXT] == 1; }));
    EXPECT_GT(events_[PBAY_WEBSOCKET_PONG], 0U);
    EXPECT_LE(bytes_, kUntakenBytes + 7);

    take_all();
  }
  server.stop();
}

INSTANTIATE_TEST_SUITE_P(OnLoopback, WebSocketExtensionTest, ::testing::Values(Isolation::kNone),
                         isolation_name);

}  // namespace
}  // namespace patchbay::adapters
