#include "routing/inbound_event.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace patchbay::routing {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 7> kKindNames{"message", "edit",   "reaction", "delete",
                                                     "action",  "member", "command"};
constexpr std::array<std::string_view, 3> kChatKindNames{"direct", "group", "channel"};

template <class Enum, std::size_t size>
bool parse_name(const std::array<std::string_view, size>& names, const std::string& name,
                Enum& value) {
  for (std::size_t index = 0; index < size; ++index) {
    if (names.at(index) == name) {
      value = static_cast<Enum>(index);
      return true;
    }
  }
  return false;
}

// Only what says something is written, so that most events stay short.
class Writer {
 public:
  void text(const char* key, const std::string& value) {
    if (!value.empty()) {
      out_[key] = value;
    }
  }
  void flag(const char* key, bool value) {
    if (value) {
      out_[key] = true;
    }
  }
  json& out() { return out_; }

 private:
  json out_ = json::object();
};

// Every field may be missing; one of another type makes the whole unreadable.
class Reader {
 public:
  explicit Reader(const json& in) : in_(in) { ok_ = in.is_object(); }

  std::string text(const char* key) {
    const json* value = find(key);
    if (value == nullptr) {
      return {};
    }
    if (!value->is_string()) {
      ok_ = false;
      return {};
    }
    return value->get<std::string>();
  }
  bool flag(const char* key) {
    const json* value = find(key);
    if (value != nullptr && !value->is_boolean()) {
      ok_ = false;
      return false;
    }
    return value != nullptr && value->get<bool>();
  }
  std::int64_t number(const char* key, std::int64_t missing) {
    const json* value = find(key);
    if (value == nullptr) {
      return missing;
    }
    if (!value->is_number_integer()) {
      ok_ = false;
      return missing;
    }
    return value->get<std::int64_t>();
  }
  const json* find(const char* key) {
    if (!in_.is_object()) {
      return nullptr;
    }
    const auto found = in_.find(key);
    return found == in_.end() ? nullptr : &*found;
  }
  void fail() { ok_ = false; }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  const json& in_;
  bool ok_;
};

json file_to_json(const InboundFile& file) {
  Writer writer;
  writer.text("kind", file.kind);
  writer.text("staged", file.staged);
  writer.text("reference", file.reference);
  writer.text("error", file.error);
  writer.text("name", file.name);
  writer.text("mime", file.mime);
  if (file.size >= 0) {
    writer.out()["size"] = file.size;
  }
  return std::move(writer.out());
}

bool file_from_json(const json& in, InboundFile& file) {
  Reader reader(in);
  file.kind = reader.text("kind");
  file.staged = reader.text("staged");
  file.reference = reader.text("reference");
  file.error = reader.text("error");
  file.name = reader.text("name");
  file.mime = reader.text("mime");
  file.size = reader.number("size", -1);
  return reader.ok();
}

void read_people(Reader& reader, InboundEvent& event) {
  event.sender.id = reader.text("sender_id");
  event.sender.name = reader.text("sender_name");
  event.sender.is_bot = reader.flag("sender_is_bot");
  event.sender.is_self = reader.flag("sender_is_self");
  event.reply_to.id = reader.text("reply_to_id");
  event.reply_to.text = reader.text("reply_to_text");
  event.reply_to.sender = reader.text("reply_to_sender");
}

void read_files(Reader& reader, InboundEvent& event) {
  const json* files = reader.find("files");
  if (files == nullptr) {
    return;
  }
  if (!files->is_array()) {
    reader.fail();
    return;
  }
  for (const json& file : *files) {
    if (!file_from_json(file, event.files.emplace_back())) {
      reader.fail();
    }
  }
}

}  // namespace

json to_json(const InboundEvent& event) {
  Writer writer;
  json& out = writer.out();
  out["instance"] = event.instance.str();
  out["channel"] = event.channel.str();
  out["kind"] = kKindNames.at(static_cast<std::size_t>(event.kind));
  out["event_id"] = event.event_id;
  out["chat"] = event.chat.str();
  out["chat_kind"] = kChatKindNames.at(static_cast<std::size_t>(event.chat_kind));
  out["timestamp"] = event.timestamp.time_since_epoch().count();
  writer.text("message_id", event.message_id);
  writer.text("target_id", event.target_id);
  writer.text("emoji", event.emoji);
  writer.text("action", event.action);
  writer.flag("mentions_me", event.mentions_me);
  writer.flag("removed", event.removed);
  writer.flag("backfill", event.backfill);
  writer.text("chat_id", event.chat_id);
  writer.text("thread", event.thread.str());
  writer.text("chat_name", event.chat_name);
  writer.text("sender_id", event.sender.id);
  writer.text("sender_name", event.sender.name);
  writer.flag("sender_is_bot", event.sender.is_bot);
  writer.flag("sender_is_self", event.sender.is_self);
  writer.text("text", event.text);
  writer.text("reply_to_id", event.reply_to.id);
  writer.text("reply_to_text", event.reply_to.text);
  writer.text("reply_to_sender", event.reply_to.sender);
  for (const InboundFile& file : event.files) {
    out["files"].push_back(file_to_json(file));
  }
  writer.text("group_id", event.group_id);
  writer.text("extra", event.extra_json);
  return std::move(out);
}

base::Result<InboundEvent> event_from_json(const json& in) {
  Reader reader(in);
  InboundEvent event;
  event.instance = base::InstanceName(reader.text("instance"));
  event.channel = base::ChannelName(reader.text("channel"));
  if (!parse_name(kKindNames, reader.text("kind"), event.kind) ||
      !parse_name(kChatKindNames, reader.text("chat_kind"), event.chat_kind)) {
    reader.fail();
  }
  event.event_id = reader.text("event_id");
  event.chat = base::ChatKey(reader.text("chat"));
  event.timestamp = base::WallTime(base::Milliseconds(reader.number("timestamp", 0)));
  event.message_id = reader.text("message_id");
  event.target_id = reader.text("target_id");
  event.emoji = reader.text("emoji");
  event.action = reader.text("action");
  event.mentions_me = reader.flag("mentions_me");
  event.removed = reader.flag("removed");
  event.backfill = reader.flag("backfill");
  event.chat_id = reader.text("chat_id");
  event.thread = base::ThreadId(reader.text("thread"));
  event.chat_name = reader.text("chat_name");
  read_people(reader, event);
  event.text = reader.text("text");
  read_files(reader, event);
  event.group_id = reader.text("group_id");
  event.extra_json = reader.text("extra");
  if (!reader.ok() || event.event_id.empty() || event.instance.empty() || event.chat.empty()) {
    return base::Status(base::Code::kInvalidArgument, "this is not a stored inbound event");
  }
  return event;
}

}  // namespace patchbay::routing
