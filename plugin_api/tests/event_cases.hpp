// Events that break adapter.h, one way each. The test kit names the rule, and the host refuses or
// repairs the same: tests/unit/adapters/kit_test.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "patchbay/sdk/event.hpp"
#include "patchbay/testkit/rules.hpp"

namespace patchbay::testkit {

struct EventCase {
  enum class Host { kRefuses, kRepairs };

  const char* name;
  Host host;
  Rule rule;
  std::function<void(sdk::Event&)> spoil;
};

// One that nobody has anything against.
inline sdk::Event good_event() {
  sdk::Event event;
  event.event_id = "e1";
  event.message_id = "m1";
  event.chat = sdk::Chat(sdk::ChatKind::kGroup, "c1", "t1");
  event.chat_name = "Chat";
  event.sender = sdk::Sender("7", "Ada");
  event.text = "hello";
  event.extra_json = R"({"a":1})";
  event.files.emplace_back().reference = "r1";
  return event;
}

// The structs of an event, to be spoiled below what sdk::Event can say. `from` outlives them.
struct EventParts {
  explicit EventParts(const sdk::Event& from)
      : chat(from.chat.abi()), sender(from.sender.abi()), event(*sdk::EventAbi(from).get()) {
    for (const sdk::InboundFile& file : from.files) {
      files.push_back(file.abi());
    }
    event.chat = &chat;
    event.sender = &sender;
    event.files = files.data();
  }
  EventParts(const EventParts&) = delete;
  EventParts& operator=(const EventParts&) = delete;

  pbay_chat chat;
  pbay_sender sender;
  std::vector<pbay_inbound_file> files;
  pbay_event event;
};

// Structs that do not say their size, and an array that is none. The host refuses each.
struct SizeCase {
  const char* name;
  Rule rule;
  void (*spoil)(EventParts& parts);
};
inline constexpr SizeCase kSizeCases[] = {
    {"event", Rule::kStructSize, [](EventParts& parts) { parts.event.struct_size = 8; }},
    {"chat", Rule::kStructSize, [](EventParts& parts) { parts.chat.struct_size = 0; }},
    {"chat_none", Rule::kStructSize, [](EventParts& parts) { parts.event.chat = nullptr; }},
    {"sender", Rule::kStructSize, [](EventParts& parts) { parts.sender.struct_size = 0; }},
    {"file", Rule::kArray, [](EventParts& parts) { parts.files[0].struct_size = 0; }},
    {"second_file", Rule::kArray, [](EventParts& parts) { parts.files[1].struct_size = 8; }},
    {"files_none", Rule::kArray, [](EventParts& parts) { parts.event.files = nullptr; }},
};
// One with two files, as these need.
inline sdk::Event event_of_two_files() {
  sdk::Event event = good_event();
  event.files.push_back(event.files.front());
  return event;
}

inline std::vector<EventCase> event_cases() {
  using sdk::Event;
  constexpr auto kRefuses = EventCase::Host::kRefuses;
  constexpr auto kRepairs = EventCase::Host::kRepairs;
  static const std::string kNoText = "\xC0\x80";
  static const std::string kNul("a\0b", 3);
  static const std::string kLong(513, 'x');
  static const std::string kHuge(1024 * 1024 + 1, 'x');
  static const std::string kDeep = "{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}";
  return {
      {"event_id_long", kRefuses, Rule::kEvent, [](Event& e) { e.event_id = kLong; }},
      {"event_id_no_text", kRefuses, Rule::kText, [](Event& e) { e.event_id = kNoText; }},
      {"message_id_long", kRefuses, Rule::kEvent, [](Event& e) { e.message_id = kLong; }},
      {"message_id_nul", kRefuses, Rule::kText, [](Event& e) { e.message_id = kNul; }},
      {"message_id_none", kRefuses, Rule::kEvent, [](Event& e) { e.message_id = ""; }},
      {"target_id_long", kRefuses, Rule::kEvent, [](Event& e) { e.target_id = kLong; }},
      {"group_id_no_text", kRefuses, Rule::kText, [](Event& e) { e.group_id = kNoText; }},
      {"group_id_long", kRefuses, Rule::kEvent, [](Event& e) { e.group_id = kLong; }},
      {"reply_to_id_no_text", kRefuses, Rule::kText, [](Event& e) { e.reply_to_id = kNoText; }},
      {"reply_to_id_long", kRefuses, Rule::kEvent, [](Event& e) { e.reply_to_id = kLong; }},
      {"sender_id_long", kRefuses, Rule::kEvent, [](Event& e) { e.sender.id = kLong; }},
      {"sender_id_no_text", kRefuses, Rule::kText, [](Event& e) { e.sender.id = kNoText; }},
      {"action_long", kRefuses, Rule::kEvent, [](Event& e) { e.action = std::string(4097, 'x'); }},
      {"action_no_text", kRefuses, Rule::kText, [](Event& e) { e.action = kNoText; }},
      {"chat_id_none", kRefuses, Rule::kChat, [](Event& e) { e.chat.id = ""; }},
      {"chat_id_long", kRefuses, Rule::kChat, [](Event& e) { e.chat.id = std::string(201, 'x'); }},
      {"chat_id_no_text", kRefuses, Rule::kText, [](Event& e) { e.chat.id = kNoText; }},
      {"thread_id_no_text", kRefuses, Rule::kText, [](Event& e) { e.chat.thread_id = kNoText; }},
      {"chat_kind", kRefuses, Rule::kChat, [](Event& e) { e.chat.kind = sdk::ChatKind(7); }},
      {"kind", kRefuses, Rule::kEvent, [](Event& e) { e.kind = sdk::EventKind(7); }},
      {"reaction_without_emoji", kRefuses, Rule::kEvent,
       [](Event& e) {
         e.kind = sdk::EventKind::kReaction;
         e.target_id = "m0";
       }},
      {"text_long", kRefuses, Rule::kEvent, [](Event& e) { e.text = kHuge; }},
      {"extra_long", kRefuses, Rule::kEvent,
       [](Event& e) { e.extra_json = "{\"a\":\"" + kHuge + "\"}"; }},
      {"extra_no_object", kRefuses, Rule::kJson, [](Event& e) { e.extra_json = "[]"; }},
      {"extra_deep", kRefuses, Rule::kJson, [](Event& e) { e.extra_json = kDeep; }},
      {"files_many", kRefuses, Rule::kEvent,
       [](Event& e) { e.files.resize(101, e.files.front()); }},
      {"reference_long", kRefuses, Rule::kEvent,
       [](Event& e) { e.files[0].reference = std::string(4097, 'x'); }},
      {"reference_no_text", kRefuses, Rule::kText,
       [](Event& e) { e.files[0].reference = kNoText; }},
      {"file_without_source", kRefuses, Rule::kEvent, [](Event& e) { e.files[0].reference = ""; }},
      {"file_with_two_sources", kRefuses, Rule::kEvent, [](Event& e) { e.files[0].error = "x"; }},
      {"text_no_text", kRepairs, Rule::kText, [](Event& e) { e.text = kNoText; }},
      {"emoji_no_text", kRepairs, Rule::kText, [](Event& e) { e.emoji = kNoText; }},
      {"chat_name_no_text", kRepairs, Rule::kText, [](Event& e) { e.chat_name = kNoText; }},
      {"sender_name_no_text", kRepairs, Rule::kText, [](Event& e) { e.sender.name = kNoText; }},
      {"quote_no_text", kRepairs, Rule::kText, [](Event& e) { e.reply_to_text = kNoText; }},
      {"quoted_no_text", kRepairs, Rule::kText, [](Event& e) { e.reply_to_sender = kNoText; }},
      {"file_name_no_text", kRepairs, Rule::kText, [](Event& e) { e.files[0].name = kNoText; }},
      {"file_mime_no_text", kRepairs, Rule::kText, [](Event& e) { e.files[0].mime = kNoText; }},
  };
}

}  // namespace patchbay::testkit
