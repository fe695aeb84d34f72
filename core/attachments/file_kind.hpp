// What a file is: MIME types of the common kinds, by name and by content.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace patchbay::attachments {

// The numbers are those of PBAY_FILE_*.
enum class FileKind : std::uint8_t { kDocument, kImage, kAudio, kVoice, kVideo, kSticker };

// "document", "image", …: `type` of an attachment in a message's content.
[[nodiscard]] std::string_view to_string(FileKind kind);
// The reverse; any other word is a document.
[[nodiscard]] FileKind parse_file_kind(std::string_view word);
// By the type's first half; never voice or sticker, which only a platform can know.
[[nodiscard]] FileKind kind_of_mime(std::string_view mime);

// ".jpg" for "image/jpeg"; parameters ("; codecs=opus") and case do not matter. Unknown: "".
[[nodiscard]] std::string_view extension_of_mime(std::string_view mime);
// "image/jpeg" for "Photo.JPG". Unknown or no extension: "".
[[nodiscard]] std::string_view mime_of_name(std::string_view name);

// The type to tell an agent or a platform. The content decides (`detected`, from MimeDetector);
// where it is only a container or plain text, the name's extension makes it precise, then what the
// platform declared. Never empty: "application/octet-stream" when nothing is known.
[[nodiscard]] std::string resolve_mime(std::string_view detected, std::string_view name,
                                       std::string_view declared);

}  // namespace patchbay::attachments
