// What the platform says, recorded, damaged and made up.
#include <set>

#include "checks.hpp"

namespace patchbay::validate {
namespace {

using std::chrono::seconds;
using testkit::Rule;

constexpr int kDamagesEach = 40;

}  // namespace

const std::vector<std::string>& nonsense() { return bad_bodies(); }

std::string damaged(std::string payload, Random& random) {
  const std::size_t at = payload.empty() ? 0 : random.below(payload.size());
  switch (random.below(6)) {
    case 0:
      payload.resize(at);  // cut
      break;
    case 1:
      payload.insert(at, random.bytes(8));
      break;
    case 2:
      payload.erase(at, 1 + random.below(8));
      break;
    case 3:  // another value where one stood
      payload.replace(at, std::min<std::size_t>(payload.size() - at, 1 + random.below(12)),
                      random.of(bad_bodies()).substr(0, 64));
      break;
    case 4:
      payload += payload.substr(at);
      break;
    default:
      for (std::uint64_t i = 0; i <= random.below(8) && !payload.empty(); ++i) {
        payload[random.below(payload.size())] = static_cast<char>(random.below(256));
      }
  }
  return payload;
}

void check_fixtures(const Subject& subject) {
  if (subject.fixtures().empty()) {
    subject.reporter().skip("no recorded payloads: give a folder of them with --fixtures DIR");
    return;
  }
  Random random(subject.options().seed);
  Platform platform(random, Mood::kWilling);
  const auto host = subject.host(platform);
  if (!host) {
    return;
  }
  const std::size_t states = host->states().size();
  for (const testkit::Fixture& fixture : subject.fixtures()) {
    subject.reporter().step("payload " + fixture.name + " of kind " + fixture.kind);
    const std::int32_t code = host->translate(fixture.kind, fixture.payload);
    if (code != PBAY_OK) {
      subject.reporter().breach(Rule::kTranslate,
                                "translate() answers " + std::to_string(code) + " to it");
    }
  }
  subject.reporter().step("all of them");
  if (host->events().empty() && host->facts().empty() && host->reports().empty() &&
      host->reachable().empty() && host->states().size() == states) {
    subject.reporter().breach(Rule::kTranslate,
                              "nothing came of " + std::to_string(subject.fixtures().size()) +
                                  " recorded payloads: no event, fact, report or state");
  }
}

void check_payloads(const Subject& subject) {
  Random random(subject.options().seed);
  Platform platform(random, Mood::kWilling);
  const auto host = subject.host(platform);
  if (!host) {
    return;
  }
  if (!host->translates()) {
    subject.reporter().skip("it has no translate()");
    return;
  }
  host->start();
  std::size_t refused = 0;
  std::set<std::string> kinds = {subject.options().kind, "", "\xFF{"};
  for (const testkit::Fixture& fixture : subject.fixtures()) {
    kinds.insert(fixture.kind);
  }
  for (const std::string& text : nonsense()) {
    subject.reporter().step("payload " + text.substr(0, 40));
    for (const std::string& kind : kinds) {
      refused += host->translate(kind, text) == PBAY_OK ? 0 : 1;
    }
  }
  if (refused == 0) {
    subject.reporter().step("all of them");
    subject.reporter().breach(Rule::kTranslate,
                              "translate() answers PBAY_OK to each of " +
                                  std::to_string(nonsense().size() * kinds.size()) +
                                  " payloads that are nonsense, or of a kind that nobody knows");
  }
  for (const testkit::Fixture& fixture : subject.fixtures()) {
    for (int i = 0; i < kDamagesEach; ++i) {
      subject.reporter().step("payload " + fixture.name + ", damaged");
      static_cast<void>(host->translate(fixture.kind, damaged(fixture.payload, random)));
    }
  }
}

void check_answers(const Subject& subject) {
  Random random(subject.options().seed);
  for (const std::string& body : bad_bodies()) {
    Platform platform(random, Mood::kWilling);
    const auto host = subject.host(platform);
    if (!host) {
      return;
    }
    subject.reporter().step("the platform answers " + body.substr(0, 40));
    testkit::HttpReply reply;
    reply.body = body;
    platform.answer_all(reply);
    host->start();
    host->advance(seconds(30));
    for (const std::uint32_t status : {200U, 299U, 302U, 400U, 401U, 429U, 503U}) {
      reply.status = status;
      reply.headers = {sdk::Header("Retry-After", status == 429 ? body.substr(0, 20) : "-7"),
                       sdk::Header("Content-Type", "application/json")};
      platform.answer_all(reply);
      const sdk::Chat chat = random.of(subject.chats());
      settle(*host, host->deliver(delivery_of(sdk::DeliveryKind::kMessage, chat)));
    }
  }
}

}  // namespace patchbay::validate
