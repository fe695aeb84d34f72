// What a MIME type is to a chat.
#pragma once

#include <string_view>

namespace patchbay::common {

// PBAY_FILE_* for a MIME type ("image/png; charset=x" too, in any case); PBAY_FILE_DOCUMENT for
// what is nothing else. Voice and sticker are never guessed: only their sender knows.
[[nodiscard]] unsigned file_kind_of_mime(std::string_view mime);

// "image/png" of "Image/PNG; charset=x".
[[nodiscard]] bool mime_is(std::string_view mime, std::string_view type_in_lower_case);

}  // namespace patchbay::common
