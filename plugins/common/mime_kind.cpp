#include "common/mime_kind.hpp"

#include <patchbay/adapter.h>

#include "common/utf.hpp"

namespace patchbay::common {
namespace {

std::string type_of(std::string_view mime) {
  return to_lower(trim(mime.substr(0, mime.find(';'))));
}

}  // namespace

unsigned file_kind_of_mime(std::string_view mime) {
  const std::string type = type_of(mime);
  if (type.starts_with("image/") && type != "image/svg+xml") {
    return PBAY_FILE_IMAGE;
  }
  if (type.starts_with("audio/")) {
    return PBAY_FILE_AUDIO;
  }
  return type.starts_with("video/") ? PBAY_FILE_VIDEO : PBAY_FILE_DOCUMENT;
}

bool mime_is(std::string_view mime, std::string_view type_in_lower_case) {
  return type_of(mime) == type_in_lower_case;
}

}  // namespace patchbay::common
