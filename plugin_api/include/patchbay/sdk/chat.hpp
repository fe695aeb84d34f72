// Chat and Sender: who speaks where, with owned strings.
#ifndef PATCHBAY_SDK_CHAT_HPP
#define PATCHBAY_SDK_CHAT_HPP

#include <string>
#include <utility>

#include "abi.hpp"
#include "group_key.hpp"

namespace patchbay::sdk {

struct Chat {
  ChatKind kind = ChatKind::kDirect;
  std::string id;         // the platform's stable id, never a title
  std::string thread_id;  // empty: none

  Chat() = default;
  Chat(ChatKind chat_kind, std::string chat_id, std::string thread = {})
      : kind(chat_kind), id(std::move(chat_id)), thread_id(std::move(thread)) {}
  // NULL gives an empty chat.
  explicit Chat(const pbay_chat* given) {
    if (given != nullptr) {
      const Known<pbay_chat> chat(*given);
      kind = static_cast<ChatKind>(chat->kind);
      id = copy(chat->id);
      thread_id = copy(chat->thread_id);
    }
  }

  // Points into this chat.
  [[nodiscard]] pbay_chat abi() const noexcept {
    auto out = make_abi<pbay_chat>();
    out.kind = static_cast<std::uint32_t>(kind);
    out.id = to_abi(id);
    out.thread_id = to_abi(thread_id);
    return out;
  }

  [[nodiscard]] GroupKey key(std::string_view instance, std::string_view channel) const {
    return GroupKey(instance, channel, kind, id, thread_id);
  }

  friend bool operator==(const Chat&, const Chat&) = default;
};

struct Sender {
  std::string id;    // stable
  std::string name;  // as shown to people
  bool is_bot = false;
  bool is_self = false;  // this account wrote it

  Sender() = default;
  Sender(std::string sender_id, std::string sender_name)
      : id(std::move(sender_id)), name(std::move(sender_name)) {}
  explicit Sender(const pbay_sender* given) {
    if (given != nullptr) {
      const Known<pbay_sender> sender(*given);
      id = copy(sender->id);
      name = copy(sender->name);
      is_bot = sender->is_bot != 0;
      is_self = sender->is_self != 0;
    }
  }

  // Points into this sender.
  [[nodiscard]] pbay_sender abi() const noexcept {
    auto out = make_abi<pbay_sender>();
    out.is_bot = is_bot ? 1 : 0;
    out.is_self = is_self ? 1 : 0;
    out.id = to_abi(id);
    out.name = to_abi(name);
    return out;
  }
};

// The values are those of the ABI.
enum class FileKind : std::uint32_t {
  kDocument = PBAY_FILE_DOCUMENT,
  kImage = PBAY_FILE_IMAGE,
  kAudio = PBAY_FILE_AUDIO,
  kVoice = PBAY_FILE_VOICE,
  kVideo = PBAY_FILE_VIDEO,
  kSticker = PBAY_FILE_STICKER,
};

}  // namespace patchbay::sdk

#endif  // PATCHBAY_SDK_CHAT_HPP
