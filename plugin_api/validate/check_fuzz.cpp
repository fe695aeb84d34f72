// Days that no author thought of: each is a function of its seed, and can be had again.
#include <algorithm>
#include <set>

#include "checks.hpp"
#include "patchbay/ext/process.h"
#include "patchbay/ext/typing.h"
#include "patchbay/ext/websocket.h"
#include "patchbay/sdk/utf8.hpp"
#include "patchbay/testkit/peers.hpp"

namespace patchbay::validate {
namespace {

using sdk::DeliveryKind;
using std::chrono::milliseconds;
using testkit::FakeHost;

constexpr int kDays = 30;
constexpr int kSteps = 60;

// The bytes themselves when they are UTF-8.
std::string utf8_of(std::string bytes) {
  if (!sdk::is_utf8(bytes)) {
    std::replace_if(
        bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
        '?');
  }
  return bytes;
}

std::string as_line(std::string bytes) {
  std::replace(bytes.begin(), bytes.end(), '\n', ' ');
  return bytes;
}

class Day {
 public:
  Day(const Subject& subject, FakeHost& host, Platform& platform, Random& random)
      : subject_(subject), host_(host), platform_(platform), random_(random) {}

  void live() {
    host_.on_submit([this](const sdk::Event& event) { return submit_answer(event); });
    host_.start();
    for (int i = 0; i < kSteps; ++i) {
      step();
      if (random_.one_in(2)) {
        host_.advance(milliseconds(random_.below(random_.one_in(5) ? 100'000 : 500)));
      }
    }
    host_.stop(milliseconds(1'000 + random_.below(20'000)));
  }

 private:
  testkit::SubmitAnswer submit_answer(const sdk::Event& event) {
    const std::string& id = event.event_id.empty() ? event.message_id : event.event_id;
    if (never_taken_.contains(id)) {
      return {PBAY_E_TOO_LARGE, PBAY_NOT_STORED};
    }
    switch (random_.below(10)) {
      case 0:
        return {PBAY_E_BUSY, PBAY_NOT_STORED};
      case 1:
        return {PBAY_OK, PBAY_DUPLICATE};
      case 2:
        return {PBAY_OK, PBAY_INTAKE};
      case 3:
        return {PBAY_OK, PBAY_REFUSED};
      case 4:
        never_taken_.insert(id);
        return {PBAY_E_TOO_LARGE, PBAY_NOT_STORED};
      default:
        return {};
    }
  }

  void step() {
    switch (random_.below(10)) {
      case 0:
      case 1:
      case 2:
        deliver();
        break;
      case 3:
        if (!deliveries_.empty()) {
          host_.cancel(random_.of(deliveries_));
        }
        break;
      case 4:
        translate();
        break;
      case 5:
        platform_.set_mood(random_.of(kMoods));
        break;
      case 6:
        somebody_connects();
        websockets_speak();
        streams_speak();
        processes_speak();
        break;
      case 7:
        if (host_.has_webhook()) {
          host_.webhook(random_.one_in(2) ? "POST" : "GET", "/" + random_.visible(8), {},
                        random_.one_in(2) ? random_.bytes(200) : random_.of(nonsense()));
        }
        break;
      case 8:
        host_.fail_kv_writes(static_cast<int>(random_.below(3)), PBAY_E_RETRY);
        static_cast<void>(host_.capabilities(random_.of(subject_.chats())));
        break;
      default:
        if (host_.extension<pbay_typing>(PBAY_EXT_TYPING) != nullptr) {
          host_.typing(random_.of(subject_.chats()));
        }
    }
  }

  void deliver() {
    static constexpr DeliveryKind kKinds[] = {DeliveryKind::kMessage, DeliveryKind::kMessage,
                                              DeliveryKind::kEdit,    DeliveryKind::kReaction,
                                              DeliveryKind::kDelete,  DeliveryKind::kQuestion};
    sdk::Delivery delivery = delivery_of(random_.of(kKinds), random_.of(subject_.chats()));
    for (std::uint64_t i = random_.below(40); i > 30; --i) {
      delivery.files.push_back(
          host_.file(random_.bytes(2'000), "f.bin", "image/png", sdk::FileKind(random_.below(6))));
    }
    if (random_.one_in(10)) {
      delivery.text = std::string(random_.below(20'000), 'x');
    }
    if (random_.one_in(10)) {
      delivery.target_id = "no such id";
      delivery.chat.id = "no such chat";
    }
    delivery.silent = random_.one_in(4);
    deliveries_.push_back(host_.deliver(std::move(delivery)));
  }

  void translate() {
    if (subject_.fixtures().empty() || random_.one_in(4)) {
      static_cast<void>(host_.translate(subject_.options().kind, random_.of(nonsense())));
      return;
    }
    const testkit::Fixture& fixture = random_.of(subject_.fixtures());
    const std::string payload =
        random_.one_in(2) ? fixture.payload : damaged(fixture.payload, random_);
    static_cast<void>(host_.translate(fixture.kind, payload));
  }

  void somebody_connects() {
    const std::vector<std::string> listeners = host_.listeners();
    if (listeners.empty()) {
      return;
    }
    const std::uint64_t connection = host_.connect(random_.of(listeners));
    for (std::uint64_t i = random_.below(5); i > 0; --i) {
      host_.send(connection, random_.one_in(2) ? random_.bytes(500) : random_.of(nonsense()));
    }
    if (random_.one_in(3)) {
      host_.stop_reading(connection);
    }
    if (random_.one_in(2)) {
      host_.hang_up(connection);
    }
  }

  std::string something() { return random_.one_in(3) ? random_.bytes(200) : nonsense_text(); }
  std::string nonsense_text() { return random_.of(nonsense()); }

  // A host hands on what its own clients let through, and no more: text frames and the reasons of
  // closes are UTF-8, lines have no newline in them.
  void websockets_speak() {
    static constexpr std::int32_t kCloseCodes[] = {0, 1000, 1001, 1011, 1012, 3000, 4000, 4004};
    testkit::Peers& peers = host_.websockets();
    for (const pbay_op peer : peers.open()) {
      if (random_.one_in(4)) {
        peers.say(peer, something(), PBAY_WEBSOCKET_BINARY);
      } else {
        peers.say(peer, utf8_of(something()));
      }
      if (random_.one_in(4)) {
        peers.end(peer, random_.of(kCloseCodes), utf8_of(random_.bytes(10)));
      }
    }
  }

  void streams_speak() {
    testkit::Peers& peers = host_.streams();
    for (const pbay_op peer : peers.open()) {
      peers.say(peer, something());
      if (random_.one_in(4)) {
        peers.end(peer, 0, utf8_of(random_.bytes(10)));
      }
    }
  }

  void processes_speak() {
    testkit::Peers& peers = host_.processes();
    for (const pbay_op peer : peers.open()) {
      peers.say(peer, as_line(something()),
                random_.one_in(4) ? PBAY_PROCESS_ERROR_LINE : PBAY_PROCESS_LINE);
      if (random_.one_in(4)) {
        peers.end(peer, static_cast<std::int32_t>(random_.below(256 + 31)) - 31);
      }
    }
  }

  static constexpr Mood kMoods[] = {Mood::kWilling, Mood::kHanging, Mood::kCapricious,
                                    Mood::kCapricious};
  const Subject& subject_;
  FakeHost& host_;
  Platform& platform_;
  Random& random_;
  std::vector<pbay_op> deliveries_;
  std::set<std::string> never_taken_;  // events that this host takes at no time
};

bool live_a_day(const Subject& subject, std::uint64_t seed) {
  subject.reporter().step("seed " + std::to_string(seed) + ": --reproduce " + std::to_string(seed));
  Random random(seed);
  Platform platform(random, Mood::kWilling);
  const auto host = subject.host(platform);
  if (host) {
    Day(subject, *host, platform, random).live();
  }
  return host != nullptr;
}

}  // namespace

void check_fuzz(const Subject& subject) {
  const Options& options = subject.options();
  if (options.reproduce) {
    static_cast<void>(live_a_day(subject, *options.reproduce));
    return;
  }
  for (std::uint64_t i = 0; i < kDays; ++i) {
    if (!live_a_day(subject, options.seed * 1'000 + i)) {
      return;
    }
  }
}

}  // namespace patchbay::validate
