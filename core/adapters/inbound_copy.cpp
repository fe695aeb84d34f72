#include "adapters/inbound_copy.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include <patchbay/sdk/group_key.hpp>

#include "adapters/abi_text.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr std::int64_t kLatestTimestamp = 253402300799999;  // the end of the year 9999

constexpr std::array<std::string_view, 6> kFileKinds = {"document", "image", "audio",
                                                        "voice",    "video", "sticker"};
constexpr std::array<std::string_view, 7> kEventKinds = {"message", "edit",   "reaction", "delete",
                                                         "action",  "member", "command"};

Status invalid(std::string what) { return {Code::kInvalidArgument, "event: " + std::move(what)}; }
Status too_large(std::string_view what, std::size_t limit) {
  return {Code::kTooLarge, "event: " + std::string(what) + " is over the limit of " +
                               std::to_string(limit) + " bytes"};
}

// Ids are kept as they are or refused: a repaired id would be another's.
Result<std::string> id_text(std::string_view name, pbay_str text, std::size_t limit) {
  const std::string_view id = view(text);
  if (id.size() > limit) {
    return too_large(name, limit);
  }
  if (!base::is_valid_utf8(id) || id.find('\0') != std::string_view::npos) {
    return invalid(std::string(name) + " is not UTF-8 text");
  }
  return std::string(id);
}

std::string shortened(pbay_str text, std::size_t limit) {
  // Cut before repairing, so that a huge text is not copied; repairing can cut once more.
  std::string out = base::to_valid_utf8(view(text).substr(0, limit));
  out.resize(base::utf8_prefix(out, limit).size());
  return out;
}

Result<std::string> body_text(std::string_view name, pbay_str text) {
  if (view(text).size() > limits::kEventTextBytes) {
    return too_large(name, limits::kEventTextBytes);
  }
  return base::to_valid_utf8(view(text));
}

Status copy_chat(const pbay_chat* given, routing::InboundEvent& out) {
  const auto chat = known_part(given);
  if (!chat) {
    return invalid("it has no chat");
  }
  if (chat->kind > PBAY_CHAT_CHANNEL) {
    return invalid("its chat is of no known kind");
  }
  PATCHBAY_ASSIGN(out.chat_id, id_text("the chat's id", chat->id, sdk::kMaxGroupKeyIdBytes));
  if (out.chat_id.empty()) {
    return invalid("its chat has no id");
  }
  PATCHBAY_ASSIGN(std::string thread,
                  id_text("the thread's id", chat->thread_id, sdk::kMaxGroupKeyIdBytes));
  out.chat_kind = static_cast<store::ChatKind>(chat->kind);
  out.thread = base::ThreadId(std::move(thread));
  const sdk::GroupKey key(out.instance.str(), out.channel.str(),
                          static_cast<sdk::ChatKind>(chat->kind), out.chat_id);
  out.chat = base::ChatKey(key.text());
  return {};
}

Status copy_sender(const pbay_sender* given, routing::InboundEvent& out) {
  if (given == nullptr) {
    return {};  // events of the chat itself have none
  }
  const auto sender = known_part(given);
  if (!sender) {
    return invalid("its sender is incomplete");
  }
  PATCHBAY_ASSIGN(out.sender.id, id_text("the sender's id", sender->id, limits::kPlatformIdBytes));
  out.sender.name = shortened(sender->name, limits::kPersonNameBytes);
  out.sender.is_bot = sender->is_bot != 0;
  out.sender.is_self = sender->is_self != 0;
  return {};
}

Status copy_file(const pbay_inbound_file& file, routing::InboundFile& out) {
  out.kind = kFileKinds[file.kind < kFileKinds.size() ? file.kind : PBAY_FILE_DOCUMENT];
  PATCHBAY_ASSIGN(out.reference,
                  id_text("a file's reference", file.reference, limits::kFileReferenceBytes));
  out.error = shortened(file.error, limits::kPersonNameBytes);
  out.name = shortened(file.name, limits::kPersonNameBytes);
  out.mime = shortened(file.mime, limits::kPersonNameBytes);
  out.size = file.size < 0 ? -1 : file.size;
  const int given = int{file.staging != 0} + int{!out.reference.empty()} + int{!out.error.empty()};
  if (given != 1) {
    return invalid("a file needs exactly one of staging, reference and error");
  }
  return {};
}

Status copy_files(const pbay_event& event, InboundCopy& out) {
  if (event.file_count == 0) {
    return {};
  }
  if (event.file_count > limits::kFilesPerMessage) {
    return {Code::kTooLarge,
            "event: it has more than " + std::to_string(limits::kFilesPerMessage) + " files"};
  }
  Status first_problem;
  for (std::uint32_t i = 0; i < event.file_count; ++i) {
    const auto file = known_element(event.files, event.file_stride, i);
    if (!file) {
      return invalid("its files are not a list of pbay_inbound_file");
    }
    out.staging.push_back(file->staging);
    Status problem = copy_file(*file, out.event.files.emplace_back());
    if (first_problem.ok()) {
      first_problem = std::move(problem);
    }
  }
  return first_problem;
}

Status copy_ids(const pbay_event& event, routing::InboundEvent& out) {
  PATCHBAY_ASSIGN(out.event_id, id_text("its id", event.event_id, limits::kPlatformIdBytes));
  PATCHBAY_ASSIGN(out.message_id,
                  id_text("the message's id", event.message_id, limits::kPlatformIdBytes));
  PATCHBAY_ASSIGN(out.target_id,
                  id_text("the target's id", event.target_id, limits::kPlatformIdBytes));
  PATCHBAY_ASSIGN(out.group_id,
                  id_text("the group's id", event.group_id, limits::kPlatformIdBytes));
  PATCHBAY_ASSIGN(out.reply_to.id,
                  id_text("the quoted id", event.reply_to_id, limits::kPlatformIdBytes));
  if (event.kind == PBAY_EVENT_MESSAGE && out.message_id.empty()) {
    return invalid("a message needs a message_id");
  }
  const bool has_target = event.kind == PBAY_EVENT_EDIT || event.kind == PBAY_EVENT_REACTION ||
                          event.kind == PBAY_EVENT_DELETE;
  if (has_target && out.target_id.empty()) {
    if (out.message_id.empty()) {
      return invalid("edits, reactions and deletions need a target_id");
    }
    out.target_id = out.message_id;
  }
  if (out.event_id.empty()) {
    const std::string& id = out.message_id.empty() ? out.target_id : out.message_id;
    if (id.empty()) {
      return invalid("it has neither event_id nor message_id");
    }
    out.event_id = std::string(kEventKinds[event.kind]) + ":" + id;
  }
  return {};
}

Status copy_content(const pbay_event& event, routing::InboundEvent& out) {
  PATCHBAY_ASSIGN(out.text, body_text("its text", event.text));
  PATCHBAY_ASSIGN(out.extra_json, body_text("extra_json", event.extra_json));
  if (!out.extra_json.empty()) {
    const auto extra = base::parse_json(out.extra_json);
    if (!extra.ok() || !extra->is_object()) {
      return invalid("extra_json is no JSON object");
    }
  }
  out.emoji = shortened(event.emoji, limits::kPlatformIdBytes);
  PATCHBAY_ASSIGN(out.action, id_text("its action", event.action, limits::kFileReferenceBytes));
  if (event.kind == PBAY_EVENT_REACTION && out.emoji.empty() &&
      (event.flags & PBAY_EVENT_REMOVED) == 0) {
    return invalid("a reaction needs an emoji");
  }
  out.chat_name = shortened(event.chat_name, limits::kPersonNameBytes);
  out.reply_to.text = shortened(event.reply_to_text, limits::kQuoteTextBytes);
  out.reply_to.sender = shortened(event.reply_to_sender, limits::kPersonNameBytes);
  return {};
}

Status copy_all(const pbay_event& event, base::WallTime now, InboundCopy& out) {
  // First, so that handles are known whatever else is wrong.
  PATCHBAY_TRY(copy_files(event, out));
  if (event.kind >= kEventKinds.size()) {
    return invalid("it is of no known kind");
  }
  out.event.kind = static_cast<routing::EventKind>(event.kind);
  out.event.mentions_me = (event.flags & PBAY_EVENT_MENTIONS_ME) != 0;
  out.event.removed = (event.flags & PBAY_EVENT_REMOVED) != 0;
  out.event.backfill = (event.flags & PBAY_EVENT_BACKFILL) != 0;
  const bool plausible = event.timestamp_ms > 0 && event.timestamp_ms <= kLatestTimestamp;
  out.event.timestamp = plausible ? base::WallTime(base::Milliseconds(event.timestamp_ms)) : now;
  PATCHBAY_TRY(copy_chat(event.chat, out.event));
  PATCHBAY_TRY(copy_sender(event.sender, out.event));
  PATCHBAY_TRY(copy_ids(event, out.event));
  return copy_content(event, out.event);
}

}  // namespace

InboundCopy copy_event(const pbay_event* event, const base::InstanceName& instance,
                       const base::ChannelName& channel, base::WallTime now) {
  InboundCopy out;
  out.event.instance = instance;
  out.event.channel = channel;
  const auto known = known_part(event);
  out.problem = known ? copy_all(*known, now, out) : invalid("it is incomplete (struct_size)");
  return out;
}

Result<base::ChatKey> chat_key_of(const pbay_chat* chat, const base::InstanceName& instance,
                                  const base::ChannelName& channel) {
  routing::InboundEvent event;
  event.instance = instance;
  event.channel = channel;
  PATCHBAY_TRY(copy_chat(chat, event));
  return event.chat;
}

}  // namespace patchbay::adapters
