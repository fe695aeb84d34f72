// Event: something that came from the platform. Fill it in, co_await submit(event).
#ifndef PATCHBAY_SDK_EVENT_HPP
#define PATCHBAY_SDK_EVENT_HPP

#include <cstdint>
#include <string>
#include <vector>

#include "chat.hpp"

namespace patchbay::sdk {

// The values are those of the ABI.
enum class EventKind : std::uint32_t {
  kMessage = PBAY_EVENT_MESSAGE,
  kEdit = PBAY_EVENT_EDIT,
  kReaction = PBAY_EVENT_REACTION,
  kDelete = PBAY_EVENT_DELETE,
  kAction = PBAY_EVENT_ACTION,
  kMember = PBAY_EVENT_MEMBER,
  kCommand = PBAY_EVENT_COMMAND,
};

// Exactly one of staging, reference and error is given.
struct InboundFile {
  FileKind kind = FileKind::kDocument;
  std::uint64_t staging = 0;  // a committed staging handle, which the event takes over
  std::string reference;      // what fetch() will be asked for, at most 4096 bytes
  std::string name;           // as the sender named it; the host sanitises it
  std::string mime;
  std::int64_t size = -1;  // bytes, or -1
  std::string error;       // why the file cannot be had

  InboundFile() = default;
  explicit InboundFile(const Known<pbay_inbound_file>& file)
      : kind(static_cast<FileKind>(file->kind)),
        staging(file->staging),
        reference(copy(file->reference)),
        name(copy(file->name)),
        mime(copy(file->mime)),
        size(file->size),
        error(copy(file->error)) {}

  // Points into this file.
  [[nodiscard]] pbay_inbound_file abi() const noexcept {
    auto out = make_abi<pbay_inbound_file>();
    out.kind = static_cast<std::uint32_t>(kind);
    out.staging = staging;
    out.reference = to_abi(reference);
    out.name = to_abi(name);
    out.mime = to_abi(mime);
    out.size = size;
    out.error = to_abi(error);
    return out;
  }
};

struct Event {
  EventKind kind = EventKind::kMessage;
  bool mentions_me = false;  // the account is addressed: mention, reply to it, command
  bool removed = false;      // a reaction was taken away, a member left
  bool backfill = false;     // fetched from history
  std::string event_id;      // the same when the platform delivers it again
  std::string message_id;    // unique within the chat
  std::string target_id;     // edits, reactions, deletions, actions: the message they are about
  std::string emoji;
  std::string action;  // the value of the button
  Chat chat;
  std::string chat_name;
  Sender sender;
  std::int64_t timestamp_ms = 0;  // Unix time by the platform
  std::string text;               // CommonMark
  std::string reply_to_id;
  std::string reply_to_text;
  std::string reply_to_sender;
  std::vector<InboundFile> files;
  std::string group_id;    // messages that belong together (an album)
  std::string extra_json;  // a JSON object that the agent gets as it is

  Event() = default;
  explicit Event(const Known<pbay_event>& event)
      : kind(static_cast<EventKind>(event->kind)),
        mentions_me((event->flags & PBAY_EVENT_MENTIONS_ME) != 0),
        removed((event->flags & PBAY_EVENT_REMOVED) != 0),
        backfill((event->flags & PBAY_EVENT_BACKFILL) != 0),
        event_id(copy(event->event_id)),
        message_id(copy(event->message_id)),
        target_id(copy(event->target_id)),
        emoji(copy(event->emoji)),
        action(copy(event->action)),
        chat(event->chat),
        chat_name(copy(event->chat_name)),
        sender(event->sender),
        timestamp_ms(event->timestamp_ms),
        text(copy(event->text)),
        reply_to_id(copy(event->reply_to_id)),
        reply_to_text(copy(event->reply_to_text)),
        reply_to_sender(copy(event->reply_to_sender)),
        group_id(copy(event->group_id)),
        extra_json(copy(event->extra_json)) {
    for_each_abi(event->files, event->file_count, event->file_stride,
                 [this](const pbay_inbound_file& file) { files.emplace_back(file); });
  }
};

// The C struct of an event, for the time of one call. Points into the event.
class EventAbi {
 public:
  explicit EventAbi(const Event& event) : chat_(event.chat.abi()), sender_(event.sender.abi()) {
    files_.reserve(event.files.size());
    for (const InboundFile& file : event.files) {
      files_.push_back(file.abi());
    }
    out_ = make_abi<pbay_event>();
    out_.kind = static_cast<std::uint32_t>(event.kind);
    out_.flags = (event.mentions_me ? PBAY_EVENT_MENTIONS_ME : 0U) |
                 (event.removed ? PBAY_EVENT_REMOVED : 0U) |
                 (event.backfill ? PBAY_EVENT_BACKFILL : 0U);
    out_.event_id = to_abi(event.event_id);
    out_.message_id = to_abi(event.message_id);
    out_.target_id = to_abi(event.target_id);
    out_.emoji = to_abi(event.emoji);
    out_.action = to_abi(event.action);
    out_.chat = &chat_;
    out_.chat_name = to_abi(event.chat_name);
    out_.sender = &sender_;
    out_.timestamp_ms = event.timestamp_ms;
    out_.text = to_abi(event.text);
    out_.reply_to_id = to_abi(event.reply_to_id);
    out_.reply_to_text = to_abi(event.reply_to_text);
    out_.reply_to_sender = to_abi(event.reply_to_sender);
    out_.files = files_.data();
    out_.file_count = static_cast<std::uint32_t>(files_.size());
    out_.file_stride = sizeof(pbay_inbound_file);
    out_.group_id = to_abi(event.group_id);
    out_.extra_json = to_abi(event.extra_json);
  }
  EventAbi(const EventAbi&) = delete;
  EventAbi& operator=(const EventAbi&) = delete;

  [[nodiscard]] const pbay_event* get() const noexcept { return &out_; }

 private:
  pbay_chat chat_;
  pbay_sender sender_;
  std::vector<pbay_inbound_file> files_;
  pbay_event out_;
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_EVENT_HPP
