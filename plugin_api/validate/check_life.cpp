// Instances come and go.
#include <algorithm>

#include "asks.hpp"
#include "checks.hpp"
#include "patchbay/ext/clock.h"
#include "patchbay/ext/http.h"
#include "patchbay/ext/kv.h"
#include "patchbay/ext/listener.h"
#include "patchbay/ext/process.h"
#include "patchbay/ext/staging.h"
#include "patchbay/ext/stream.h"
#include "patchbay/ext/timer.h"
#include "patchbay/ext/webhook.h"
#include "patchbay/ext/websocket.h"

namespace patchbay::validate {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testkit::FakeHost;
using testkit::Rule;

constexpr const char* kHostExtensions[] = {
    PBAY_EXT_HTTP,     PBAY_EXT_TIMER,   PBAY_EXT_CLOCK,     PBAY_EXT_KV,     PBAY_EXT_STAGING,
    PBAY_EXT_LISTENER, PBAY_EXT_WEBHOOK, PBAY_EXT_WEBSOCKET, PBAY_EXT_STREAM, PBAY_EXT_PROCESS};

// A value that is surely not of the property's type.
json wrong_value(const json& property) {
  const json type = property.value("type", json());
  return type == "object" ? json("text") : json::object({{"wrong", true}});
}

void check_refusal(const Subject& subject, const json& settings, const std::string& missing) {
  FakeHost host(subject.entry(), settings.dump(), subject.host_options());
  if (host.created()) {
    return;  // taken: the host refuses them before create(), by the schema
  }
  const bool named = std::any_of(
      host.log().begin(), host.log().end(),
      [&](const testkit::LogLine& line) { return line.text.find(missing) != std::string::npos; });
  if (!named && !host.log().empty()) {
    subject.reporter().breach(Rule::kCreate, "create() refused settings without '" + missing +
                                                 "', and its log line does not name it: \"" +
                                                 host.log().back().text + '"');
  }
}

void deliver_and_settle(FakeHost& host, const sdk::Chat& chat) {
  settle(host, host.deliver(delivery_of(sdk::DeliveryKind::kMessage, chat)));
}

}  // namespace

// The host refuses settings that are not of the schema; an instance that gets some all the same
// may take or refuse them, but not silently, and not by crashing.
void check_settings(const Subject& subject) {
  Reporter& reporter = subject.reporter();
  for (const std::string& name : subject.sidecar().required()) {
    reporter.step("settings without " + name);
    json settings = subject.settings();
    settings.erase(name);
    check_refusal(subject, settings, name);
  }
  const json properties = subject.sidecar().properties();
  for (const auto& [name, property] : properties.items()) {
    reporter.step("setting " + name + " of a wrong type");
    json settings = subject.settings();
    settings[name] = wrong_value(property);
    const FakeHost host(subject.entry(), settings.dump(), subject.host_options());
  }
  for (const char* text : {"", "{", "[]", "null", "{\"instance\":7}"}) {
    reporter.step("settings that are no object: " + std::string(text));
    const FakeHost host(subject.entry(), text, subject.host_options());
  }
}

void check_lifecycle(const Subject& subject) {
  Random random(subject.options().seed);
  Platform platform(random, Mood::kWilling);
  Reporter& reporter = subject.reporter();
  reporter.step("an instance that is never started");
  static_cast<void>(subject.host(platform));
  reporter.step("stopped at once after start()");
  if (const auto host = subject.host(platform)) {
    host->start();
    host->stop();
  }
  reporter.step("stopped after an hour");
  if (const auto host = subject.host(platform)) {
    host->start();
    host->advance(std::chrono::hours(1));
    host->stop();
  }
  for (int i = 0; i < 20; ++i) {
    reporter.step("one instance after the other");
    if (const auto host = subject.host(platform)) {
      host->start();
      host->advance(milliseconds(100));
      if (!host->breaches().empty()) {
        return;  // the others would say the same
      }
    }
  }
}

void check_instances(const Subject& subject) {
  Random random(subject.options().seed);
  Platform platform(random, Mood::kWilling);
  subject.reporter().step("two instances");
  const auto first = subject.host(platform);
  const auto second = subject.host(platform);
  if (!first || !second) {
    return;
  }
  first->start();
  second->start();
  const sdk::Chat chat = subject.chats().front();
  deliver_and_settle(*first, chat);
  deliver_and_settle(*second, chat);
  const pbay_op left = first->deliver(delivery_of(sdk::DeliveryKind::kMessage, chat));
  const pbay_op right = second->deliver(delivery_of(sdk::DeliveryKind::kMessage, chat));
  subject.reporter().step("one of two instances has stopped");
  first->stop();
  settle(*second, right);
  deliver_and_settle(*second, chat);
  if (first->result(left) == nullptr || second->result(right) == nullptr) {
    subject.reporter().breach(Rule::kMissingCompletion,
                              "a delivery of one of two was not completed");
  }
}

void check_extensions(const Subject& subject) {
  Random random(subject.options().seed);
  Platform platform(random, Mood::kWilling);
  for (const char* missing : kHostExtensions) {
    subject.reporter().step(std::string("a host without ") + missing);
    testkit::FakeHostOptions options = subject.host_options();
    options.without = {missing};
    FakeHost host(subject.entry(), subject.settings().dump(), std::move(options));
    if (!host.created()) {
      continue;  // refused, with words: FakeHost sees to it
    }
    platform.serve(host);
    host.start();
    deliver_and_settle(host, subject.chats().front());
    host.advance(seconds(60));
  }
  subject.reporter().step("extensions of the adapter");
  if (const auto host = subject.host(platform)) {
    if (host->extension<void>("patchbay.nonsense/1") != nullptr ||
        host->extension<void>("") != nullptr) {
      subject.reporter().breach(Rule::kMissingExtension,
                                "get_extension() gives something for an id that nobody knows");
    }
    for (const std::string& ability : subject.sidecar().texts("abilities")) {
      if (ability.starts_with("patchbay.") && host->extension<void>(ability.c_str()) == nullptr) {
        subject.reporter().breach(Rule::kCapabilities, "the sidecar lists the ability " + ability +
                                                           ", which get_extension() does not give");
      }
    }
  }
}

void check_shutdown(const Subject& subject) {
  Random random(subject.options().seed);
  for (const Mood mood : {Mood::kHanging, Mood::kWilling, Mood::kCapricious}) {
    for (const int age_ms : {0, 50, 500, 5'000, 50'000}) {
      const std::string step = "stopped with deliveries and questions in flight, " +
                               std::to_string(age_ms) + " ms after they came";
      subject.reporter().step(step);
      Platform platform(random, mood);
      const auto host = subject.host(platform);
      if (!host) {
        return;
      }
      host->start();
      host->advance(seconds(5));
      for (const sdk::Chat& chat : subject.chats()) {
        host->deliver(delivery_of(sdk::DeliveryKind::kMessage, chat));
      }
      static_cast<void>(ask_everything(*host, subject, subject.chats().front()));
      subject.reporter().step(step);
      host->hold_submits();
      for (const testkit::Fixture& fixture : subject.fixtures()) {
        static_cast<void>(host->translate(fixture.kind, fixture.payload));
      }
      host->advance(milliseconds(age_ms));
      host->stop();
    }
  }
}

}  // namespace patchbay::validate
