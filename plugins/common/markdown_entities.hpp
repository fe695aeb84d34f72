// HTML entities in CommonMark.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::common {

// The character that "&amp;", "&#8212;" or "&#x2014;" stands for. A name that is not known stays as
// it is, so that nothing the author wrote disappears.
[[nodiscard]] std::string decode_entity(std::string_view entity);

}  // namespace patchbay::common
