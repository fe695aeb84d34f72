#include "attachments/file_kind.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace patchbay::attachments {
namespace {

struct Pair {
  std::string_view extension;
  std::string_view mime;
};

// The first line of a MIME type is the extension it gets, the first of an extension its type.
constexpr std::array kPairs = {
    Pair{".jpg", "image/jpeg"},
    Pair{".jpeg", "image/jpeg"},
    Pair{".png", "image/png"},
    Pair{".gif", "image/gif"},
    Pair{".webp", "image/webp"},
    Pair{".heic", "image/heic"},
    Pair{".heif", "image/heif"},
    Pair{".avif", "image/avif"},
    Pair{".bmp", "image/bmp"},
    Pair{".tif", "image/tiff"},
    Pair{".tiff", "image/tiff"},
    Pair{".svg", "image/svg+xml"},
    Pair{".ico", "image/vnd.microsoft.icon"},
    Pair{".ogg", "audio/ogg"},
    Pair{".opus", "audio/opus"},
    Pair{".oga", "audio/ogg"},
    Pair{".mp3", "audio/mpeg"},
    Pair{".m4a", "audio/mp4"},
    Pair{".m4a", "audio/x-m4a"},
    Pair{".aac", "audio/aac"},
    Pair{".wav", "audio/wav"},
    Pair{".wav", "audio/x-wav"},
    Pair{".flac", "audio/flac"},
    Pair{".amr", "audio/amr"},
    Pair{".weba", "audio/webm"},
    Pair{".mid", "audio/midi"},
    Pair{".mp4", "video/mp4"},
    Pair{".m4v", "video/x-m4v"},
    Pair{".mov", "video/quicktime"},
    Pair{".webm", "video/webm"},
    Pair{".mkv", "video/x-matroska"},
    Pair{".avi", "video/x-msvideo"},
    Pair{".mpeg", "video/mpeg"},
    Pair{".3gp", "video/3gpp"},
    Pair{".pdf", "application/pdf"},
    Pair{".txt", "text/plain"},
    Pair{".md", "text/markdown"},
    Pair{".csv", "text/csv"},
    Pair{".tsv", "text/tab-separated-values"},
    Pair{".html", "text/html"},
    Pair{".htm", "text/html"},
    Pair{".css", "text/css"},
    Pair{".js", "text/javascript"},
    Pair{".xml", "application/xml"},
    Pair{".xml", "text/xml"},
    Pair{".json", "application/json"},
    Pair{".yaml", "application/yaml"},
    Pair{".yml", "application/yaml"},
    Pair{".rtf", "application/rtf"},
    Pair{".ics", "text/calendar"},
    Pair{".vcf", "text/vcard"},
    Pair{".py", "text/x-python"},
    Pair{".sh", "application/x-sh"},
    Pair{".zip", "application/zip"},
    Pair{".gz", "application/gzip"},
    Pair{".tgz", "application/gzip"},
    Pair{".bz2", "application/x-bzip2"},
    Pair{".xz", "application/x-xz"},
    Pair{".zst", "application/zstd"},
    Pair{".tar", "application/x-tar"},
    Pair{".7z", "application/x-7z-compressed"},
    Pair{".rar", "application/vnd.rar"},
    Pair{".doc", "application/msword"},
    Pair{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    Pair{".xls", "application/vnd.ms-excel"},
    Pair{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    Pair{".ppt", "application/vnd.ms-powerpoint"},
    Pair{".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    Pair{".odt", "application/vnd.oasis.opendocument.text"},
    Pair{".ods", "application/vnd.oasis.opendocument.spreadsheet"},
    Pair{".odp", "application/vnd.oasis.opendocument.presentation"},
    Pair{".epub", "application/epub+zip"},
    Pair{".apk", "application/vnd.android.package-archive"},
    Pair{".jar", "application/java-archive"},
    Pair{".tgs", "application/x-tgsticker"},
    Pair{".sqlite", "application/vnd.sqlite3"},
    Pair{".wasm", "application/wasm"},
};

constexpr std::string_view kNothingKnown = "application/octet-stream";

// Types that say how the bytes are packed, not what they are: inside a zip is a document, a gzip is
// an animated sticker, plain text is a table or a program, an Ogg or MP4 is sound or film.
constexpr std::array<std::string_view, 12> kOnlyPacking = {
    "",           "application/octet-stream",  "application/zip",   "application/gzip",
    "text/plain", "application/x-ole-storage", "application/CDFV2", "application/json",
    "text/xml",   "application/ogg",           "video/mp4",         "video/webm"};

// Lower case, without parameters; "" unless it has the form of a type.
std::string bare(std::string_view mime) {
  const std::string lower = base::to_lower(base::trim(mime.substr(0, mime.find(';'))));
  const std::size_t slash = lower.find('/');
  const bool is_type = slash != std::string::npos && slash != 0 && slash + 1 < lower.size() &&
                       lower.size() <= 127 && std::all_of(lower.begin(), lower.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                std::string_view("/!#$&^_.+-").find(c) != std::string_view::npos;
                       });
  return is_type ? lower : std::string();
}

}  // namespace

std::string_view to_string(FileKind kind) {
  switch (kind) {
    case FileKind::kDocument:
      return "document";
    case FileKind::kImage:
      return "image";
    case FileKind::kAudio:
      return "audio";
    case FileKind::kVoice:
      return "voice";
    case FileKind::kVideo:
      return "video";
    case FileKind::kSticker:
      return "sticker";
  }
  return "document";
}

FileKind parse_file_kind(std::string_view word) {
  for (const FileKind kind : {FileKind::kImage, FileKind::kAudio, FileKind::kVoice,
                              FileKind::kVideo, FileKind::kSticker}) {
    if (to_string(kind) == word) {
      return kind;
    }
  }
  return FileKind::kDocument;
}

FileKind kind_of_mime(std::string_view mime) {
  const std::string type = bare(mime);
  // A drawing in XML is a document to every chat platform.
  if (type.starts_with("image/") && type != "image/svg+xml") {
    return FileKind::kImage;
  }
  if (type.starts_with("audio/")) {
    return FileKind::kAudio;
  }
  if (type.starts_with("video/")) {
    return FileKind::kVideo;
  }
  return FileKind::kDocument;
}

std::string_view extension_of_mime(std::string_view mime) {
  const std::string type = bare(mime);
  const auto* pair = std::find_if(kPairs.begin(), kPairs.end(),
                                  [&](const Pair& candidate) { return candidate.mime == type; });
  return pair == kPairs.end() ? std::string_view() : pair->extension;
}

std::string_view mime_of_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) {
    return {};
  }
  const std::string ending = base::to_lower(name.substr(dot));
  const auto* pair = std::find_if(kPairs.begin(), kPairs.end(), [&](const Pair& candidate) {
    return candidate.extension == ending;
  });
  return pair == kPairs.end() ? std::string_view() : pair->mime;
}

std::string resolve_mime(std::string_view detected, std::string_view name,
                         std::string_view declared) {
  std::string content = bare(detected);
  const bool only_packing =
      std::find(kOnlyPacking.begin(), kOnlyPacking.end(), content) != kOnlyPacking.end();
  if (!only_packing) {
    return content;
  }
  for (const std::string_view hint : {mime_of_name(name), declared}) {
    std::string type = bare(hint);
    // "It is a picture", says the sender of plain text: content wins over such a hint.
    const bool contradicts =
        content.starts_with("text/") && kind_of_mime(type) != FileKind::kDocument;
    if (!type.empty() && type != kNothingKnown && !contradicts) {
      return type;
    }
  }
  return content.empty() ? std::string(kNothingKnown) : content;
}

}  // namespace patchbay::attachments
