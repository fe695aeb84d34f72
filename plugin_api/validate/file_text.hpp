// Files that the author of an adapter gives.
#pragma once

#include <optional>
#include <string>

namespace patchbay::validate {

// All of it; nothing: it cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path);

}  // namespace patchbay::validate
