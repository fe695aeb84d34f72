// An adapter in plain ABI that breaks a rule on demand: the test kit must notice each.
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "patchbay/ext/http.h"
#include "patchbay/ext/listener.h"
#include "patchbay/ext/staging.h"
#include "patchbay/ext/timer.h"
#include "patchbay/sdk/abi.hpp"
#include "patchbay/testkit/fake_host.hpp"

namespace patchbay::testkit {
namespace {

using sdk::make_abi;
using sdk::to_abi;

struct Rude {
  const pbay_host* host = nullptr;
  std::string settings;
  pbay_str kept{};  // a pointer that it should not have kept
  pbay_op last_op = 100;
  bool completes_stop = true;
};

void complete(Rude& rude, pbay_op op, std::int32_t code, const char* text,
              std::uint32_t sent_state = PBAY_SENT_UNKNOWN) {
  auto result = make_abi<pbay_result>();
  result.code = code;
  result.sent_state = sent_state;
  result.retry_after_ms = -1;
  result.text = to_abi(text);
  result.remote_id_stride = sizeof(pbay_str);
  rude.host->op_complete(rude.host, op, &result);
}

const pbay_http* http_of(const Rude& rude) {
  return static_cast<const pbay_http*>(rude.host->get_extension(rude.host, PBAY_EXT_HTTP));
}
const pbay_timer* timer_of(const Rude& rude) {
  return static_cast<const pbay_timer*>(rude.host->get_extension(rude.host, PBAY_EXT_TIMER));
}
const pbay_staging* staging_of(const Rude& rude) {
  return static_cast<const pbay_staging*>(rude.host->get_extension(rude.host, PBAY_EXT_STAGING));
}

void submit(Rude& rude, const std::function<void(pbay_event&, pbay_chat&)>& change) {
  auto chat = make_abi<pbay_chat>();
  chat.id = to_abi("c");
  auto sender = make_abi<pbay_sender>();
  sender.id = to_abi("s");
  auto event = make_abi<pbay_event>();
  event.event_id = to_abi("1");
  event.message_id = to_abi("1");
  event.chat = &chat;
  event.sender = &sender;
  change(event, chat);
  rude.host->submit(rude.host, ++rude.last_op, &event);
}

void request(
    Rude& rude, pbay_op delivery,
    const std::function<void(pbay_http_request&)>& change = [](pbay_http_request&) {}) {
  auto out = make_abi<pbay_http_request>();
  out.method = to_abi("GET");
  out.url = to_abi("https://x/");
  out.body_fd = -1;
  out.delivery_op = delivery;
  change(out);
  http_of(rude)->request(rude.host, ++rude.last_op, &out);
}

void part(Rude& rude, pbay_op delivery, std::uint32_t number) {
  rude.host->op_part(rude.host, ++rude.last_op, delivery, number, to_abi("m"), pbay_str{});
}

// What it does with a delivery, by the delivery's text.
using Deed = std::function<void(Rude&, pbay_op)>;
const std::map<std::string, Deed, std::less<>>& deeds() {
  static const std::map<std::string, Deed, std::less<>> all = {
      {"twice",
       [](Rude& r, pbay_op op) {
         complete(r, op, PBAY_OK, "");
         complete(r, op, PBAY_OK, "");
       }},
      {"foreign", [](Rude& r, pbay_op) { complete(r, 999, PBAY_OK, ""); }},
      {"wordless", [](Rude& r, pbay_op op) { complete(r, op, PBAY_E_REJECTED, ""); }},
      {"classless", [](Rude& r, pbay_op op) { complete(r, op, -42, "x"); }},
      {"sent and not sent",
       [](Rude& r, pbay_op op) { complete(r, op, PBAY_OK, "", PBAY_NOT_SENT); }},
      {"retry of what was sent",
       [](Rude& r, pbay_op op) { complete(r, op, PBAY_E_RETRY, "x", PBAY_SENT); }},
      {"op zero", [](Rude& r, pbay_op) { timer_of(r)->start(r.host, 0, 5); }},
      {"op pending",
       [](Rude& r, pbay_op) {
         timer_of(r)->start(r.host, 7, 5);
         timer_of(r)->start(r.host, 7, 5);
       }},
      {"negative delay", [](Rude& r, pbay_op) { timer_of(r)->start(r.host, 7, -1); }},
      {"part too early",
       [](Rude& r, pbay_op op) {
         part(r, op, 0);
         part(r, op, 1);
       }},
      {"part skipped", [](Rude& r, pbay_op op) { part(r, op, 3); }},
      {"part of nothing", [](Rude& r, pbay_op) { part(r, 999, 0); }},
      {"request before durable",
       [](Rude& r, pbay_op op) {
         part(r, op, 0);
         request(r, op);
       }},
      {"request for nothing", [](Rude& r, pbay_op) { request(r, 999); }},
      {"headers without stride",
       [](Rude& r, pbay_op op) {
         request(r, op, [](pbay_http_request& asked) {
           static const auto header = make_abi<pbay_header>();
           asked.headers = &header;
           asked.header_count = 1;
         });
       }},
      {"headers without size",
       [](Rude& r, pbay_op op) {
         request(r, op, [](pbay_http_request& asked) {
           static const pbay_header header{};
           asked.headers = &header;
           asked.header_count = 1;
           asked.header_stride = sizeof(header);
         });
       }},
      {"no chat",
       [](Rude& r, pbay_op) { submit(r, [](pbay_event&, pbay_chat& chat) { chat.id = {}; }); }},
      {"no ids",
       [](Rude& r, pbay_op) {
         submit(r, [](pbay_event& event, pbay_chat&) { event.event_id = event.message_id = {}; });
       }},
      {"not text",
       [](Rude& r, pbay_op) {
         submit(r, [](pbay_event& event, pbay_chat&) { event.text = to_abi("\xC0\x80"); });
       }},
      {"edit of nothing",
       [](Rude& r, pbay_op) {
         submit(r, [](pbay_event& event, pbay_chat&) { event.kind = PBAY_EVENT_EDIT; });
       }},
      {"extra is no object",
       [](Rude& r, pbay_op) {
         submit(r, [](pbay_event& event, pbay_chat&) { event.extra_json = to_abi("[1]"); });
       }},
      {"file without all",
       [](Rude& r, pbay_op) {
         submit(r, [](pbay_event& event, pbay_chat&) {
           static const auto file = make_abi<pbay_inbound_file>();
           event.files = &file;
           event.file_count = 1;
           event.file_stride = sizeof(file);
         });
       }},
      {"file not committed",
       [](Rude& r, pbay_op) {
         static auto file = make_abi<pbay_inbound_file>();
         file.staging = staging_of(r)->open(r.host, -1);
         submit(r, [](pbay_event& event, pbay_chat&) {
           event.files = &file;
           event.file_count = 1;
           event.file_stride = sizeof(file);
         });
       }},
      {"write nowhere", [](Rude& r, pbay_op) { staging_of(r)->write(r.host, 77, to_abi("x")); }},
      {"newline in log",
       [](Rude& r, pbay_op) { r.host->log(r.host, PBAY_LOG_INFO, to_abi("a\nb")); }},
      {"fact is no object", [](Rude& r, pbay_op) { r.host->metadata(r.host, to_abi("7")); }},
      {"nobody's report",
       [](Rude& r, pbay_op) {
         const auto report = make_abi<pbay_report>();
         r.host->report(r.host, &report);
       }},
      {"stopped without stop", [](Rude& r, pbay_op) { r.host->stopped(r.host); }},
  };
  return all;
}

Rude& of(void* self) { return *static_cast<Rude*>(self); }

void fill(Rude* rude, pbay_adapter* out) {
  out->self = rude;
  out->start = [](void*) noexcept {};
  out->stop = [](void* self, std::int64_t) noexcept {
    if (of(self).completes_stop) {
      of(self).host->stopped(of(self).host);
    }
  };
  out->destroy = [](void* self) noexcept { delete &of(self); };
  out->deliver = [](void* self, pbay_op op, const pbay_delivery* delivery) noexcept {
    const std::string text = sdk::copy(delivery->text);
    if (text == "keep") {
      of(self).kept = delivery->text;
    } else if (text == "use") {
      of(self).settings = sdk::copy(of(self).kept);
    } else if (text == "never stop") {
      of(self).completes_stop = false;
      complete(of(self), op, PBAY_OK, "");
    } else if (const auto deed = deeds().find(text); deed != deeds().end()) {
      deed->second(of(self), op);
    }
  };
  out->on_complete = [](void*, pbay_op, const pbay_completion*) noexcept {};
  out->cancel = [](void*, pbay_op) noexcept {};
  out->capabilities = [](void*, const pbay_chat*, pbay_caps* caps) noexcept {
    static_cast<unsigned char*>(static_cast<void*>(caps))[sizeof(pbay_caps)] = 1;
  };
}

const pbay_module* entry(std::uint32_t) noexcept {
  static pbay_module module = make_abi<pbay_module>();
  module.magic = PBAY_MAGIC;
  module.abi_draft = PBAY_ABI_DRAFT;
  module.channel = to_abi("rude");
  module.version = to_abi("1");
  module.create = [](const pbay_host* host, pbay_str settings, pbay_adapter* out) noexcept {
    if (sdk::view(settings) == "refuse") {
      return PBAY_E_INVALID;
    }
    auto* rude = new Rude;
    rude->host = host;
    fill(rude, out);
    if (sdk::view(settings) == "overrun") {
      static_cast<unsigned char*>(static_cast<void*>(out))[sizeof(pbay_adapter)] = 1;
    }
    if (sdk::view(settings) == "incomplete") {
      out->cancel = nullptr;
    }
    return PBAY_OK;
  };
  return &module;
}

FakeHostOptions collecting() {
  FakeHostOptions options;
  options.breaches_fail_the_test = false;
  return options;
}

std::vector<std::string> breaches_of(const std::string& text) {
  FakeHost host(&entry, "{}", collecting());
  host.http().expect("GET", "*").always();
  host.start();
  sdk::Delivery delivery;
  delivery.chat = sdk::Chat(sdk::ChatKind::kDirect, "c");
  delivery.text = text;
  host.deliver(delivery);
  return host.breaches();
}

TEST(Misbehaving, EachBrokenRuleIsNoticed) {
  const std::pair<const char*, const char*> expected[] = {
      {"twice", "a second time"},
      {"foreign", "which the host never asked for"},
      {"wordless", "a failure without words"},
      {"classless", "is in no class"},
      {"sent and not sent", "PBAY_OK and NOT_SENT"},
      {"retry of what was sent", "a retryable failure that was sent"},
      {"op zero", "0 is no operation id"},
      {"op pending", "operation id 7 is pending already"},
      {"negative delay", "a delay of -1 ms"},
      {"part too early", "the part before is not durable yet"},
      {"part skipped", "part 3 where 0 is next"},
      {"part of nothing", "there is no such delivery"},
      {"request before durable", "before the last one is durable"},
      {"request for nothing", "for a delivery that does not exist"},
      {"headers without stride", "an array without its elements or their stride"},
      {"headers without size", "an array whose elements have no struct_size"},
      {"no chat", "a chat's id has 1 to 200 bytes"},
      {"no ids", "neither event_id nor message_id"},
      {"not text", "is not UTF-8"},
      {"edit of nothing", "without target_id"},
      {"extra is no object", "is no JSON object"},
      {"file without all", "exactly one of staging, reference and error"},
      {"file not committed", "is not a committed one"},
      {"write nowhere", "the handle is not open"},
      {"newline in log", "a line holds a newline"},
      {"fact is no object", "is no JSON object"},
      {"nobody's report", "exactly one of remote_id and idempotency_key"},
      {"stopped without stop", "stopped() without stop()"},
  };
  EXPECT_EQ(std::size(expected), deeds().size());
  for (const auto& [deed, breach] : expected) {
    const std::vector<std::string> breaches = breaches_of(deed);
    ASSERT_FALSE(breaches.empty()) << deed;
    EXPECT_NE(breaches[0].find(breach), std::string::npos) << deed << ": " << breaches[0];
  }
}

TEST(Misbehaving, TheEndIsChecked) {
  FakeHost host(&entry, "{}", collecting());
  host.start();
  sdk::Delivery delivery;
  delivery.chat = sdk::Chat(sdk::ChatKind::kDirect, "c");
  delivery.text = "nothing";
  host.deliver(delivery);
  host.stop();
  ASSERT_EQ(host.breaches().size(), 1U);
  EXPECT_EQ(host.breaches()[0], "stopped() without the completion of delivery 1");
}

TEST(Misbehaving, NotStoppingIsNoticed) {
  FakeHost host(&entry, "{}", collecting());
  host.start();
  sdk::Delivery delivery;
  delivery.chat = sdk::Chat(sdk::ChatKind::kDirect, "c");
  delivery.text = "never stop";
  host.deliver(delivery);
  host.stop();
  ASSERT_EQ(host.breaches().size(), 1U);
  EXPECT_EQ(host.breaches()[0], "it did not call stopped() within the deadline");
}

TEST(Misbehaving, WhatItWritesIsChecked) {
  FakeHost overrun(&entry, "overrun", collecting());
  ASSERT_EQ(overrun.breaches().size(), 1U);
  EXPECT_EQ(overrun.breaches()[0], "create() wrote past out->struct_size");
  FakeHost silent(&entry, "refuse", collecting());
  ASSERT_EQ(silent.breaches().size(), 1U);
  EXPECT_EQ(silent.breaches()[0], "create() refused without a log line that says why");
  FakeHost caps(&entry, "{}", collecting());
  static_cast<void>(caps.capabilities(sdk::Chat(sdk::ChatKind::kDirect, "c")));
  ASSERT_EQ(caps.breaches().size(), 1U);
  EXPECT_EQ(caps.breaches()[0], "capabilities() wrote past out->struct_size");
}

// A pointer that was kept is worth nothing: the process dies where it is used.
TEST(MisbehavingDeathTest, InputsAreGoneAfterTheCall) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto keep_and_use = [] {
    FakeHost host(&entry, "{}", collecting());
    host.start();
    sdk::Delivery delivery;
    delivery.chat = sdk::Chat(sdk::ChatKind::kDirect, "c");
    delivery.text = "keep";
    host.deliver(delivery);
    delivery.text = "use";
    host.deliver(delivery);
  };
  EXPECT_DEATH(keep_and_use(), "");
}

}  // namespace
}  // namespace patchbay::testkit
