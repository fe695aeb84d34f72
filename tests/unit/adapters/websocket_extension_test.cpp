// What the extension holds back, shown with an adapter that takes nothing.
#include "adapters/websocket_extension.hpp"

#include <patchbay/ext/websocket.h>

#include "sockets_test.hpp"
#include "websocket_peer.hpp"

namespace patchbay::adapters {
namespace {

class WebSocketExtensionTest : public SocketsTest, public ExtensionOwner {
 protected:
  // ExtensionOwner
  base::Status try_begin(pbay_op /*op*/, const char* /*what*/) override { return {}; }
  void turn_away(pbay_op op, Completion why, base::UniqueFunction<void()>) override {
    complete(op, std::move(why));
  }
  void complete(pbay_op /*op*/, Completion completion) override {
    ADD_FAILURE() << completion.text;
  }
  void complete_then(pbay_op op, Completion completion, base::UniqueFunction<void()>) override {
    complete(op, std::move(completion));
  }
  void complete_open(pbay_op /*op*/, Completion /*completion*/) override {}
  void emit(pbay_op /*op*/, std::unique_ptr<Detail> detail,
            base::UniqueFunction<void()> taken) override {
    const auto& event = *static_cast<const pbay_websocket_event*>(detail->abi());
    ++events_[event.kind];
    bytes_ += event.data.size;
    untaken_.push_back(std::move(taken));
  }
  void end(pbay_op /*op*/) override {}
  void host_refused(const base::Status& why) override { ADD_FAILURE() << why.message(); }
  void violation(std::string_view what) override { ADD_FAILURE() << what; }
  Bridge& bridge() override { return *bridge_; }
  const AdapterHostServices& services() const override { return services_; }

  static std::shared_ptr<const HostRules> this_machine() {
    auto rules = std::make_shared<HostRules>();
    rules->add("127.0.0.1", RuleOf::kOperator);
    return rules;
  }

  AdapterHostServices services_{.loop = loop_,
                                .storage = storage_,
                                .random = random_,
                                .staging = *staging_,
                                .sockets = &loop_,
                                .connector = connector_.get()};
  std::shared_ptr<Bridge> bridge_ =
      std::make_shared<Bridge>(std::make_shared<HostGate>(services_), base::InstanceName("silent"),
                               base::ChannelName("scripted"));
  std::map<std::uint32_t, std::size_t> events_;  // by kind
  std::size_t bytes_ = 0;
  std::vector<base::UniqueFunction<void()>> untaken_;
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

    for (auto& taken : std::exchange(untaken_, {})) {
      taken();
    }
  }
  server.stop();
}

INSTANTIATE_TEST_SUITE_P(OnLoopback, WebSocketExtensionTest, ::testing::Values(Isolation::kNone),
                         isolation_name);

}  // namespace
}  // namespace patchbay::adapters
