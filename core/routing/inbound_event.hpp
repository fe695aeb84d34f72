// What an instance brought from its platform, as a value that serialises.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"
#include "store/records.hpp"

namespace patchbay::routing {

enum class EventKind : std::uint8_t {
  kMessage,
  kEdit,
  kReaction,
  kDelete,
  kAction,
  kMember,
  kCommand,
};

struct InboundFile {
  std::string kind;       // "image", "audio", "voice", "video", "document", "sticker"
  std::string staged;     // name of a kept file in the staging area, or empty
  std::string reference;  // for a later fetch(), or empty
  std::string error;      // not empty: it cannot be had, and why
  std::string name;       // as the sender named it: not yet safe
  std::string mime;
  std::int64_t size = -1;
};

struct Sender {
  std::string id;
  std::string name;
  bool is_bot = false;
  bool is_self = false;
};

struct Quote {
  std::string id;
  std::string text;
  std::string sender;
};

struct InboundEvent {
  base::InstanceName instance;  // stamped by the host, never by the adapter
  base::ChannelName channel;
  EventKind kind = EventKind::kMessage;
  std::string event_id;  // never empty: the adapter's, else kind and message id
  std::string message_id;
  std::string target_id;
  std::string emoji;
  std::string action;
  bool mentions_me = false;
  bool removed = false;
  bool backfill = false;
  store::ChatKind chat_kind = store::ChatKind::kDirect;
  std::string chat_id;  // the platform's
  base::ChatKey chat;   // canonical key built from it, without the thread
  base::ThreadId thread;
  std::string chat_name;
  Sender sender;
  base::WallTime timestamp;
  std::string text;  // CommonMark
  Quote reply_to;    // id empty: none
  std::vector<InboundFile> files;
  std::string group_id;
  std::string extra_json;
};

[[nodiscard]] nlohmann::json to_json(const InboundEvent& event);
[[nodiscard]] base::Result<InboundEvent> event_from_json(const nlohmann::json& json);

}  // namespace patchbay::routing
