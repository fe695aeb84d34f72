#include "telegram/message_files.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "common/json_value.hpp"

namespace patchbay::telegram {
namespace {

using common::integer_of;
using common::member;
using common::string_of;
using nlohmann::json;
using sdk::FileKind;
using sdk::InboundFile;

struct MediaField {
  const char* key;
  FileKind kind;
  const char* mime;  // what Telegram makes of it when it does not say
};

// An animation comes with a copy of itself as document, for clients of old: it stands first, and
// only the first counts.
constexpr auto kFields = std::to_array<MediaField>({
    {"animation", FileKind::kVideo, "video/mp4"},
    {"document", FileKind::kDocument, ""},
    {"audio", FileKind::kAudio, ""},
    {"voice", FileKind::kVoice, "audio/ogg"},
    {"video", FileKind::kVideo, "video/mp4"},
    {"video_note", FileKind::kVideo, "video/mp4"},
    {"sticker", FileKind::kSticker, "image/webp"},
});

std::string mime_of(const json& media, const MediaField& field) {
  if (field.kind == FileKind::kSticker) {
    return common::flag_of(media, "is_animated") ? "application/x-tgsticker"
           : common::flag_of(media, "is_video")  ? "video/webm"
                                                 : field.mime;
  }
  const std::string mime = string_of(media, "mime_type");
  return mime.empty() ? field.mime : mime;
}

InboundFile file_of(const json& media, FileKind kind, std::string mime) {
  InboundFile file;
  file.kind = kind;
  file.name = string_of(media, "file_name");
  file.mime = std::move(mime);
  file.size = integer_of(media, "file_size", -1);
  if (file.size > kDownloadBytes) {
    file.error = too_big_to_download(file.size);
  } else {
    file.reference = string_of(media, "file_id");
  }
  if (file.reference.empty() && file.error.empty()) {
    file.error = "Telegram named no file id for it";
  }
  return file;
}

const json* largest_photo(const json& message) {
  const json& sizes = member(message, "photo");
  const json* largest = nullptr;
  std::int64_t most = -1;
  if (sizes.is_array()) {
    for (const json& size : sizes) {
      const std::int64_t area = integer_of(size, "width") * integer_of(size, "height");
      if (area > most) {
        most = area;
        largest = &size;
      }
    }
  }
  return largest;
}

}  // namespace

std::vector<InboundFile> files_of(const json& message) {
  if (const json* photo = largest_photo(message); photo != nullptr) {
    return {file_of(*photo, FileKind::kImage, "image/jpeg")};
  }
  for (const MediaField& field : kFields) {
    if (const json& media = member(message, field.key); media.is_object()) {
      return {file_of(media, field.kind, mime_of(media, field))};
    }
  }
  return {};
}

std::string too_big_to_download(std::int64_t size) {
  const std::string large =
      size < 0 ? "It is too large" : "It has " + std::to_string(size / (1024 * 1024)) + " MB";
  return large + "; Telegram lets bots download at most 20 MB. Ask for a smaller file or a link.";
}

}  // namespace patchbay::telegram
