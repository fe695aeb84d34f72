// What a delivery becomes on Telegram: an ordered list of messages, each one part of the delivery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <patchbay/sdk/delivery.hpp>

namespace patchbay::telegram {

// https://core.telegram.org/bots/api#sendmessage, #sending-files
inline constexpr std::uint32_t kTextLimit = 4096;     // UTF-16 units, after parsing the markup
inline constexpr std::uint32_t kCaptionLimit = 1024;  // the same
inline constexpr std::int64_t kUploadBytes = 50 * 1024 * 1024;
inline constexpr std::int64_t kPhotoBytes = 10 * 1024 * 1024;
inline constexpr std::size_t kMostButtons = 100;

inline constexpr char kEditCaption[] = "editMessageCaption";

// One request that makes one message.
struct OutboundPart {
  std::string method;               // "sendMessage", "sendPhoto", ...
  std::string html;                 // the text or the caption; may be empty beside a file
  std::string plain;                // the same without markup
  std::optional<std::size_t> file;  // index in Delivery::files
  std::string file_field;           // "photo", "document", ...
  bool with_buttons = false;        // of a question: on the last part

  [[nodiscard]] bool edits_caption() const { return method == kEditCaption; }
  [[nodiscard]] const char* text_field() const {
    return file || edits_caption() ? "caption" : "text";
  }
};

// Why a delivery cannot be sent at all; nothing of it was.
struct PlanProblem {
  std::int32_t code;
  std::string text;
};

// A pure function of the delivery, so that a delivery that goes on after a crash has the same
// parts. The text is the caption of the first file if that can have one and has none of its own;
// what is over the caption's limit follows as text. Else it goes before the files.
[[nodiscard]] std::variant<std::vector<OutboundPart>, PlanProblem> plan(
    const sdk::Delivery& delivery);

// The text of an edit: the first part replaces, the others follow as new messages.
[[nodiscard]] std::vector<OutboundPart> plan_text(const std::string& commonmark);

// The same for a message that is a file: its caption is replaced, and what is over the caption's
// limit follows.
[[nodiscard]] std::vector<OutboundPart> plan_caption(const std::string& commonmark);

// The same part with its file as a document, for a picture that Telegram cannot make a photo of.
[[nodiscard]] OutboundPart as_document(OutboundPart part);

}  // namespace patchbay::telegram
