// What a host demands of an event: core/adapters/inbound_copy.cpp refuses the same.
#include "fake_host_impl.hpp"
#include "limits.hpp"
#include "patchbay/sdk/utf8.hpp"

namespace patchbay::testkit {
namespace {

bool is_about_another(sdk::EventKind kind) {
  return kind == sdk::EventKind::kEdit || kind == sdk::EventKind::kReaction ||
         kind == sdk::EventKind::kDelete;
}

}  // namespace

void FakeHost::Impl::check_size(Rule rule, std::string_view where, std::size_t size,
                                std::size_t most) {
  if (size > most) {
    breach(rule, std::string(where) + " has " + std::to_string(size) + " bytes, at most " +
                     std::to_string(most) + " are taken");
  }
}

void FakeHost::Impl::check_id(std::string_view where, const std::string& id, std::size_t most) {
  check_size(Rule::kEvent, where, id.size(), most);
  check_text(where, id);
  if (id.find('\0') != std::string::npos) {
    breach(Rule::kText, std::string(where) + " holds a NUL");
  }
}

void FakeHost::Impl::check_chat(std::string_view where, const sdk::Chat& chat) {
  const std::string name(where);
  if (static_cast<std::uint32_t>(chat.kind) > PBAY_CHAT_CHANNEL) {
    breach(Rule::kChat, name + ": unknown kind of chat");
  }
  if (chat.id.empty() || chat.id.size() > sdk::kMaxGroupKeyIdBytes ||
      chat.thread_id.size() > sdk::kMaxGroupKeyIdBytes) {
    breach(Rule::kChat, name + ": a chat's id has 1 to 200 bytes, a thread's at most 200");
  }
  check_id(name + ": the chat's id", chat.id, chat.id.size());
  check_id(name + ": the thread's id", chat.thread_id, chat.thread_id.size());
}

void FakeHost::Impl::check_event(const sdk::Event& event) {
  check_chat("event", event.chat);
  check_event_ids(event);
  check_event_texts(event);
  if (event.files.size() > kMostFiles) {
    breach(Rule::kEvent, "event: " + std::to_string(event.files.size()) + " files, at most " +
                             std::to_string(kMostFiles) + " are taken");
  }
  for (const sdk::InboundFile& file : event.files) {
    check_file(file);
  }
}

void FakeHost::Impl::check_event_ids(const sdk::Event& event) {
  if (static_cast<std::uint32_t>(event.kind) > PBAY_EVENT_COMMAND) {
    breach(Rule::kEvent, "event: unknown kind");
  }
  if (event.event_id.empty() && event.message_id.empty()) {
    breach(Rule::kEvent,
           "event: neither event_id nor message_id, so a repeated one cannot be told");
  }
  if (event.kind == sdk::EventKind::kMessage && event.message_id.empty()) {
    breach(Rule::kEvent, "event: a message without message_id");
  }
  if (is_about_another(event.kind) && event.target_id.empty()) {
    breach(Rule::kEvent, "event: an edit, reaction or deletion without target_id");
  }
  if (event.kind == sdk::EventKind::kReaction && event.emoji.empty() && !event.removed) {
    breach(Rule::kEvent, "event: a reaction without an emoji");
  }
  check_id("event: event_id", event.event_id, kMostIdBytes);
  check_id("event: message_id", event.message_id, kMostIdBytes);
  check_id("event: target_id", event.target_id, kMostIdBytes);
  check_id("event: group_id", event.group_id, kMostIdBytes);
  check_id("event: reply_to_id", event.reply_to_id, kMostIdBytes);
  check_id("event: the sender's id", event.sender.id, kMostIdBytes);
  check_id("event: action", event.action, kMostReferenceBytes);
}

void FakeHost::Impl::check_event_texts(const sdk::Event& event) {
  check_text("event: emoji", event.emoji);
  check_text("event: text", event.text);
  check_text("event: chat_name", event.chat_name);
  check_text("event: the sender's name", event.sender.name);
  check_text("event: reply_to_text", event.reply_to_text);
  check_text("event: reply_to_sender", event.reply_to_sender);
  check_text("event: extra_json", event.extra_json);
  check_size(Rule::kEvent, "event: text", event.text.size(), kMostTextBytes);
  check_size(Rule::kEvent, "event: extra_json", event.extra_json.size(), kMostTextBytes);
  if (!event.extra_json.empty()) {
    check_object("event: extra_json", event.extra_json);
  }
}

void FakeHost::Impl::check_file(const sdk::InboundFile& file) {
  const int given =
      (file.staging != 0 ? 1 : 0) + (file.reference.empty() ? 0 : 1) + (file.error.empty() ? 0 : 1);
  if (given != 1) {
    breach(Rule::kEvent, "event: a file has exactly one of staging, reference and error");
  }
  if (!file.reference.empty() && adapter_.fetch == nullptr) {
    breach(Rule::kEvent, "event: a file by reference, and the adapter has no fetch()");
  }
  check_id("event: a file's reference", file.reference, kMostReferenceBytes);
  check_text("event: a file's name", file.name);
  check_text("event: a file's mime", file.mime);
  check_text("event: a file's error", file.error);
  const auto staged = staged_.find(file.staging);
  if (file.staging != 0 && (staged == staged_.end() || !staged->second.committed)) {
    breach(Rule::kStaging, "event: a file's staging handle is not a committed one");
  }
}

}  // namespace patchbay::testkit
