// Words for a terminal.
#pragma once

#include <cstdint>
#include <string>

namespace patchbay::console {

// Nothing that somebody else wrote may move the cursor of this terminal.
[[nodiscard]] std::string printable(const std::string& text);
[[nodiscard]] std::string size_text(std::uint64_t bytes);
// The beginning, for a notice about the whole.
[[nodiscard]] std::string excerpt(const std::string& text);

}  // namespace patchbay::console
