// GroupKey: the canonical name of a chat, and of a thread inside it. One parser and one formatter
// for the host, the test kit and third parties.
//
//   <instance>:<kind>:<id>[:thread:<id> | :topic:<id>]        telegram:group:-1001:topic:7
//
// <instance> is the instance's name, which is the channel's name unless the configuration says
// otherwise; <kind> is dm, group or channel; Telegram calls its threads topics. An id is opaque:
// any 1 to 200 bytes. Bytes other than printable ASCII, and ':' and '%', are written %XX (capital
// hexadecimal), so a key is always one printable ASCII word, no id can pretend to hold a thread,
// and each key has exactly one canonical spelling.
//
// All functions are pure, and may be called from any thread.
#ifndef PATCHBAY_SDK_GROUP_KEY_HPP
#define PATCHBAY_SDK_GROUP_KEY_HPP

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "../adapter.h"

namespace patchbay::sdk {

inline constexpr std::size_t kMaxGroupKeyIdBytes = 200;
inline constexpr std::size_t kMaxInstanceNameBytes = 32;

// The values are those of the ABI.
enum class ChatKind : std::uint32_t {
  kDirect = PBAY_CHAT_DIRECT,
  kGroup = PBAY_CHAT_GROUP,
  kChannel = PBAY_CHAT_CHANNEL,
};

// How a thread is spelled in the key. Spelling only: it does not take part in comparisons.
enum class ThreadWord { kThread, kTopic };

[[nodiscard]] constexpr std::string_view chat_kind_word(ChatKind kind) noexcept {
  switch (kind) {
    case ChatKind::kDirect:
      return "dm";
    case ChatKind::kGroup:
      return "group";
    case ChatKind::kChannel:
      return "channel";
  }
  return "group";
}

[[nodiscard]] constexpr ThreadWord thread_word_of_channel(std::string_view channel) noexcept {
  return channel == "telegram" ? ThreadWord::kTopic : ThreadWord::kThread;
}

// [a-z0-9][a-z0-9-]{0,31}, and none of the words that begin other keys.
[[nodiscard]] constexpr bool is_instance_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > kMaxInstanceNameBytes || name.front() == '-') {
    return false;
  }
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
      return false;
    }
  }
  return name != "agent" && name != "gateway" && name != "global" && name != "unknown" &&
         name != "group" && name != "channel" && name != "dm" && name != "direct";
}

// An id as it is written in a key; see the head of this file.
[[nodiscard]] inline std::string escape_key_id(std::string_view id) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(id.size());
  for (const char c : id) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != ':' && c != '%') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4U]);
      out.push_back(kDigits[byte & 15U]);
    }
  }
  return out;
}

// The reverse. A '%' without two hexadecimal digits after it stands for itself, since people and
// older systems write ids without escaping.
[[nodiscard]] inline std::string unescape_key_id(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') {
      return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
      return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    if (escaped) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

struct GroupKey {
  std::string instance;
  ChatKind kind = ChatKind::kGroup;
  std::string id;      // as the platform has it, not escaped
  std::string thread;  // as the platform has it; empty: the chat itself
  ThreadWord thread_word = ThreadWord::kThread;

  GroupKey() = default;
  // `channel` decides how a thread is spelled, whatever the instance is called.
  GroupKey(std::string_view instance_name, std::string_view channel, ChatKind chat_kind,
           std::string_view chat_id, std::string_view thread_id = {})
      : instance(instance_name),
        kind(chat_kind),
        id(chat_id),
        thread(thread_id),
        thread_word(thread_word_of_channel(channel)) {}

  // Whether text() of it parses to the same key again.
  [[nodiscard]] bool valid() const noexcept {
    return is_instance_name(instance) && !id.empty() && id.size() <= kMaxGroupKeyIdBytes &&
           thread.size() <= kMaxGroupKeyIdBytes && static_cast<std::uint32_t>(kind) <= 2;
  }

  // The canonical spelling.
  [[nodiscard]] std::string text() const {
    std::string out = instance;
    out.append(":").append(chat_kind_word(kind)).append(":").append(escape_key_id(id));
    if (!thread.empty()) {
      out.append(thread_word == ThreadWord::kTopic ? ":topic:" : ":thread:");
      out.append(escape_key_id(thread));
    }
    return out;
  }

  [[nodiscard]] bool has_thread() const noexcept { return !thread.empty(); }

  // The chat that the thread is in; the same key when there is no thread.
  [[nodiscard]] GroupKey chat() const { return with_thread({}); }

  [[nodiscard]] GroupKey with_thread(std::string_view thread_id) const {
    GroupKey out = *this;
    out.thread = thread_id;
    return out;
  }

  friend bool operator==(const GroupKey& a, const GroupKey& b) noexcept {
    return std::tie(a.instance, a.kind, a.id, a.thread) ==
           std::tie(b.instance, b.kind, b.id, b.thread);
  }
  friend std::strong_ordering operator<=>(const GroupKey& a, const GroupKey& b) noexcept {
    return std::tie(a.instance, a.kind, a.id, a.thread) <=>
           std::tie(b.instance, b.kind, b.id, b.thread);
  }
};

// What is known beside the text. Everything is optional.
struct GroupKeyHints {
  std::string_view instance = {};     // for texts that name none: "group:1", "12-3@g.us"
  std::string_view channel = {};      // of the instance, when its name differs from the channel's
  std::optional<ChatKind> kind = {};  // for texts that name none: "signal:abc"
};

struct ParsedGroupKey {
  GroupKey key;
  std::string canonical;      // key.text()
  bool is_canonical = false;  // the text was written like this
  // "group:<id>": the name under which older systems may have filed this chat. Empty unless the
  // text was such a form.
  std::string legacy_key;
};

namespace group_key_detail {

inline std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

inline std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return out;
}

inline std::optional<ChatKind> kind_of_word(std::string_view word) noexcept {
  if (word == "dm" || word == "direct") {
    return ChatKind::kDirect;
  }
  if (word == "group") {
    return ChatKind::kGroup;
  }
  if (word == "channel") {
    return ChatKind::kChannel;
  }
  return std::nullopt;
}

inline bool is_whatsapp_group_id(std::string_view id) noexcept {
  return id.size() > 5 && id.ends_with("@g.us") && id.find(':') == std::string_view::npos;
}

// Cuts the text up to the first ':' off and returns it; leaves the text alone when there is no ':'.
inline std::optional<std::string_view> take_word(std::string_view& text) noexcept {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto word = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  return word;
}

struct Parts {
  std::string instance;
  std::optional<ChatKind> kind;
  std::string_view rest;  // the id, and the thread if there is one
  bool legacy = false;    // a form that older systems file as "group:<id>"
};

// Which instance and kind the text speaks of; rest is what is left.
inline Parts split_parts(std::string_view text) {
  Parts parts;
  parts.rest = text;
  if (is_whatsapp_group_id(text)) {
    return {{}, ChatKind::kGroup, text, true};
  }
  std::string_view after = text;
  auto word = take_word(after);
  if (!word) {
    return parts;
  }
  parts.kind = kind_of_word(lower(*word));
  if (parts.kind) {
    // group:<id>, group:<instance>:<id>, group:<instance>:channel:<id>, channel:<id>, dm:<id>
    parts.legacy = *parts.kind == ChatKind::kGroup;
    parts.rest = after;
    if (word = take_word(after); !word || word->empty()) {
      return parts;
    }
    // An id of digits is no instance: group:-100:topic:7.
    const int first = word->front() | 0x20;
    if (first < 'a' || first > 'z' || !is_instance_name(lower(*word))) {
      return parts;
    }
    parts.instance = lower(*word);
    parts.rest = after;
  } else if (is_instance_name(lower(*word))) {
    parts.instance = lower(*word);
    parts.rest = after;
  } else {
    return parts;
  }
  if (word = take_word(after); word) {
    if (const auto kind = kind_of_word(lower(*word)); kind) {
      parts.kind = kind;
      parts.rest = after;
      return parts;
    }
  }
  if (!parts.kind && is_whatsapp_group_id(parts.rest)) {
    parts.kind = ChatKind::kGroup;
    parts.legacy = true;
  }
  return parts;
}

}  // namespace group_key_detail

// Reads canonical keys and every spelling that people and older systems use: other case in the
// words, ids that are not escaped, "direct" for "dm", "thread" for "topic", and the legacy forms
// group:<id>, group:<instance>:<id>, group:<instance>:channel:<id>, <digits>@g.us and
// whatsapp:<digits>@g.us. Nothing when the text names no chat; `problem`, if given, then says why.
[[nodiscard]] inline std::optional<ParsedGroupKey> parse_group_key(std::string_view text,
                                                                   const GroupKeyHints& hints = {},
                                                                   std::string* problem = nullptr) {
  namespace detail = group_key_detail;
  const auto fail = [problem](std::string_view why) -> std::optional<ParsedGroupKey> {
    if (problem != nullptr) {
      *problem = why;
    }
    return std::nullopt;
  };
  const std::string_view word = detail::trimmed(text);
  detail::Parts parts = detail::split_parts(word);
  if (parts.instance.empty()) {
    parts.instance = detail::lower(detail::trimmed(hints.instance));
  }
  if (parts.instance.empty() && detail::is_whatsapp_group_id(parts.rest)) {
    parts.instance = "whatsapp";
  }
  if (!parts.kind) {
    parts.kind = hints.kind;
  }
  if (!is_instance_name(parts.instance)) {
    return fail("it names no instance: write <instance>:<dm|group|channel>:<id>");
  }
  if (!parts.kind) {
    return fail("it names no kind of chat: write <instance>:<dm|group|channel>:<id>");
  }

  ParsedGroupKey out;
  GroupKey& key = out.key;
  key.instance = parts.instance;
  key.kind = *parts.kind;
  const auto thread_at = parts.rest.find(":thread:");
  const auto topic_at = parts.rest.find(":topic:");
  const auto at = thread_at < topic_at ? thread_at : topic_at;
  if (at == std::string_view::npos) {
    key.id = unescape_key_id(parts.rest);
  } else {
    key.id = unescape_key_id(parts.rest.substr(0, at));
    key.thread = unescape_key_id(parts.rest.substr(parts.rest.find(':', at + 1) + 1));
    if (key.thread.empty()) {
      return fail("its thread has no id");
    }
  }
  // The instance's channel decides about the word. When only the instance is known, and it is not
  // named after a channel, what was written stays.
  if (!hints.channel.empty()) {
    key.thread_word = thread_word_of_channel(detail::lower(hints.channel));
  } else if (topic_at < thread_at || key.instance == "telegram") {
    key.thread_word = ThreadWord::kTopic;
  }
  if (key.id.empty()) {
    return fail("it has no id");
  }
  if (!key.valid()) {
    return fail("its id or thread is longer than 200 bytes");
  }
  out.canonical = key.text();
  out.is_canonical = out.canonical == text;
  if (parts.legacy) {
    out.legacy_key = "group:" + key.id;
  }
  return out;
}

}  // namespace patchbay::sdk

template <>
struct std::hash<patchbay::sdk::GroupKey> {
  std::size_t operator()(const patchbay::sdk::GroupKey& key) const noexcept {
    const std::hash<std::string> part_hash;
    std::size_t out = static_cast<std::size_t>(key.kind);
    for (const std::string* part : {&key.instance, &key.id, &key.thread}) {
      out = out * 1000003U ^ part_hash(*part);
    }
    return out;
  }
};

#endif  // PATCHBAY_SDK_GROUP_KEY_HPP
