// Messages go out.
#include "asks.hpp"
#include "checks.hpp"

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

sdk::Delivery with_file(FakeHost& host, sdk::Delivery delivery) {
  delivery.files.push_back(host.file("the bytes of a file", "note.txt", "text/plain"));
  return delivery;
}

void deliver_one(FakeHost& host, sdk::Delivery delivery) {
  settle(host, host.deliver(std::move(delivery)));
}

// Everything that a host asks of an instance when all goes well.
void ordinary_day(FakeHost& host, const Subject& subject, const sdk::Chat& chat) {
  Reporter& reporter = subject.reporter();
  for (const DeliveryKind kind : kKinds) {
    reporter.step("delivery of kind " + std::to_string(static_cast<std::uint32_t>(kind)));
    deliver_one(host, delivery_of(kind, chat));
  }
  reporter.step("a delivery with two files");
  deliver_one(host, with_file(host, with_file(host, delivery_of(DeliveryKind::kMessage, chat))));
  reporter.step("a delivery of two files and no text");
  sdk::Delivery files = delivery_of(DeliveryKind::kMessage, chat);
  files.text.clear();
  deliver_one(host, with_file(host, with_file(host, std::move(files))));
  reporter.step("a long text");
  sdk::Delivery long_text = delivery_of(DeliveryKind::kMessage, chat);
  for (int i = 0; i < 2'000; ++i) {
    long_text.text += "word \xF0\x9F\x91\x8D ";
  }
  deliver_one(host, std::move(long_text));
  reporter.step("a delivery whose first part is durable already");
  sdk::Delivery resumed = delivery_of(DeliveryKind::kMessage, chat);
  resumed.attempt = 2;
  resumed.parts_done = 1;
  resumed.remote_ids = {"17"};
  deliver_one(host, with_file(host, std::move(resumed)));
  const std::vector<pbay_op> asked = ask_everything(host, subject, chat);
  reporter.step("what was asked ends");
  settle_all(host, asked);
  host.advance(seconds(1));
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
  // Only here, where the platform says nothing odd: what sends an adapter astray elsewhere is the
  // platform, and a host refuses it.
  std::vector<std::string> allowed = allowed_hosts_of(subject.sidecar(), subject.settings());
  for (const std::string& own : Platform::hosts()) {
    allowed.push_back(own);
  }
  const auto host = subject.host(platform, std::move(allowed));
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
  ask_to_log_out(*host, subject);
  subject.reporter().step("the end");
  host->stop();
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
      deliver_one(*host, delivery_of(kind, subject.chats().front()));
    }
    deliver_one(*host,
                with_file(*host, delivery_of(DeliveryKind::kMessage, subject.chats().front())));
    const std::vector<pbay_op> asked = ask_everything(*host, subject, subject.chats().front());
    subject.reporter().step("the platform never answers");
    settle_all(*host, asked);
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
    const std::vector<pbay_op> asked = ask_everything(*host, subject, subject.chats().front());
    subject.reporter().step("what was asked is cancelled");
    for (const pbay_op op : asked) {
      if (host->result(op) == nullptr) {
        host->cancel(op);
      }
    }
    settle_all(*host, asked);
  }
}

}  // namespace patchbay::validate
