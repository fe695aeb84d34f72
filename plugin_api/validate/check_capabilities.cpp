// What an instance says that it can, against what it does.
#include <set>

#include "checks.hpp"
#include "patchbay/ext/directory.h"
#include "patchbay/ext/lookup_sent.h"
#include "patchbay/ext/typing.h"

namespace patchbay::validate {
namespace {

using sdk::DeliveryKind;
using std::chrono::seconds;
using testkit::FakeHost;
using testkit::Rule;

constexpr std::int32_t kFirstBug = -500;

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

// The code of a delivery, and how to call it: "-105 (nobody is there)".
struct Answer {
  std::int32_t code = PBAY_OK;
  std::string words;
};

class Truth {
 public:
  Truth(FakeHost& host, Reporter& reporter) : host_(host), reporter_(reporter) {}

  void check(const sdk::Chat& chat) {
    const pbay_caps caps = host_.capabilities(chat);
    if (caps.text_unit > PBAY_UNIT_CODE_POINTS) {
      reporter_.breach(Rule::kCapabilities, "its text_unit is none of PBAY_UNIT_*");
    }
    for (const Ability& ability : kAbilities) {
      const bool declared = (caps.bits & ability.bit) != 0;
      if (declared || ability.bit != PBAY_CAN_BUTTONS) {
        check_ability(ability, declared, chat);
      }
    }
    reporter_.step("declared extensions");
    check_extension(caps.bits, PBAY_CAN_TYPING, PBAY_EXT_TYPING);
    check_extension(caps.bits, PBAY_CAN_LOOKUP_SENT, PBAY_EXT_LOOKUP_SENT);
    check_extension(caps.bits, PBAY_CAN_OPEN_DM, PBAY_EXT_DIRECTORY);
  }

  // What is declared and was never seen to work is no finding: the platform is made up.
  void tell_what_was_not_seen() {
    std::string names;
    for (const std::string& name : declared_) {
      if (!done_.contains(name)) {
        names += (names.empty() ? "" : ", ") + name;
      }
    }
    if (done_.empty()) {
      reporter_.note(
          "nothing could be delivered to the platform that is made up: test that with "
          "the kit");
    } else if (!names.empty()) {
      reporter_.note("on the platform that is made up these never ended with PBAY_OK: " + names +
                     "; test them with the kit");
    }
  }

 private:
  // Nothing: it was not completed, which the host has said.
  std::optional<Answer> answer_to(const Ability& ability, const sdk::Chat& chat) {
    sdk::Delivery delivery = delivery_of(ability.kind, chat);
    if (ability.with_file) {
      delivery.files.push_back(host_.file("the bytes of a file", "note.txt", "text/plain"));
    }
    const pbay_op op = host_.deliver(std::move(delivery));
    settle(host_, op);
    const sdk::Result* result = host_.result(op);
    if (result == nullptr) {
      return std::nullopt;
    }
    return Answer{result->code, std::to_string(result->code) + " (" + result->text + ")"};
  }

  void check_ability(const Ability& ability, bool declared, const sdk::Chat& chat) {
    const std::string name = ability.name;
    reporter_.step((declared ? "declared: " : "not declared: ") + name);
    const std::optional<Answer> answer = answer_to(ability, chat);
    if (!answer) {
      return;
    }
    if (declared) {
      declared_.insert(name);
      if (answer->code == PBAY_OK) {
        done_.insert(name);
      } else if (answer->code == PBAY_E_UNSUPPORTED || answer->code <= kFirstBug) {
        reporter_.breach(Rule::kCapabilities,
                         "it declares " + name + ", and answers that with " + answer->words);
      }
    } else if (answer->code == PBAY_OK) {
      reporter_.breach(Rule::kCapabilities,
                       "it does not declare " + name + ", and says of one that it is done");
    } else if (answer->code != PBAY_E_UNSUPPORTED) {
      reporter_.breach(Rule::kCapabilities, "it does not declare " + name + ", and answers with " +
                                                answer->words + ", not with PBAY_E_UNSUPPORTED");
    }
  }

  void check_extension(std::uint64_t bits, std::uint64_t bit, const char* id) {
    if ((bits & bit) != 0 && host_.extension<void>(id) == nullptr) {
      reporter_.breach(Rule::kCapabilities,
                       std::string("it declares what needs ") + id + ", and has no such extension");
    }
  }

  FakeHost& host_;
  Reporter& reporter_;
  std::set<std::string> declared_;
  std::set<std::string> done_;
};

}  // namespace

void check_capabilities(const Subject& subject) {
  Random random(subject.options().seed);
  Platform platform(random, Mood::kWilling);
  const auto host = subject.host(platform);
  if (!host) {
    return;
  }
  host->start();
  host->advance(seconds(10));
  // Somebody is there to hear it.
  for (const std::string& name : host->listeners()) {
    static_cast<void>(host->connect(name));
  }
  Truth truth(*host, subject.reporter());
  for (const sdk::Chat& chat : subject.chats()) {
    truth.check(chat);
  }
  truth.tell_what_was_not_seen();
}

}  // namespace patchbay::validate
