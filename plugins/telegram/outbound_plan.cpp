#include "telegram/outbound_plan.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "common/markdown.hpp"
#include "common/mime_kind.hpp"
#include "common/telegram_html.hpp"

namespace patchbay::telegram {
namespace {

using common::TelegramPart;
using sdk::Delivery;
using sdk::DeliveryKind;
using sdk::FileKind;
using sdk::OutboundFile;

struct Sending {
  const char* method;
  const char* field;
};

bool is_one_of(std::string_view mime, std::initializer_list<std::string_view> types) {
  return std::any_of(types.begin(), types.end(),
                     [&](std::string_view type) { return common::mime_is(mime, type); });
}

// Telegram recodes what it sends as a photo, and takes only some formats for each kind: what does
// not fit goes as a document, byte for byte.
Sending sending_of(const OutboundFile& file) {
  switch (file.kind) {
    case FileKind::kImage:
      if (common::mime_is(file.mime, "image/gif")) {
        return {"sendAnimation", "animation"};
      }
      if (file.size <= kPhotoBytes &&
          is_one_of(file.mime, {"image/jpeg", "image/png", "image/webp"})) {
        return {"sendPhoto", "photo"};
      }
      break;
    case FileKind::kAudio:
      if (is_one_of(file.mime,
                    {"audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a", "audio/aac"})) {
        return {"sendAudio", "audio"};
      }
      break;
    case FileKind::kVoice:
      return {"sendVoice", "voice"};
    case FileKind::kVideo:
      if (common::mime_is(file.mime, "video/mp4")) {
        return {"sendVideo", "video"};
      }
      break;
    case FileKind::kSticker:
      return {"sendSticker", "sticker"};
    case FileKind::kDocument:
      break;
  }
  return {"sendDocument", "document"};
}

std::vector<TelegramPart> rendered(const std::string& commonmark, std::size_t first_limit) {
  return common::to_telegram_parts(common::parse_markdown(commonmark), kTextLimit, first_limit);
}

void add_texts(const std::vector<TelegramPart>& texts, std::size_t from,
               std::vector<OutboundPart>& parts) {
  for (std::size_t i = from; i < texts.size(); ++i) {
    parts.push_back({"sendMessage", texts[i].html, texts[i].plain, std::nullopt, "", false});
  }
}

void add_file(const Delivery& delivery, std::size_t index, const std::string& caption,
              std::vector<OutboundPart>& parts) {
  const OutboundFile& file = delivery.files[index];
  const Sending sending = sending_of(file);
  OutboundPart part{sending.method, "", "", index, sending.field, false};
  const bool captioned = file.kind != FileKind::kSticker;
  const std::vector<TelegramPart> texts = rendered(caption, captioned ? kCaptionLimit : 0);
  if (captioned && !texts.empty()) {
    part.html = texts[0].html;
    part.plain = texts[0].plain;
  }
  parts.push_back(std::move(part));
  add_texts(texts, captioned ? 1 : 0, parts);
}

std::optional<PlanProblem> find_problem(const Delivery& delivery) {
  for (const OutboundFile& file : delivery.files) {
    if (file.size > kUploadBytes) {
      return PlanProblem{
          PBAY_E_TOO_LARGE,
          file.name + " has " + std::to_string(file.size / (1024 * 1024)) +
              " MB; Telegram lets bots send at most 50 MB. Send a smaller file or a link."};
    }
  }
  if (delivery.options.size() > kMostButtons) {
    return PlanProblem{PBAY_E_TOO_LARGE, "a question has at most 100 options on Telegram"};
  }
  return std::nullopt;
}

std::string text_of(const Delivery& delivery) {
  if (delivery.kind != DeliveryKind::kQuestion || delivery.title.empty()) {
    return delivery.text;
  }
  return "**" + delivery.title + "**\n\n" + delivery.text;
}

}  // namespace

std::variant<std::vector<OutboundPart>, PlanProblem> plan(const Delivery& delivery) {
  if (auto problem = find_problem(delivery); problem) {
    return *std::move(problem);
  }
  std::vector<OutboundPart> parts;
  const std::string text = text_of(delivery);
  const bool text_is_caption = !delivery.files.empty() && delivery.files[0].caption.empty() &&
                               delivery.files[0].kind != FileKind::kSticker;
  if (!text_is_caption) {
    add_texts(rendered(text, 0), 0, parts);
  }
  for (std::size_t i = 0; i < delivery.files.size(); ++i) {
    const bool takes_text = i == 0 && text_is_caption;
    add_file(delivery, i, takes_text ? text : delivery.files[i].caption, parts);
  }
  if (parts.empty()) {
    return PlanProblem{PBAY_E_INVALID, "there is nothing visible to send: no text and no file"};
  }
  parts.back().with_buttons = delivery.kind == DeliveryKind::kQuestion && !delivery.options.empty();
  return parts;
}

std::vector<OutboundPart> plan_text(const std::string& commonmark) {
  std::vector<OutboundPart> parts;
  add_texts(rendered(commonmark, 0), 0, parts);
  return parts;
}

std::vector<OutboundPart> plan_caption(const std::string& commonmark) {
  std::vector<OutboundPart> parts;
  add_texts(rendered(commonmark, kCaptionLimit), 0, parts);
  if (!parts.empty()) {
    parts.front().method = kEditCaption;
  }
  return parts;
}

OutboundPart as_document(OutboundPart part) {
  part.method = "sendDocument";
  part.file_field = "document";
  return part;
}

}  // namespace patchbay::telegram
