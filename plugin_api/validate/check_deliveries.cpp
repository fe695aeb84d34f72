// Messages go out.
#include "checks.hpp"
#include "patchbay/ext/directory.h"
#include "patchbay/ext/lookup_sent.h"
#include "patchbay/ext/typing.h"

namespace patchbay::validate {
namespace {

using sdk::DeliveryKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testkit::FakeHost;
using testkit::Rule;

constexpr DeliveryKind kKinds[] = {DeliveryKind::kMessage, DeliveryKind::kEdit,
                                   DeliveryKind::kReaction, DeliveryKind::kDelete,
                                   DeliveryKind::kQuestion};

// What a kind of delivery needs; a question may always be shown as text.
struct Ability {
  const char* name;
  std::uint64_t bit;
  DeliveryKind kind;
  bool with_file;
};
constexpr Ability kAbilities[] = {
    {"text", PBAY_CAN_TEXT, DeliveryKind::kMessage, false},
    {"files", PBAY_CAN_FILES, DeliveryKind::kMessage, true},
    {"edit", PBAY_CAN_EDIT, DeliveryKind::kEdit, false},
    {"delete", PBAY_CAN_DELETE, DeliveryKind::kDelete, false},
    {"react", PBAY_CAN_REACT, DeliveryKind::kReaction, false},
    {"buttons", PBAY_CAN_BUTTONS, DeliveryKind::kQuestion, false},
};

sdk::Delivery with_file(FakeHost& host, sdk::Delivery delivery) {
  delivery.files.push_back(host.file("the bytes of a file", "note.txt", "text/plain"));
  return delivery;
}

sdk::Result outcome(FakeHost& host, sdk::Delivery delivery) {
  const pbay_op op = host.deliver(std::move(delivery));
  settle(host, op);
  const sdk::Result* result = host.result(op);
  return result != nullptr ? *result : sdk::Result();
}

void check_ability(FakeHost& host, const Ability& ability, std::uint64_t bits,
                   const sdk::Chat& chat, Reporter& reporter) {
  const bool declared = (bits & ability.bit) != 0;
  if (!declared && ability.bit == PBAY_CAN_BUTTONS) {
    return;
  }
  reporter.step(std::string(declared ? "declared: " : "not declared: ") + ability.name);
  sdk::Delivery delivery = delivery_of(ability.kind, chat);
  if (ability.with_file) {
    delivery = with_file(host, std::move(delivery));
  }
  const sdk::Result result = outcome(host, std::move(delivery));
  if (declared && result.code == PBAY_E_UNSUPPORTED) {
    reporter.breach(Rule::kCapabilities, std::string("it declares ") + ability.name +
                                             ", and answers that with PBAY_E_UNSUPPORTED");
  } else if (!declared && result.code == PBAY_OK) {
    reporter.breach(Rule::kCapabilities, std::string("it does not declare ") + ability.name +
                                             ", and says of one that it is done");
  } else if (!declared && result.code > -200) {
    reporter.breach(Rule::kCapabilities,
                    std::string("it does not declare ") + ability.name + ", and answers with " +
                        std::to_string(result.code) +
                        ", which the host tries again, not with PBAY_E_UNSUPPORTED");
  }
}

void check_extension(FakeHost& host, std::uint64_t bits, std::uint64_t bit, const char* id,
                     Reporter& reporter) {
  if ((bits & bit) != 0 && host.extension<void>(id) == nullptr) {
    reporter.breach(Rule::kCapabilities,
                    std::string("it declares what needs ") + id + ", and has no such extension");
  }
}

// Everything that a host asks of an instance when all goes well.
void ordinary_day(FakeHost& host, const Subject& subject, const sdk::Chat& chat) {
  Reporter& reporter = subject.reporter();
  for (const DeliveryKind kind : kKinds) {
    reporter.step("delivery of kind " + std::to_string(static_cast<std::uint32_t>(kind)));
    static_cast<void>(outcome(host, delivery_of(kind, chat)));
  }
  reporter.step("a delivery with two files");
  static_cast<void>(
      outcome(host, with_file(host, with_file(host, delivery_of(DeliveryKind::kMessage, chat)))));
  reporter.step("a long text");
  sdk::Delivery long_text = delivery_of(DeliveryKind::kMessage, chat);
  for (int i = 0; i < 2'000; ++i) {
    long_text.text += "word \xF0\x9F\x91\x8D ";
  }
  static_cast<void>(outcome(host, std::move(long_text)));
  reporter.step("a delivery whose first part is durable already");
  sdk::Delivery resumed = delivery_of(DeliveryKind::kMessage, chat);
  resumed.attempt = 2;
  resumed.parts_done = 1;
  resumed.remote_ids = {"17"};
  static_cast<void>(outcome(host, with_file(host, std::move(resumed))));
  reporter.step("typing");
  if (host.extension<pbay_typing>(PBAY_EXT_TYPING) != nullptr) {
    host.typing(chat);
    host.advance(seconds(1));
  }
}

void call_from_outside(FakeHost& host, Reporter& reporter) {
  for (const std::string& name : host.listeners()) {
    reporter.step("somebody connects to " + name);
    const std::uint64_t connection = host.connect(name);
    host.send(connection, "hello\n");
    host.advance(seconds(1));
    host.hang_up(connection);
  }
  if (host.has_webhook()) {
    reporter.step("a webhook's requests");
    for (const char* method : {"GET", "POST"}) {
      host.webhook(method, "/", {{"content-type", "application/json"}}, "{}");
      host.advance(seconds(11));
    }
  }
}

}  // namespace

void check_contract(const Subject& subject) {
  Random random(subject.options().seed);
  Platform platform(random, Mood::kWilling);
  const auto host = subject.host(platform);
  if (!host) {
    return;
  }
  subject.reporter().step("start");
  host->start();
  host->advance(seconds(10));
  for (const sdk::Chat& chat : subject.chats()) {
    static_cast<void>(host->capabilities(chat));
    ordinary_day(*host, subject, chat);
  }
  subject.reporter().step("a recorded payload");
  for (const testkit::Fixture& fixture : subject.fixtures()) {
    static_cast<void>(host->translate(fixture.kind, fixture.payload));
  }
  call_from_outside(*host, subject.reporter());
  subject.reporter().step("the end");
  host->stop();
}

void check_capabilities(const Subject& subject) {
  Random random(subject.options().seed);
  Platform platform(random, Mood::kWilling);
  const auto host = subject.host(platform);
  if (!host) {
    return;
  }
  host->start();
  host->advance(seconds(10));
  for (const sdk::Chat& chat : subject.chats()) {
    const pbay_caps caps = host->capabilities(chat);
    if (caps.text_unit > PBAY_UNIT_CODE_POINTS) {
      subject.reporter().breach(Rule::kCapabilities, "its text_unit is none of PBAY_UNIT_*");
    }
    for (const Ability& ability : kAbilities) {
      check_ability(*host, ability, caps.bits, chat, subject.reporter());
    }
    subject.reporter().step("declared extensions");
    check_extension(*host, caps.bits, PBAY_CAN_TYPING, PBAY_EXT_TYPING, subject.reporter());
    check_extension(*host, caps.bits, PBAY_CAN_LOOKUP_SENT, PBAY_EXT_LOOKUP_SENT,
                    subject.reporter());
    check_extension(*host, caps.bits, PBAY_CAN_OPEN_DM, PBAY_EXT_DIRECTORY, subject.reporter());
  }
}

void check_deadlines(const Subject& subject) {
  Random random(subject.options().seed);
  for (const int online_ms : {0, 10'000}) {
    Platform platform(random, online_ms == 0 ? Mood::kHanging : Mood::kWilling);
    const auto host = subject.host(platform);
    if (!host) {
      return;
    }
    host->start();
    host->advance(milliseconds(online_ms));
    platform.set_mood(Mood::kHanging);
    // Somebody is there and never says a word.
    for (const std::string& name : host->listeners()) {
      static_cast<void>(host->connect(name));
    }
    for (const DeliveryKind kind : kKinds) {
      subject.reporter().step("the platform never answers");
      settle(*host, host->deliver(delivery_of(kind, subject.chats().front())));
    }
    settle(*host, host->deliver(with_file(
                      *host, delivery_of(DeliveryKind::kMessage, subject.chats().front()))));
  }
}

void check_cancellation(const Subject& subject) {
  Random random(subject.options().seed);
  for (const Mood mood : {Mood::kHanging, Mood::kWilling}) {
    Platform platform(random, mood);
    const auto host = subject.host(platform);
    if (!host) {
      return;
    }
    host->start();
    host->advance(seconds(5));
    for (const int age_ms : {0, 1, 100, 10'000}) {
      subject.reporter().step("cancelled after " + std::to_string(age_ms) + " ms");
      const pbay_op op =
          host->deliver(delivery_of(DeliveryKind::kMessage, subject.chats().front()));
      host->advance(milliseconds(age_ms));
      if (host->result(op) == nullptr) {
        host->cancel(op);
        settle(*host, op);
      }
      subject.reporter().step("cancelled when it was completed already");
      host->cancel(op);
    }
  }
}

}  // namespace patchbay::validate
